/* SPDX-License-Identifier: Apache-2.0 */
/* Mutexes over pthread; debug builds use the error-checking kind. */
#include "os/lock.h"

#include "base/check.h"

/* glibc's forms of these calls do not fail; debug builds look. */
static void must(int e)
{
    wx_assert(e == 0);
    (void)e;
}

void wx_mutex_init(struct wx_mutex *mutex)
{
    pthread_mutexattr_t attr;
    must(pthread_mutexattr_init(&attr));
#ifndef NDEBUG
    must(pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK));
#endif
    must(pthread_mutex_init(&mutex->m, &attr));
    must(pthread_mutexattr_destroy(&attr));
}

void wx_mutex_fini(struct wx_mutex *mutex) { must(pthread_mutex_destroy(&mutex->m)); }

void wx_mutex_lock(struct wx_mutex *mutex) WAX_NO_TSA { must(pthread_mutex_lock(&mutex->m)); }

void wx_mutex_unlock(struct wx_mutex *mutex) WAX_NO_TSA { must(pthread_mutex_unlock(&mutex->m)); }
