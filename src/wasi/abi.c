/* SPDX-License-Identifier: Apache-2.0 */
/* The ABI table: look-up, type check, and the thunk every call goes through. */
#include "wasi/abi.h"

#include <string.h>

#include "base/check.h"
#include "wasi/env.h"
#include "wasi/explain.h"
#include "wasi/handlers.h"
#include "wasi/trace.h"

#define wx_wasi_none NULL
enum space { WASI, UNSTABLE, PREVIEW1, WASIX32, WASIX64, N_SPACES };
static const char spaces[N_SPACES][24] = {
    "wasi", "wasi_unstable", "wasi_snapshot_preview1", "wasix_32v1", "wasix_64v1",
};

/*
 * Rows hold text, not pointers, and handlers lie apart: the less of the table has to be relocated,
 * the sooner a process is up.
 */
#define MAX_NAME 32
#define MAX_ARGS WX_ABI_MAX_ARGS
static const struct row {
    uint8_t space;
    uint8_t name_len;
    char params[MAX_ARGS + 1], results[2], name[MAX_NAME];
} table[] = {
#define ABI(SPACE, NAME, PARAMS, RESULTS, HANDLER, NAMES)                                          \
    {SPACE, sizeof NAME - 1, PARAMS, RESULTS, NAME},
#include "wasi/abi.def"
#undef ABI
};
static const wx_wasi_handler handlers[] = {
#define ABI(SPACE, NAME, PARAMS, RESULTS, HANDLER, NAMES) wx_wasi_##HANDLER,
#include "wasi/abi.def"
#undef ABI
};
#define ABI(SPACE, NAME, PARAMS, RESULTS, HANDLER, NAMES)                                          \
    _Static_assert(                                                                                \
        sizeof NAME <= MAX_NAME && sizeof PARAMS <= MAX_ARGS + 1 && sizeof RESULTS <= 2, NAME);
#include "wasi/abi.def"
#undef ABI

static bool same(struct wx_name n, const char *s)
{
    return n.len == strlen(s) && memcmp(n.p, s, n.len) == 0;
}

/* N_SPACES if it is none of ours. */
static unsigned find_space(struct wx_name name)
{
    unsigned i = 0;
    while (i < N_SPACES && !same(name, spaces[i])) {
        i++;
    }
    return i;
}

bool wx_abi_is_space(struct wx_name space) { return find_space(space) < N_SPACES; }

bool wx_abi_find(struct wx_name space, struct wx_name name, struct wx_abi_func *ret)
{
    unsigned key = find_space(space);
    for (size_t i = 0; i < WX_ARRAY_LEN(table) && key < N_SPACES; i++) {
        const struct row *r = &table[i];
        if (r->space == key && r->name_len == name.len && memcmp(r->name, name.p, name.len) == 0) {
            *ret = (struct wx_abi_func){.space = spaces[key],
                                        .name = r->name,
                                        .params = r->params,
                                        .results = r->results,
                                        .handler = handlers[i],
                                        .is64 = key == WASIX64,
                                        .wasix = key >= WASIX32,
                                        .row = (uint16_t)i};
            return true;
        }
    }
    return false;
}

const char *wx_abi_space(unsigned row) { return spaces[table[row].space]; }
const char *wx_abi_name(unsigned row) { return table[row].name; }

const char *wx_abi_param_names(unsigned row)
{
    static const char names[] =
#define ABI(SPACE, NAME, PARAMS, RESULTS, HANDLER, NAMES) NAMES "\0"
#include "wasi/abi.def"
#undef ABI
        ;
    const char *p = names;
    for (; row; row--) {
        p += strlen(p) + 1;
    }
    return p;
}

/* What a linked import needs to find its way back; one per import and store. */
struct binding {
    struct wx_abi_func abi;
    struct wx_guest_thread *self;
    bool of_thread; /* about the thread and its program, whomever it acts as (proc_fork_env) */
};

static bool is_of_thread(const char *name)
{
    static const char *const starts[] = {"thread",  "futex",    "closure",    "dl",
                                         "call_",   "reflect",  "proc_raise", "proc_signals",
                                         "context", "callback", "stack"};
    bool found = strcmp(name, "proc_exit") == 0;
    for (size_t i = 0; i < WX_ARRAY_LEN(starts) && !found; i++) {
        found = strncmp(name, starts[i], strlen(starts[i])) == 0;
    }
    return found;
}

