/* SPDX-License-Identifier: Apache-2.0 */
/* The dynamic linker of a guest process (docs/design/dynamic-linking.md). */
#ifndef WX_WASIX_DL_H
#define WX_WASIX_DL_H

#include "vfs/file.h"
#include "wasi/dl.h"
#include "wasm/dylink.h"

#define WX_DL_MAX_LIBS 4096u
#define WX_DL_MAX_PATH 4095u

struct wx_dl_lib;

/** What a GOT import is, the same in all threads. */
struct wx_dl_got {
    uint64_t value;
    const struct wx_dl_lib *tls; /* the value counts from this one's block of the thread; or NULL */
};

/**
 * A module of the process: the program itself, number 0, or a library. Immutable once it is
 * published, but for what dl->lock guards.
 */
struct wx_dl_lib {
    struct wx_rt_module *module; /* counted */
    struct wx_dylink info;
    char *name; /* what it was first asked for as */
    char *path; /* of the guest */
    uint32_t number;
    dev_t dev; /* which file it is */
    ino_t ino;
    uint64_t memory_base, table_base;
    struct wx_dl_got *got;    /* one for each import */
    uint32_t *elem_funcs;     /* its part of the table: function index + 1, 0 = none */
    uint32_t *slots;          /* one for each function: its table index, or 0; dl->lock */
    uint32_t tls_base;        /* the global that is its "__tls_base", or WAX_NO_INDEX */
    uint64_t tls_size;        /* 0: it has no thread-local data that is ours to make */
    uint32_t tls_align;       /* power of two */
    uint32_t global;          /* atomic: the program's handle finds its symbols, too */
    struct wx_dl_lib *parent; /* while it is loaded: who needs it */
    struct wx_dl_lib *next;   /* the same: all that are being loaded */
    uint32_t n_looked_for;    /* the same: of what it needs */
};

/** Some of the table: a library's part, or one function, or of somebody else (lib == NULL). */
struct wx_dl_range {
    uint64_t first, n;
    const struct wx_dl_lib *lib;
    uint32_t func; /* WAX_NO_INDEX: the library's part */
};

struct wx_dl_span {
    uint64_t at, end; /* bytes of guest memory */
};

struct wx_dl {
    struct wx_env *env;
    struct wx_mutex lock; /* below env->lock */
    /* Who loads, constructors included; others wait. Guarded by lock. */
    const struct wx_guest_thread *owner;
    uint32_t depth;
    struct wx_dl_lib *libs[WX_DL_MAX_LIBS]; /* by number */
    uint32_t n_libs;                        /* atomic: published */
    uint32_t n_loaded;                      /* the owner's: those it has loaded besides */
    /* Guarded by lock. */
    uint64_t table_size;
    WX_VEC(struct wx_dl_range) ranges; /* ascending */
    WX_VEC(struct wx_dl_span) free;
    /* Fixed. */
    bool borrows; /* the memory is another process's (vfork): nothing goes back to it */
    uint64_t stack_low, stack_high, heap_end;
};

/** How far a library is made ready in a thread. Steps are done for all libraries in turn. */
enum wx_dl_step {
    WX_DL_START,
    WX_DL_TLS,
    WX_DL_RELOCS, /* from here on only where it was loaded */
    WX_DL_TLS_RELOCS,
    WX_DL_CTORS,
    WX_DL_READY
};

/** A library in a thread. */
struct wx_dl_member {
    struct wx_instance *instance;
    uint8_t step;       /* the next one: enum wx_dl_step */
    bool first;         /* it was loaded by this thread */
    uint64_t tls_block; /* of ours, or 0 */
};

/** Tags are the same for all modules in a thread, so that one catches what another one throws. */
struct wx_dl_tag {
    struct wx_name name;
    struct wx_tag *tag;
};

/** What a thread has of it all; only that thread touches it. */
struct wx_dl_group {
    struct wx_dl *dl;
    struct wx_guest_thread *self;
    struct wx_table *table;
    struct wx_global *stack_pointer;     /* NULL: nobody has asked */
    WX_VEC(struct wx_dl_member) members; /* by number of the library */
    uint32_t n_ready;                    /* so many are */
    uint32_t initializing;               /* a function of some step is running */
    uint32_t waits;                      /* atomic: for whoever loads */
    WX_VEC(struct wx_dl_stub *) stubs;   /* of members that were not ready */
    struct wx_dl_stub *all_stubs;        /* those that have become functions, too */
    WX_VEC(struct wx_dl_tag *) tags;
};

/* -------- dl_load.c: from a name to a library -------- */

wax_status wx_dl_new(struct wx_guest_thread *main, wax_error **err);
/**
 * Load a library and what it needs, all at the end of dl->libs behind the published ones. Owner
 * only. On failure nothing of it is left.
 */
wax_status wx_dl_load(struct wx_dl *dl, const char *name, const struct wx_dl_lib *requester,
                      const char *library_path, struct wx_dl_lib **ret_lib, wax_error **err);
