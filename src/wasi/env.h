/* SPDX-License-Identifier: Apache-2.0 */
/* A guest process: arguments, environment, descriptors, grants, limits, threads, exit status. */
#ifndef WX_WASI_ENV_H
#define WX_WASI_ENV_H

#include "base/list.h"
#include "engine/rt/linker.h"
#include "engine/rt/store.h"
#include "os/lock.h"
#include "os/thread.h"
#include "vfs/root.h"
#include "wasi/context.h"
#include "wasi/program.h"
#include "wasi/signal.h"
#include "wasi/snapshot.h"
#include "wasi/werrno.h"

struct wx_dl; /* wasi/dl.h */
struct wx_dl_group;
struct wx_fd;
struct wx_fdtable;    /* wasi/fdtable.h */
struct wx_net;        /* net/policy.h */
struct wx_vnet;       /* vfs/vnet.h */
struct wx_ptable;     /* wasi/ptable.h */
struct wx_tty_keeper; /* os/tty.h */
struct wx_closures;   /* wasix/closure.c */
struct wx_trace;      /* wasi/trace.h */
struct wx_trace_line;

/** What the owner granted; all off at first (deny by default). */
struct wx_grants {
    bool threads;   /* thread_spawn */
    bool processes; /* proc_fork, proc_spawn, proc_exec */
};

struct wx_env_limits {
    uint32_t max_threads;        /* of all processes, main ones included; default 512 */
    uint32_t max_processes;      /* with those nobody has waited for; default 64 */
    uint32_t max_fds;            /* default 1024 */
    uint64_t thread_stack_bytes; /* value stack of further threads; default 1 MiB */
    uint64_t max_memory_bytes;   /* linear memory; 0 = engine's limit */
};

/** A file the guest is given, and what it may do with it. */
struct wx_env_file {
    struct wx_file *file;
    bool reads, writes, nonblock;
};

/** A directory of the guest: a preopen, or part of its root. */
struct wx_env_mount {
    char *guest;
    struct wx_file *dir;
    bool read_only;
    bool links_given; /* else as fits the module */
    enum wx_links links;
    char *host; /* what of the host it shows; NULL: nothing */
};

/** One guest thread: own store and instance over the shared memory. */
struct wx_guest_thread {
    struct wx_list_node link; /* in env->threads, guarded by env->lock */
    struct wx_env *env;
    uint32_t tid;
    struct wx_store *store; /* main thread: the caller's store (borrowed); others: owned */
    struct wx_instance *instance;
    struct wx_dl_group *group;  /* dynamically linked: what it has besides; else NULL */
    struct wx_trace_line *line; /* the call being traced; NULL: no import is */
    uint32_t start_arg;
    bool is_main;
    bool joins; /* waits for others to end: is woken when one does; guarded by env->lock */
    struct wx_env *acting;            /* proc_fork_env: the child it acts as; NULL */
    struct wx_thread_signals signals; /* guarded by env->lock */
    struct wx_snapshots snapshots;    /* its own */
    struct wx_contexts contexts;      /* its own */
};

/**
 * Lock order: env->lock is taken before any fd-table, vfs or wait-queue lock, never while one of
 * them is held.
 */
