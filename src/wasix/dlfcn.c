/* SPDX-License-Identifier: Apache-2.0 */
/* dlopen, dlsym, dl_invalid_handle. */
/*
 * A handle is the number of a library and one, so the program's is 1; 0 stands for all of them.
 * Nothing is ever unloaded. One thread at a time loads, its constructors included; others wait. A
 * constructor may load, too.
 *
 * dlopen runs in stages, each of which runs again after a wait or a guest call:
 *
 *   WANTED   wait until nobody else loads, then load
 *   OWN      libraries of other threads, which this one has not used yet, are made ready in it
 *   NEW      then the new ones; done
 */
#include <stdio.h>
#include <string.h>

#include "wasi/handlers.h"
#include "wasix/dl.h"

#define MAX_SYMBOL 65536u
#define RTLD_NOW 2u
#define RTLD_GLOBAL 4u
#define RTLD_NOLOAD 8u
#define FAILED 79 /* unknown: the text says what it was */

enum { WANTED, OWN, NEW };

/* The text of an error, cut to the buffer it goes into, with its NUL. */
static wx_wasi_ret fail_text(const struct wx_wasi_call *c, uint64_t buf, uint64_t len,
                             const char *text)
{
    if (len) {
        uint64_t n = strlen(text);
        n = n < len ? n : len - 1;
        wx_memory_write(c->memory, buf, text, n); /* checked before */
        wx_memory_write(c->memory, buf + n, "", 1);
    }
    wx_logf(&c->env->log, WX_LOG_DEBUG, "dl", "%s", text);
    return FAILED;
}

static wx_wasi_ret fail_error(const struct wx_wasi_call *c, uint64_t buf, uint64_t len,
                              wax_error *error)
{
    wx_wasi_ret e = fail_text(c, buf, len, error ? wax_error_message(error) : "out of memory");
    wax_error_free(error);
    return e;
}

static const char no_linker[] = "the program is not dynamically linked";
static const char no_tls[] = "there is no memory for thread-local data";

/* -------- dlopen -------- */

/* A call of dlopen(), as its slots say. */
struct open {
    uint64_t path, path_len, flags, err, err_len, list, list_len, out;
};

static struct open open_of(const struct wx_wasi_call *c)
{
    uint64_t a[8];
    for (size_t i = 0; i < 8; i++) {
        a[i] = c->is64 && i != 2 ? c->slots[i] : (uint32_t)c->slots[i];
    }
    return (struct open){a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]};
}

static enum wx_outcome go_on(struct wx_thread *t);
static void thrown(struct wx_thread *t, const struct wx_guest_call *call);
static enum wx_outcome waited(struct wx_thread *t, enum wx_wake why);
static wx_wasi_ret open_stage(struct wx_wasi_call *c, uint64_t stage, uint64_t from,
                              uint64_t handle);

static wx_wasi_ret wait_for_owner(struct wx_wasi_call *c, uint32_t seq)
{
    static const uint64_t none[4] = {0};
    return wx_wasi_wait_woken(c, seq, waited, none);
}

static enum wx_outcome waited(struct wx_thread *t, enum wx_wake why)
{
    const struct wx_wait w = t->out.wait;
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, w.data, w.slots);
    if (why == WX_WAKE_SIGNAL) {
        return WX_WAIT; /* goes on after the handlers */
    }
    return wx_wasi_finish(&c, open_stage(&c, WANTED, 0, 0));
}

/* 0: members from `from` on have nothing to do first. */
static wx_wasi_ret init_next(struct wx_wasi_call *c, uint64_t stage, uint64_t from, uint64_t handle)
{
    struct wx_dl_init init;
    if (!wx_dl_next_init(c->self->group, (uint32_t)from, &init)) {
        return 0;
    }
    if (!init.func) {
        const struct open o = open_of(c);
        wx_dl_publish(c->self->group); /* it is there, and is made ready when it is used */
        wx_dl_disown(c->self->group, false);
        return fail_text(c, o.err, o.err_len, no_tls);
    }
    c->t->out.call = (struct wx_guest_call){.func = init.func,
                                            .args = {init.arg},
                                            .then = go_on,
                                            .thrown = thrown,
                                            .data = c->binding,
                                            .slots = c->slots,
                                            .state = {stage, from, handle}};
    return WX_RET_CALL;
}

/* A constructor threw: the library is there, and nobody waits for what will not come. */
static void thrown(struct wx_thread *t, const struct wx_guest_call *call)
{
    struct wx_dl_group *g = ((struct wx_guest_thread *)t->owner)->group;
    g->initializing--;
    if (call->state[0] == NEW) {
        wx_dl_publish(g);
    }
    wx_dl_disown(g, false);
}

static enum wx_outcome go_on(struct wx_thread *t)
{
    const struct wx_guest_call call = t->out.call;
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, call.data, call.slots);
    c.self->group->initializing--;
    return wx_wasi_finish(&c, open_stage(&c, call.state[0], call.state[1], call.state[2]));
}

