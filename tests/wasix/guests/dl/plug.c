/* SPDX-License-Identifier: Apache-2.0 */
/* A library that is opened at run time, with data of each thread. */
#include "log.h"

__thread int plug_counter = 100;
static __thread int calls;
__thread char plug_room[256];
int plug_data = 7;
static __thread int *where = &plug_data; /* thread-local, and relocated */
int program_triple(int a);

__attribute__((constructor)) static void init(void) { log_add('p'); }

int plug_count(int step)
{
    calls++;
    plug_counter += step;
    plug_room[calls & 255] = (char)calls;
    return plug_counter;
}
int plug_calls(void) { return calls; }
int plug_there(void) { return *where; }
int plug_triple(int a) { return program_triple(a) + plug_data; }
int lazy_function(int a) { return a * 10; }
typedef int (*unary)(int);
static int negate(int a) { return -a; }
unary plug_negate(void) { return negate; }
