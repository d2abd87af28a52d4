/* SPDX-License-Identifier: Apache-2.0 */
/* The processes that come from one: numbers, parents, ends that somebody waits for (ruling R22). */
#ifndef WX_WASI_PTABLE_H
#define WX_WASI_PTABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/mem.h"
#include "os/lock.h"
#include "wasi/program.h"
#include "wasi/werrno.h"

struct wx_env;

#define WX_FIRST_PID 1u /* the first process, which others fall to */

/** How a process ended. */
struct wx_exit {
    int32_t code;
    int signal; /* what ended it; 0: it exited */
};

/** A process, or what is left of one until its parent has asked. */
struct wx_process {
    struct wx_list_node link; /* in table->processes */
    uint32_t pid, parent;     /* parent 0: none; the first process */
    struct wx_env *env;       /* NULL: it has ended */
    struct wx_exit exit;
    int stopped;    /* by this signal; 0: it runs */
    bool stop_told; /* its parent has asked since */
    bool borrows;   /* it runs in its parent's memory, which waits (vfork) */
    bool orphan;    /* fell to the first process, which does not wait for it */
};

/**
 * Counted by the environments of its processes. Ids are those of processes and threads alike, from
 * 1, and never come again. When the first process ends all others are killed: they live by its
 * grants.
 *
 * Lock order: table->lock is taken before any env->lock.
 */
struct wx_ptable {
    struct wx_mem *mem; /* counted */
    uint32_t refs;      /* atomic */
    uint32_t max;       /* processes, ended ones nobody asked for included */
    uint32_t max_threads;
    uint32_t n_threads; /* atomic; live ones of all processes, main ones included */
    struct wx_mutex lock;
    struct wx_list processes WAX_GUARDED_BY(&lock);
    uint32_t n WAX_GUARDED_BY(&lock);
    struct wx_program_cache programs WAX_GUARDED_BY(&lock);
    bool closing WAX_GUARDED_BY(&lock);      /* the first process ends: no new ones */
    uint32_t n_hosted WAX_GUARDED_BY(&lock); /* host threads that run a process */
    uint32_t next_id;                        /* atomic */
    uint32_t hosted_word; /* atomic futex word, bumped when one of those is gone */
};

struct wx_ptable *wx_ptable_new(struct wx_mem *mem, uint32_t max, uint32_t max_threads);
struct wx_ptable *wx_ptable_ref(struct wx_ptable *t);
void wx_ptable_unref(struct wx_ptable *t); /* NULL accepted */
/** A number nobody had; 0: there are none left. */
uint32_t wx_ptable_id(struct wx_ptable *t);

/** A further thread begins; false: over the limit. It has ended. */
bool wx_ptable_add_thread(struct wx_ptable *t);
void wx_ptable_drop_thread(struct wx_ptable *t);

/** A process begins, and its main thread. @return guest errno: again over the limit or when all
 * ends, nomem */
wx_werrno wx_ptable_add(struct wx_ptable *t, struct wx_env *env, uint32_t parent,
                        uint32_t *ret_pid);
/** It never began. */
void wx_ptable_remove(struct wx_ptable *t, uint32_t pid);
/**
 * It has ended: its children become those of the first process, its parent is told (SIGCHLD) and
 * can ask. From now on nobody reaches `env` by the table.
 */
void wx_ptable_end(struct wx_ptable *t, uint32_t pid, struct wx_exit how);
/** It runs in its parent's memory; no longer, which ends its parent's wait; does it still? */
void wx_ptable_borrow(struct wx_ptable *t, uint32_t pid);
void wx_ptable_release(struct wx_ptable *t, uint32_t pid);
bool wx_ptable_borrows(struct wx_ptable *t, uint32_t pid);
/** It has been stopped by a signal; 0: goes on. */
void wx_ptable_stopped(struct wx_ptable *t, uint32_t pid, int sig);

/** What a wait came to. */
enum wx_waited { WX_WAITED_NOBODY, WX_WAITED_NOT_YET, WX_WAITED_ENDED, WX_WAITED_STOPPED };
/**
 * Look for a child that has ended, which is taken off the table, or was stopped.
 *
 * pid: 0 for any. *ret_pid, *ret_exit (its signal: that it was stopped by) are set with the last
 * two outcomes.
 */
enum wx_waited wx_ptable_wait(struct wx_ptable *t, uint32_t parent, uint32_t pid, bool stopped_too,
                              uint32_t *ret_pid, struct wx_exit *ret_exit);
/** Parent of a process. @return false: no such process */
bool wx_ptable_parent(struct wx_ptable *t, uint32_t pid, uint32_t *ret_parent);
/**
 * Send a signal to one process; 0: to all, as they are one group; UINT32_MAX: to all but `from`.
 * @return false: there is nobody; true for a process that has ended
 */
bool wx_ptable_signal(struct wx_ptable *t, uint32_t pid, uint32_t from, int sig);

/* A host thread begins to run a process; is done with it. */
bool wx_ptable_host_begin(struct wx_ptable *t);
void wx_ptable_host_end(struct wx_ptable *t);
/** Kill all but the first process, and wait until nothing of them runs. New ones are refused. */
void wx_ptable_close(struct wx_ptable *t);

#endif
