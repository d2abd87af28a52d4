/* SPDX-License-Identifier: Apache-2.0 */
/* A library whose constructor takes its time: nobody sees it before that is done. */
static volatile int ready;

__attribute__((constructor)) static void init(void)
{
    for (volatile int i = 0; i < 200000; i++) {
    }
    ready = 1;
}
int late_ready(void) { return ready; }