/** The same for what the program needs. */
wax_status wx_dl_load_needed(struct wx_dl *dl, wax_error **err);
/** Drop all but the first `keep`; published ones stay. Owner only. */
void wx_dl_unload(struct wx_dl *dl, uint32_t keep);
/** Whose turn it is; nested. @return false: another thread's */
bool wx_dl_own(struct wx_dl_group *g);
/** The same; when it is another's, that one wakes this thread at its end. */
bool wx_dl_want(struct wx_dl_group *g);
/** It is over, or (all) for good. Waiting threads are woken. */
void wx_dl_disown(struct wx_dl_group *g, bool all);
/** Memory of the guest that nobody else has, zeroed; 0: there is none. */
uint64_t wx_dl_take_memory(struct wx_dl *dl, uint64_t size, uint32_t align);
void wx_dl_give_memory(struct wx_dl *dl, uint64_t at, uint64_t size);
/** Write zeros. */
void wx_dl_clear(struct wx_dl *dl, uint64_t at, uint64_t size);

/* -------- dl_path.c: from a name to a file -------- */

struct wx_dl_search {
    struct wx_dl *dl;
    const char *name;
    const struct wx_dl_lib *requester; /* whose directories count */
    bool opened;                       /* by dlopen() */
    const char *library_path;          /* directories separated by ':', may be NULL */
};
wax_status wx_dl_find_file(const struct wx_dl_search *search, struct wx_file **ret_file,
                           char **ret_path, wax_error **err);

/* -------- dl_symbol.c: from a name to what it stands for -------- */

struct wx_dl_symbol {
    const struct wx_dl_lib *lib;
    uint8_t kind; /* enum wx_extern_kind */
    uint32_t idx; /* in the library */
    uint32_t flags;
};

/** Among the first `n` libraries; hidden ones are not there. */
bool wx_dl_find_symbol(const struct wx_dl *dl, uint32_t n, struct wx_name name,
                       struct wx_dl_symbol *ret);
/** The same in one library. A function it only hands on is found where it is defined. */
bool wx_dl_find_in(const struct wx_dl *dl, uint32_t n, const struct wx_dl_lib *lib,
                   struct wx_name name, struct wx_dl_symbol *ret);
/** Address of a data symbol. @return false: it is none */
bool wx_dl_address(const struct wx_dl_symbol *symbol, struct wx_dl_got *ret);
/** Table index of a function, the same one each time; 0: no room. */
uint32_t wx_dl_slot(struct wx_dl *dl, const struct wx_dl_lib *lib, uint32_t func);
/** So many elements of the table for somebody else. @return the first; UINT64_MAX: no room */
uint64_t wx_dl_reserve(struct wx_dl *dl, uint64_t n);
/** Who owns an element of the table. @return false: no function is there */
bool wx_dl_slot_owner(struct wx_dl *dl, uint64_t idx, const struct wx_dl_lib **ret_lib,
                      uint32_t *ret_func);
struct wx_dl_group;
/**
 * Check all imports of a library against everything loaded, and find what its GOT holds. `now`:
 * functions that are missing are an error, too. Owner only.
 */
wax_status wx_dl_check(struct wx_dl_group *g, struct wx_dl_lib *lib, bool now,
                       const struct wx_linker *others, wax_error **err);

/* -------- dl_group.c: libraries in a thread -------- */

/** A group with a table, and without members. */
wax_status wx_dl_group_new(struct wx_guest_thread *self, wax_error **err);
/** Make the table as large. @return false when there is no room */
bool wx_dl_group_grow_table(struct wx_dl_group *g, uint64_t size);
/** Bring the thread's libraries to those that are published. */
wax_status wx_dl_sync(struct wx_dl_group *g, wax_error **err);
/** Make instances of what the thread has just loaded. Owner only. */
wax_status wx_dl_link_new(struct wx_dl_group *g, bool now, wax_error **err);
/** A function of a library in this thread. NULL: out of memory */
struct wx_func *wx_dl_func(struct wx_dl_group *g, const struct wx_dl_lib *lib, uint32_t func);
/** Base of its thread-local data in this thread; 0: there is none yet. */
uint64_t wx_dl_tls_base(const struct wx_dl_group *g, const struct wx_dl_lib *lib);

/* -------- dl_init.c: making libraries ready -------- */

struct wx_dl_init {
    struct wx_func *func;
    uint64_t arg; /* if it takes one */
};

/** Make the functions that may have to run, so that running them can not fail. */
bool wx_dl_prepare_init(struct wx_instance *instance);
/**
 * The next function that has to run for members from `from` on; without a function there is no
 * memory for thread-local data. @return false: they are ready
 */
bool wx_dl_next_init(struct wx_dl_group *g, uint32_t from, struct wx_dl_init *ret);
/** What the owner has loaded, if that is this thread, becomes visible to all. */
void wx_dl_publish(struct wx_dl_group *g);

/* -------- dl_stub.c: functions that are found when they are called -------- */

/**
 * A function that becomes the one it stands for at its first call: of a library that is not ready
 * (lib), or the one called `name`. NULL: out of memory
 */
struct wx_func *wx_dl_stub_new(struct wx_dl_group *g, const struct wx_sig *sig,
                               const struct wx_dl_lib *lib, uint32_t func, struct wx_name name,
                               const struct wx_dl_lib *requester);
/** Stubs of a copy of the group, which has its libraries; they have twins. */
bool wx_dl_stubs_copy(struct wx_dl_group *to, const struct wx_dl_group *from,
                      struct wx_twins *twins);
/** Members are ready: stubs that waited for that become functions. */
void wx_dl_stubs_settle(struct wx_dl_group *g);

#endif
