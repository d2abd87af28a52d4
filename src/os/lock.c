/* SPDX-License-Identifier: Apache-2.0 */
/* Mutexes over pthread; debug builds use the error-checking kind. */
#include "os/lock.h"

#include "base/check.h"

void wx_mutex_init(struct wx_mutex *mutex)
{
    pthread_mutexattr_t attr;
    int e = pthread_mutexattr_init(&attr);
    wx_assert(e == 0);
#ifndef NDEBUG
    e = pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    wx_assert(e == 0);
#endif
    e = pthread_mutex_init(&mutex->m, &attr);
    wx_assert(e == 0);
    e = pthread_mutexattr_destroy(&attr);
    wx_assert(e == 0);
    (void)e; /* glibc's forms of these calls do not fail */
}

void wx_mutex_fini(struct wx_mutex *mutex)
{
    int e = pthread_mutex_destroy(&mutex->m);
    wx_assert(e == 0);
    (void)e;
}

void wx_mutex_lock(struct wx_mutex *mutex) WAX_NO_TSA
{
    int e = pthread_mutex_lock(&mutex->m);
    wx_assert(e == 0);
    (void)e;
}

void wx_mutex_unlock(struct wx_mutex *mutex) WAX_NO_TSA
{
    int e = pthread_mutex_unlock(&mutex->m);
    wx_assert(e == 0);
    (void)e;
}
