/* SPDX-License-Identifier: Apache-2.0 */
/* Mutexes known to clang's thread-safety analysis. */
#ifndef WX_OS_LOCK_H
#define WX_OS_LOCK_H

#include <pthread.h>

#include "base/annot.h"

/* Lock order: docs/design/locking.md. Never held while guest code runs or a call blocks. */
struct WAX_CAPABILITY("mutex") wx_mutex {
    pthread_mutex_t m;
};

void wx_mutex_init(struct wx_mutex *mutex);
void wx_mutex_fini(struct wx_mutex *mutex);
void wx_mutex_lock(struct wx_mutex *mutex) WAX_ACQUIRE(mutex);
void wx_mutex_unlock(struct wx_mutex *mutex) WAX_RELEASE(mutex);

#endif
