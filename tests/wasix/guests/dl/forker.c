/* SPDX-License-Identifier: Apache-2.0 */
/* A library that forks, with frames of the program and of itself below. */
#include "forker.h"
#include "log.h"

static int forks;
static __thread int mine = 5;
__thread int forker_tls = 70;

__attribute__((constructor)) static void init(void) { log_add('f'); }

int program_step(int depth, uint32_t *pid);

/* From here into the program and back, a frame of each at every step. */
int forker_deep(int depth, uint32_t *pid)
{
    volatile int own = depth;
    if (depth == 0) {
        forks++;
        mine++;
        *pid = fork_now();
        return 0;
    }
    return program_step(depth - 1, pid) + own;
}

int forker_tls_get(void) { return forker_tls; }
int forker_forks(void) { return forks; }
int forker_mine(void) { return mine++; }
uint32_t forker_now(void) { return fork_now(); }
