/* SPDX-License-Identifier: Apache-2.0 */
/* A library that uses thread-local data of another one. */
extern __thread int forker_tls;
int extern_get(void) { return forker_tls; }
void extern_set(int a) { forker_tls = a; }