struct wx_env {
    struct wx_engine *engine;
    struct wx_mem mem; /* account of this process, child of the engine's */
    /* Of open files: counted, common to all processes that come from one by forking. */
    struct wx_mem *file_mem;
    struct wx_ptable *table;    /* counted, of those processes together */
    struct wx_tty_keeper *ttys; /* of those processes together; the first one puts them back */
    bool is_first;
    int64_t realtime_offset; /* atomic: clock_time_set() */
    struct wx_log log;
    struct wx_grants grants;
    struct wx_env_limits limits;
    /* Fixed after building. */
    char *name;
    char **args; /* n_args, NUL-terminated; args[0] = program name */
    size_t n_args;
    char **environ; /* "K=V" */
    size_t n_environ;
    struct wx_trace *trace; /* which calls to trace and count; NULL: none */
    WX_VEC(struct wx_env_mount) mounts;
    WX_VEC(struct wx_env_file) files; /* not given to the guest yet */
    struct wx_file *cwd; /* WASIX: a directory below the root; guarded by lock once it runs */
    char *start_cwd;     /* where it begins; NULL: the root */
    uint8_t dispositions[WX_N_SIGNALS]; /* what a spawn says about signals, plus 1; 0: nothing */
    struct wx_fdtable *fds;
    struct wx_net *net;               /* counted; NULL: none is granted */
    struct wx_vnet *vnet;             /* counted; NULL: the network is the host's */
    const struct wx_linker *embedder; /* borrowed; may be NULL */
    void (*on_stop)(void *data); /* the first process: a signal stops it; NULL: nobody is told */
    void *on_stop_data;
    /* Set by wx_env_instantiate(). */
    struct wx_rt_module *module;
    const struct wx_import *memory_import; /* the import `memory` stands in for, or NULL */
    struct wx_guest_thread main;
    struct wx_dl *dl;             /* dynamically linked: its linker; else NULL */
    bool owns_store;              /* main.store was made here */
    struct wx_memory *memory;     /* counted */
    bool runs;                    /* atomic: in wx_env_run(), it can become another program */
    bool wasix;                   /* imports a wasix_* function: R27 descriptor layout and errno */
    struct wx_closures *closures; /* in the main store; made while there is one thread */
    /* Threads. */
    struct wx_stack_cache stacks; /* of those that ended */
    struct wx_mutex lock;
    struct wx_list threads WAX_GUARDED_BY(&lock);
    uint32_t n_threads WAX_GUARDED_BY(&lock); /* live guest threads */
    uint32_t n_others WAX_GUARDED_BY(&lock);  /* host threads not gone yet */
    bool exiting WAX_GUARDED_BY(&lock);       /* exit code decided: no new threads */
    int32_t exit_code WAX_GUARDED_BY(&lock);
    int exit_signal WAX_GUARDED_BY(&lock); /* what ended it; 0: nothing did */
    bool execs WAX_GUARDED_BY(&lock);      /* it is exiting to become `next` */
    struct wx_program next WAX_GUARDED_BY(&lock);
    struct wx_process_signals signals WAX_GUARDED_BY(&lock);
    struct wx_guest_timers *timers WAX_GUARDED_BY(&lock); /* wasi/timer.h; made at first use */
    wax_error *trap_error WAX_GUARDED_BY(&lock); /* first trap of any further thread, owned */
    int64_t fuel_back WAX_GUARDED_BY(&lock);     /* left over by ended threads (thread.c) */
    bool waited WAX_GUARDED_BY(&lock);           /* somebody waits on threads_word */
    uint32_t threads_word; /* atomic futex word, bumped when a host thread is gone */
};

wax_status wx_env_new(struct wx_engine *engine, struct wx_env **ret_env, wax_error **err);
/**
 * A new environment is that of a process forked from `parent`: they have the account of files and
 * the terminals in common, and its clock is the parent's. Descriptors: wx_fdtable_clone().
 */
void wx_env_inherit(struct wx_env *env, const struct wx_env *parent);
/** Ends every thread, then frees. NULL accepted. */
void wx_env_free(struct wx_env *env);
/* Building: before wx_env_instantiate(). Strings are copied. */
wax_status wx_env_add_arg(struct wx_env *env, const char *arg, wax_error **err);
wax_status wx_env_add_var(struct wx_env *env, const char *pair, wax_error **err);
/** Standard stream n is this file, which is taken (NULL: out of memory). */
wax_status wx_env_set_stream(struct wx_env *env, uint32_t n, struct wx_file *file, wax_error **err);
/**
 * The guest gets this file, which is taken (NULL: out of memory), as a descriptor behind its
 * directories.
 */
