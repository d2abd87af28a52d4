/* SPDX-License-Identifier: Apache-2.0 */
/* A library that needs the one that needs it. */
#include "log.h"

int two_data = 22;
static int hidden = 2;
int *two_pointer = &hidden; /* relocated: own data */
extern int one_data;
int *two_to_one = &one_data; /* relocated: data of another library */
int one_add(int a, int b);
int (*two_callback)(int, int) = one_add;

__attribute__((constructor)) static void init(void)
{
    log_add('2');
    hidden += one_data;
}

static int local_twice(int a) { return 2 * a; }
typedef int (*unary)(int);
unary two_local(void) { return local_twice; }
unary two_own(void);
int two_public(int a) { return a + two_data; }
unary two_own(void) { return two_public; }
int two_sum(void) { return *two_pointer + *two_to_one + two_callback(3, 4); }