void wx_wasi_call_init(struct wx_wasi_call *c, struct wx_thread *t, void *data, uint64_t *slots)
{
    const struct binding *b = data;
    struct wx_env *acting = wx_unlikely(b->self->acting) && !b->of_thread ? b->self->acting : NULL;
    *c = (struct wx_wasi_call){.t = t,
                               .env = acting ? acting : b->self->env,
                               .self = b->self,
                               .memory = b->self->env->memory,
                               .abi = &b->abi,
                               .slots = slots,
                               .is64 = b->abi.is64,
                               .wasix = b->abi.wasix,
                               .binding = data};
}

static enum wx_outcome outcome(const struct wx_wasi_call *c, wx_wasi_ret ret)
{
    switch (ret) {
    case WX_RET_DONE: break;
    case WX_RET_WAIT: return WX_WAIT;
    case WX_RET_TRAP: return WX_TRAP;
    case WX_RET_EXIT: return WX_EXIT;
    case WX_RET_CALL: return WX_CALL;
    case WX_RET_LEFT: return WX_LEFT;
    default: c->slots[0] = (uint32_t)ret; break;
    }
    if (wx_unlikely(wx_load_relaxed(&c->t->interrupt))) { /* POSIX: before the call returns */
        c->t->trap = WX_TRAP_NONE;
        return WX_INTERRUPT;
    }
    return WX_DONE;
}

enum wx_outcome wx_wasi_finish(struct wx_wasi_call *c, wx_wasi_ret ret)
{
    if (c->self->line && c->self->line->abi == c->abi) {
        wx_trace_end(c, ret);
    }
    return outcome(c, ret);
}

wx_wasi_ret wx_wasi_wait_woken(struct wx_wasi_call *c, uint32_t seq, wx_wasi_resume_fn resume,
                               const uint64_t state[4])
{
    c->t->out.wait = (struct wx_wait){.kind = WX_WAIT_TIME,
                                      .deadline_ns = UINT64_MAX,
                                      .seq = seq,
                                      .resume = resume,
                                      .data = c->binding,
                                      .slots = c->slots,
                                      .state = {state[0], state[1], state[2], state[3]}};
    return WX_RET_WAIT;
}

wx_wasi_ret wx_wasi_leave(struct wx_wasi_call *c, wx_wasi_resume_fn resume, uint64_t state0,
                          uint64_t state1)
{
    c->t->out.wait = (struct wx_wait){
        .resume = resume, .data = c->binding, .slots = c->slots, .state = {state0, state1}};
    return WX_RET_LEFT;
}

/* R29: what is not there yet answers ENOSYS, or traps by name when it has no result. */
static wx_wasi_ret unimplemented(struct wx_wasi_call *c)
{
    wx_logf(&c->env->log, WX_LOG_WARN, "wasi", "%s.%s is not implemented yet", c->abi->space,
            c->abi->name);
    if (c->abi->results[0]) {
        return WX_WERRNO_NOSYS;
    }
    (void)wx_fail(&c->t->error, WAX_TRAP, "import not implemented: %s.%s", c->abi->space,
                  c->abi->name);
    c->t->trap = WX_TRAP_UNIMPLEMENTED;
    return WX_RET_TRAP;
}

static enum wx_outcome no_memory(const struct wx_wasi_call *c)
{
    (void)wx_fail(&c->t->error, WAX_TRAP, "%s.%s needs a memory, and the module exports none",
                  c->abi->space, c->abi->name);
    return wx_trap(c->t, WX_TRAP_HOST);
}

static void get_args(const struct wx_wasi_call *c, uint64_t args[MAX_ARGS])
{
    for (size_t i = 0; c->abi->params[i]; i++) {
        args[i] = c->abi->params[i] == 'i' ? (uint32_t)c->slots[i] : c->slots[i];
    }
}

static enum wx_outcome thunk(struct wx_thread *t, void *data, uint64_t *slots)
{
    struct wx_wasi_call c;
    uint64_t args[MAX_ARGS];
    wx_wasi_call_init(&c, t, data, slots);
    get_args(&c, args);
    if (wx_unlikely(!c.memory)) {
        return no_memory(&c);
    }
    return outcome(&c, c.abi->handler ? c.abi->handler(&c, args) : unimplemented(&c));
}