/* The library and what it needs, linked; *ret_from: the first that is new. */
static wax_status load(const struct wx_wasi_call *c, const char *path, const char *list,
                       uint64_t flags, uint64_t *ret_from, uint64_t *ret_handle, wax_error **err)
{
    struct wx_dl *dl = c->env->dl;
    struct wx_dl_group *g = c->self->group;
    struct wx_dl_lib *lib;
    uint32_t before = dl->n_loaded;
    *ret_from = g->members.n;
    wax_status st = wx_dl_load(dl, path, dl->libs[0], list, &lib, err);
    if (st == WAX_OK && (flags & RTLD_NOLOAD) && dl->n_loaded > before) {
        st = wx_fail(err, WAX_E_LINK, "library '%s' is not loaded", path);
    }
    if (st == WAX_OK && dl->n_loaded > before) {
        st = wx_dl_link_new(g, (flags & RTLD_NOW) != 0, err);
    }
    if (st != WAX_OK) {
        wx_dl_unload(dl, before);
        return st;
    }
    if (flags & RTLD_GLOBAL) {
        wx_store_release(&lib->global, 1);
        for (uint32_t i = before; i < dl->n_loaded; i++) { /* and what it needs */
            wx_store_release(&dl->libs[i]->global, 1);
        }
    }
    *ret_handle = (uint64_t)lib->number + 1;
    return WAX_OK;
}

static wx_wasi_ret load_stage(struct wx_wasi_call *c, const struct open *o)
{
    char *path = NULL, *list = NULL;
    uint64_t from = 0, handle = 0;
    wax_error *error = NULL;
    wx_werrno e = wx_guest_read_str(c, (wx_gptr){o->path}, o->path_len, WX_DL_MAX_PATH, &path);
    e = e ? e : wx_guest_read_str(c, (wx_gptr){o->list}, o->list_len, MAX_SYMBOL, &list);
    wx_wasi_ret r = e ? fail_text(c, o->err, o->err_len, "the path can not be read") : 0;
    if (!r && (strlen(path) != o->path_len || strlen(list) != o->list_len || !path[0])) {
        r = fail_text(c, o->err, o->err_len, "the path is empty or has a NUL in it");
    }
    if (!r && load(c, path, list, o->flags, &from, &handle, &error) != WAX_OK) {
        r = fail_error(c, o->err, o->err_len, error);
    }
    wx_free(&c->env->mem, path);
    wx_free(&c->env->mem, list);
    if (r) {
        wx_dl_disown(c->self->group, false);
        return r;
    }
    return open_stage(c, NEW, from, handle);
}

static wx_wasi_ret open_stage(struct wx_wasi_call *c, uint64_t stage, uint64_t from,
                              uint64_t handle)
{
    const struct open o = open_of(c);
    struct wx_dl_group *g = c->self->group;
    wax_error *error = NULL;
    if (stage == WANTED) {
        uint32_t seq = wx_load_seq(&c->t->wake_seq);
        if (!wx_dl_want(g)) {
            return wait_for_owner(c, seq);
        }
        if (wx_dl_sync(g, &error) != WAX_OK) {
            wx_dl_disown(c->self->group, false);
            return fail_error(c, o.err, o.err_len, error);
        }
        stage = OWN;
        from = g->n_ready;
    }
    wx_wasi_ret r = stage == OWN && g->initializing ? 0 : init_next(c, stage, from, handle);
    if (r || stage == OWN) {
        return r ? r : load_stage(c, &o);
    }
    wx_dl_disown(c->self->group, false);
    return wx_guest_write_u32(c, (wx_gptr){o.out}, (uint32_t)handle);
}

wx_wasi_ret wx_wasi_dlopen(struct wx_wasi_call *c, const uint64_t *a)
{
    (void)a;
    const struct open o = open_of(c);
    wx_werrno e = wx_guest_check(c, (wx_gptr){o.out}, 4);
    e = e ? e : wx_guest_check(c, (wx_gptr){o.err}, o.err_len);
    e = e ? e : wx_guest_check(c, (wx_gptr){o.path}, o.path_len);
    e = e ? e : wx_guest_check(c, (wx_gptr){o.list}, o.list_len);
    if (e) {
        return e;
    }
    if (!c->env->dl) {
        return fail_text(c, o.err, o.err_len, no_linker);
    }
    if (!o.path) {
        return wx_guest_write_u32(c, (wx_gptr){o.out}, 1);
    }
    return open_stage(c, WANTED, 0, 0);
}

/* -------- dlsym -------- */

struct sym {
    uint64_t handle, name, name_len, err, err_len, out;
};

static struct sym sym_of(const struct wx_wasi_call *c)
{
    uint64_t a[6];
    for (size_t i = 0; i < 6; i++) {
        a[i] = c->is64 && i != 0 ? c->slots[i] : (uint32_t)c->slots[i];
    }
    return (struct sym){a[0], a[1], a[2], a[3], a[4], a[5]};
}