wax_status wx_env_add_file(struct wx_env *env, const struct wx_env_file *file, wax_error **err);
void wx_env_limit_fds(struct wx_env *env, uint32_t max_fds);
/** Mount a directory, which is taken (NULL: out of memory); strings are copied. */
wax_status wx_env_mount(struct wx_env *env, const struct wx_env_mount *m, wax_error **err);
/** The directory paths count from that are not absolute, at first. */
wax_status wx_env_set_cwd(struct wx_env *env, const char *path, wax_error **err);
/** A directory of device nodes, over the guest's descriptors. @return NULL when out of memory */
struct wx_file *wx_env_new_dev(struct wx_env *env);
/** Give the guest its mounts, as its version wants them. */
wax_status wx_env_place_mounts(struct wx_env *env, wax_error **err);
/** WASIX: an entry for absolute paths, whatever there is at descriptor 3. Its file is the caller's.
 */
void wx_env_take_root(struct wx_env *env, struct wx_fd *ret);
void wx_env_fini_mounts(struct wx_env *env);
/** The same for files; preopen.c */
wax_status wx_env_place_files(struct wx_env *env, wax_error **err);
void wx_env_fini_files(struct wx_env *env);
/** Link and instantiate the main thread in `store` (NULL = one of its own). */
wax_status wx_env_instantiate(struct wx_env *env, struct wx_rt_module *module,
                              struct wx_store *store, wax_error **err);
/** Resolve imports and make the instance of one thread; self->store is there. Runs no guest code.
 */
wax_status wx_env_link_thread(struct wx_guest_thread *self, wax_error **err);
/** Who provides imports to a thread: the embedder and WASI. */
wax_status wx_env_new_linker(struct wx_guest_thread *self, struct wx_linker **ret_linker,
                             wax_error **err);
/** The same as a copy of what a thread has now (engine/rt/copy.h); `shares` memories. */
wax_status wx_env_link_copy(struct wx_guest_thread *self, const struct wx_guest_thread *from,
                            bool shares, wax_error **err);
/**
 * Closures of a child, made in its main store while that has twins: those of the process that this
 * thread is of (src/wasix/closure.c). @return false when out of memory
 */
bool wx_closures_copy(struct wx_env *child, const struct wx_guest_thread *self);
/** The module's start function, once per instance (wasi-threads), on the thread it belongs to. */
wax_status wx_env_start_instance(struct wx_guest_thread *self, wax_error **err);
/** How a process begins: at _start, as a copy that goes on (wx_enter_copy), with env->next. */
enum wx_begin { WX_BEGIN_START, WX_BEGIN_COPY, WX_BEGIN_NEXT };
/**
 * Run the program, and those it becomes by wx_env_exec(); afterwards no thread of the process is
 * left. In run.c.
 */
wax_status wx_env_run(struct wx_env *env, enum wx_begin begin, int32_t *ret_code, wax_error **err);
/**
 * The process becomes this program, which is taken: its threads are interrupted, and the main one
 * begins with it when they are gone. The caller leaves its guest code with WX_EXIT.
 * @return guest errno; notsup: nobody runs it (wx_env_run)
 */
wx_werrno wx_env_exec(struct wx_env *env, struct wx_program *program);
/** Make the memory and the main thread's instance of env->module, and run its start function. */
wax_status wx_env_load(struct wx_env *env, wax_error **err);
/** What a thread has besides its store goes; it runs nothing. */
void wx_guest_thread_fini(struct wx_guest_thread *g);
/** Call an export without parameters or results. `needed`: it must be there. */
wax_status wx_env_call_export(struct wx_env *env, const char *name, bool needed, wax_error **err);
/** Wait until no other thread of the process is left. They were all told to end. */
void wx_env_join_others(struct wx_env *env);
/** Something that threads of the process wait for has changed. */
void wx_env_wake_threads(struct wx_env *env);
/** The process ends with this code, unless it has one already; other threads are interrupted. */
void wx_env_exit(struct wx_env *env, int32_t code);
/** The same by a signal: the calling thread is interrupted, too; the code is 128 + sig. */
void wx_env_exit_signal(struct wx_env *env, int sig);
/** Send a signal to the processes a terminal would send it to. */
void wx_env_signal_group(struct wx_env *env, int sig);
/** Hard stop of every thread. Any thread. */
void wx_env_cancel(struct wx_env *env);
/** End and wait for all further threads. */
void wx_env_stop(struct wx_env *env);
uint32_t wx_env_n_threads(struct wx_env *env);

#endif
