/* SPDX-License-Identifier: Apache-2.0 */
/* A library of which there are many. */
static int n;
int copy_next(int a) { return a + ++n; }
int copy_three(int a) { return a + 3; }