static wx_wasi_ret write_symbol(struct wx_wasi_call *c, const struct sym *o, const char *name,
                                const struct wx_dl_symbol *s)
{
    struct wx_dl_group *g = c->self->group;
    struct wx_dl_got at;
    uint64_t value;
    char text[200];
    if (s->kind == WX_EXT_FUNC) {
        value = wx_dl_slot(g->dl, s->lib, s->idx);
        if (!value) {
            return fail_text(c, o->err, o->err_len, "the table of functions is full");
        }
    } else if (wx_dl_address(s, &at)) {
        uint64_t base = at.tls ? wx_dl_tls_base(g, at.tls) : 0;
        if (at.tls && !base) {
            return fail_text(c, o->err, o->err_len, "the library has no thread-local data here");
        }
        value = at.value + base;
    } else {
        (void)snprintf(text, sizeof text, "symbol '%.100s' is neither function nor data", name);
        return fail_text(c, o->err, o->err_len, text);
    }
    return wx_guest_write_size(c, (wx_gptr){o->out}, value);
}

static enum wx_outcome sym_again(struct wx_thread *t);

static void init_threw(struct wx_thread *t, const struct wx_guest_call *call)
{
    (void)call;
    ((struct wx_guest_thread *)t->owner)->group->initializing--;
}

/* By handle; 0 stands for everything, the program's for all that is global. */
static bool find_by_handle(const struct wx_dl *dl, uint32_t n, uint64_t handle, struct wx_name name,
                           struct wx_dl_symbol *ret)
{
    if (handle != 1) {
        return handle ? wx_dl_find_in(dl, n, dl->libs[handle - 1], name, ret)
                      : wx_dl_find_symbol(dl, n, name, ret);
    }
    for (uint32_t i = 0; i < n; i++) {
        if ((i == 0 || wx_load_acquire(&dl->libs[i]->global)) &&
            wx_dl_find_in(dl, n, dl->libs[i], name, ret)) {
            return true;
        }
    }
    return false;
}

static wx_wasi_ret find_symbol(struct wx_wasi_call *c, const struct sym *o, const char *name)
{
    struct wx_dl_group *g = c->self->group;
    uint32_t n = (uint32_t)g->members.n;
    const struct wx_name key = {name, (uint32_t)o->name_len};
    struct wx_dl_symbol s;
    char text[320];
    if (o->handle > n) {
        return fail_text(c, o->err, o->err_len, "there is no such handle");
    }
    if (find_by_handle(g->dl, n, o->handle, key, &s)) {
        return write_symbol(c, o, name, &s);
    }
    (void)snprintf(text, sizeof text, "symbol '%.100s' is not defined by %.180s", name,
                   o->handle ? g->dl->libs[o->handle - 1]->path : "any module that is loaded");
    return fail_text(c, o->err, o->err_len, text);
}

static wx_wasi_ret look_up(struct wx_wasi_call *c)
{
    const struct sym o = sym_of(c);
    struct wx_dl_group *g = c->self->group;
    struct wx_dl_init init;
    wax_error *error = NULL;
    if (wx_dl_sync(g, &error) != WAX_OK) {
        return fail_error(c, o.err, o.err_len, error);
    }
    if (!g->initializing && wx_dl_next_init(g, g->n_ready, &init)) {
        if (!init.func) {
            return fail_text(c, o.err, o.err_len, no_tls);
        }
        c->t->out.call = (struct wx_guest_call){.func = init.func,
                                                .args = {init.arg},
                                                .then = sym_again,
                                                .thrown = init_threw,
                                                .data = c->binding,
                                                .slots = c->slots};
        return WX_RET_CALL;
    }
    char *name;
    wx_werrno e = wx_guest_read_str(c, (wx_gptr){o.name}, o.name_len, MAX_SYMBOL, &name);
    if (e) {
        return fail_text(c, o.err, o.err_len, "the name can not be read");
    }
    wx_wasi_ret r = find_symbol(c, &o, name);
    wx_free(&c->env->mem, name);
    return r;
}

static enum wx_outcome sym_again(struct wx_thread *t)
{
    const struct wx_guest_call call = t->out.call;
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, call.data, call.slots);
    c.self->group->initializing--;
    return wx_wasi_finish(&c, look_up(&c));
}

wx_wasi_ret wx_wasi_dlsym(struct wx_wasi_call *c, const uint64_t *a)
{
    (void)a;
    const struct sym o = sym_of(c);
    wx_werrno e = wx_guest_check(c, (wx_gptr){o.out}, c->is64 ? 8 : 4);
    e = e ? e : wx_guest_check(c, (wx_gptr){o.err}, o.err_len);
    e = e ? e : wx_guest_check(c, (wx_gptr){o.name}, o.name_len);
    if (e) {
        return e;
    }
    return c->env->dl ? look_up(c) : fail_text(c, o.err, o.err_len, no_linker);
}

wx_wasi_ret wx_wasi_dl_invalid_handle(struct wx_wasi_call *c, const uint64_t *a)
{
    const struct wx_dl *dl = c->env->dl;
    bool valid = dl && a[0] && a[0] <= wx_load_acquire(&dl->n_libs);
    return valid ? 0 : WX_WERRNO_NOEXEC;
}