/* The same for imports that are traced. A call below another one (a stream of the embedder that
 * calls the guest) makes no line of its own. */
static enum wx_outcome traced_thunk(struct wx_thread *t, void *data, uint64_t *slots)
{
    struct wx_wasi_call c;
    uint64_t args[MAX_ARGS];
    wx_wasi_call_init(&c, t, data, slots);
    if (c.self->line->abi || !c.memory) {
        return thunk(t, data, slots);
    }
    get_args(&c, args);
    wx_trace_begin(&c, args);
    wx_wasi_ret ret = c.abi->handler ? c.abi->handler(&c, args) : unimplemented(&c);
    wx_trace_end(&c, ret);
    return outcome(&c, ret);
}

static wax_status intern(struct wx_engine *engine, const struct wx_abi_func *f,
                         const struct wx_sig **ret, wax_error **err)
{
    wx_valtype types[MAX_ARGS + 1];
    uint32_t n = 0;
    for (const char *p = f->params; *p; p++) {
        types[n++] = *p == 'i' ? WX_KIND_I32 : WX_KIND_I64;
    }
    uint32_t n_params = n;
    for (const char *p = f->results; *p; p++) {
        types[n++] = *p == 'i' ? WX_KIND_I32 : WX_KIND_I64;
    }
    return wx_sig_intern(engine, types, n_params, n - n_params, ret, err);
}

/* One import of one thread: of this row and type. */
static wax_status bind(struct wx_guest_thread *self, struct wx_store *store,
                       const struct wx_abi_func *f, const struct wx_sig *sig,
                       struct wx_extern *ret_extern, wax_error **err)
{
    struct binding *b = wx_arena_alloc(store->arena, sizeof *b);
    if (!b) {
        return wx_fail_nomem(err, "a WASI import");
    }
    bool traced = wx_trace_wants(self->env->trace, f->row);
    if (traced && !self->line) {
        self->line = wx_arena_alloc(store->arena, sizeof *self->line);
        if (!self->line) {
            return wx_fail_nomem(err, "a trace");
        }
        self->line->abi = NULL;
    }
    *b = (struct binding){*f, self, is_of_thread(f->name)};
    ret_extern->kind = WX_EXT_FUNC;
    return wx_func_new_host(store, sig, traced ? traced_thunk : thunk, b, f->name,
                            &ret_extern->u.func, err);
}

/* What the main thread has for an import: no further one looks for it. NULL: nothing of ours. */
static const struct wx_func *of_main(const struct wx_guest_thread *self,
                                     const struct wx_rt_module *module,
                                     const struct wx_import *import)
{
    const struct wx_instance *main = self->is_main ? NULL : self->env->main.instance;
    const struct wx_func *f = main && main->module == module ? main->funcs[import->idx] : NULL;
    bool ours = f && f->kind == WX_FUNC_HOST && (f->host == thunk || f->host == traced_thunk);
    return ours ? f : NULL;
}

wax_status wx_abi_provide(void *data, struct wx_store *store, const struct wx_rt_module *module,
                          const struct wx_import *import, struct wx_extern *ret_extern,
                          wax_error **err)
{
    struct wx_guest_thread *self = data;
    if (import->kind != WX_EXT_FUNC || !wx_abi_is_space(import->module)) {
        return WAX_E_NOT_FOUND;
    }
    const struct wx_func *known = of_main(self, module, import);
    if (known) {
        const struct binding *b = known->data;
        return bind(self, store, &b->abi, known->sig, ret_extern, err);
    }
    struct wx_abi_func f;
    if (!wx_abi_find(import->module, import->name, &f)) {
        (void)wx_fail(err, WAX_E_LINK,
                      "unknown import: function '%.*s.%.*s' is in no version of "
                      "that interface",
                      (int)import->module.len, import->module.p, (int)import->name.len,
                      import->name.p);
        if (wx_abi_removed(import->name)) {
            wx_error_set_hint(err,
                              "it was removed, last seen in %s: build the module with a WASIX "
                              "libc of today",
                              wx_abi_removed(import->name));
        } else {
            wx_error_set_hint(err, "the module was built for another interface: rebuild it");
        }
        return WAX_E_LINK;
    }
    const struct wx_sig *sig;
    wax_status st = intern(store->engine, &f, &sig, err);
    return st == WAX_OK ? bind(self, store, &f, sig, ret_extern, err) : st;
}
