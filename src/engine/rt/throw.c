/* SPDX-License-Identifier: Apache-2.0 */
/* From a throw to its landing pad, or to the error of an exception nobody caught. */
/*
 * The exception in flight is t->exn. A search walks the frames of the present activation with the
 * tier's walk and step; for each it looks the offset of the throwing or calling instruction up in
 * the function's table and compares the identities of tags. On a match the payload is written to
 * the frame and the tier goes on at the landing pad, so the frames above are just not returned to.
 *
 * Without a match the activation ends with WX_THROW. What lies below it is a guest call of the
 * runtime (enter.c throws on in the activation that asked for it) or an embedder's function, whose
 * wax_call() answers WAX_EXCEPTION and which may hand the error on. Since the frames of the throw
 * are gone then, their trace is put into t->error first.
 *
 * The search of one frame takes time logarithmic in its function and linear in the clauses in
 * force; an interrupt is looked for at each frame, so that deep stacks can not hold up a stop.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/rt/engine.h"
#include "engine/rt/value.h"

#define MAX_SHOWN 8u /* payload values named in the message */

enum wx_outcome wx_throw(struct wx_thread *t, const struct wx_tag *tag, const uint64_t *payload,
                         const uint64_t *top)
{
    uint64_t exn[2];
    enum wx_trap trap = wx_exn_new(t->store, tag, payload, top, exn);
    if (trap) {
        return wx_trap(t, trap);
    }
    memcpy(t->exn, exn, sizeof exn);
    t->exn_fresh = true;
    return WX_THROW;
}

enum wx_outcome wx_throw_ref(struct wx_thread *t, const uint64_t exn[2])
{
    if (!exn[0]) {
        return wx_trap(t, WX_TRAP_NULL_REF);
    }
    memcpy(t->exn, exn, sizeof t->exn);
    t->exn_fresh = false;
    return WX_THROW;
}

/* -------- searching -------- */

static uint32_t region_at(const struct wx_exn_table *table, uint64_t module_off)
{
    uint32_t low = 0, high = table->n_spots; /* number of spots at or before the offset */
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (table->spots[mid].module_off <= module_off) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low ? table->spots[low - 1].region : WX_EXN_NONE;
}

static const struct wx_exn_clause *find_clause(const struct wx_thread *t, const struct wx_walk *w)
{
    const struct wx_exn_table *table = w->code->exns;
    const struct wx_tag *tag = (const struct wx_tag *)(uintptr_t)t->exn[0];
    if (!table) {
        return NULL;
    }
    uint32_t region = region_at(table, w->module_off);
    for (; region != WX_EXN_NONE; region = table->regions[region].outer) {
        uint32_t c = table->regions[region].first;
        for (; c != WX_EXN_NONE; c = table->clauses[c].next) {
            uint32_t idx = table->clauses[c].tag;
            if (idx == WX_EXN_NONE || w->inst->tags[idx] == tag) {
                return &table->clauses[c];
            }
        }
    }
    return NULL;
}

static enum wx_outcome land(struct wx_thread *t, const struct wx_walk *w,
                            const struct wx_exn_clause *c)
{
    const struct wx_tag *tag = (const struct wx_tag *)(uintptr_t)t->exn[0];
    if (c->tag != WX_EXN_NONE) {
        const uint64_t *payload = wx_exn_payload(t->store, t->exn);
        wx_assert(payload); /* t->exn keeps its box */
        memcpy(w->fp + c->payload_slot, payload, tag->sig->n_param_slots * sizeof *payload);
    }
    if (c->ref_slot != WX_EXN_NONE) {
        memcpy(w->fp + c->ref_slot, t->exn, sizeof t->exn);
    } else if (t->exn_fresh) {
        wx_exn_release(t->store, t->exn); /* nobody else has seen it */
    }
    t->exn[0] = t->exn[1] = 0;
    wx_error_clear(&t->error);
    return w->inst->module->tier->land(t, w, c->pad);
}

bool wx_throw_land(struct wx_thread *t, enum wx_outcome *ret_outcome)
{
    if (!t->inst || !t->pc) {
        return false; /* a host function called directly */
    }
    const struct wx_tier_ops *tier = t->inst->module->tier;
    struct wx_walk w = wx_walk_start(t);
    for (bool more = true; more && tier->walk(t, &w); more = tier->step(t, &w)) {
        if (wx_load_relaxed(&t->interrupt) & ~WX_INT_SIGNAL) {
            *ret_outcome = WX_INTERRUPT;
            return true;
        }
        const struct wx_exn_clause *c = find_clause(t, &w);
        if (c) {
            *ret_outcome = land(t, &w, c);
            return true;
        }
    }
    return false;
}

/* -------- the error of an uncaught one -------- */

static struct wx_name tag_name(const struct wx_tag *tag)
{
    const struct wx_module *m = tag->instance ? tag->instance->module->wasm : NULL;
    for (uint32_t i = 0; m && i < m->n_exports; i++) {
        if (m->exports[i].kind == WX_EXT_TAG && m->exports[i].idx == tag->idx) {
            return m->exports[i].name;
        }
    }
    return (struct wx_name){NULL, 0};
}

static void show_value(char *buf, size_t size, const wax_value *v)
{
    switch (v->type) {
    case WAX_I32: (void)snprintf(buf, size, "i32 %" PRId32, v->of.i32); break;
    case WAX_I64: (void)snprintf(buf, size, "i64 %" PRId64, v->of.i64); break;
    case WAX_F32: (void)snprintf(buf, size, "f32 %.9g", (double)v->of.f32); break;
    case WAX_F64: (void)snprintf(buf, size, "f64 %.17g", v->of.f64); break;
    case WAX_V128: (void)snprintf(buf, size, "v128"); break;
    case WAX_FUNCREF: (void)snprintf(buf, size, "funcref"); break;
    case WAX_EXTERNREF: (void)snprintf(buf, size, "externref"); break;
    default: (void)snprintf(buf, size, "exnref"); break;
    }
}

/* "(i32 1, f64 2.5)"; long ones are cut. */
static void show_payload(char *buf, size_t size, const wax_value *values, uint32_t n)
{
    size_t at = (size_t)snprintf(buf, size, "(");
    for (uint32_t i = 0; i < n && i < MAX_SHOWN && at + 40 < size; i++) {
        char text[40];
        show_value(text, sizeof text, &values[i]);
        at += (size_t)snprintf(buf + at, size - at, "%s%s", i ? ", " : "", text);
    }
    (void)snprintf(buf + at, size - at, "%s)", n > MAX_SHOWN ? ", …" : "");
}

wax_status wx_throw_error(struct wx_store *store, const uint64_t exn[2], wax_error **err)
{
    const struct wx_tag *tag = (const struct wx_tag *)(uintptr_t)exn[0];
    const struct wx_sig *sig = tag->sig;
    const uint64_t *payload = wx_exn_payload(store, exn);
    wax_value *values =
        payload ? wx_zalloc_array(&store->mem, (size_t)sig->n_params + 1, sizeof *values) : NULL;
    for (uint32_t i = 0; values && i < sig->n_params; i++) {
        wx_out_value(payload, sig->types[i], &values[i]);
        payload += wx_type_slots(sig->types[i]);
    }
    char text[400] = "";
    if (values) {
        show_payload(text, sizeof text, values, sig->n_params);
    }
    struct wx_name name = tag_name(tag);
    (void)wx_fail(err, WAX_EXCEPTION, "uncaught exception%s%.*s%s %s", name.len ? " '" : "",
                  (int)name.len, name.len ? name.p : "", name.len ? "'" : "", text);
    wx_error_set_trap(err, WX_TRAP_EXCEPTION);
    wx_error_set_exception(err, (const wax_tag *)(const void *)tag, values,
                           values ? sig->n_params : 0);
    wx_free(&store->mem, values);
    return WAX_EXCEPTION;
}

void wx_throw_keep_trace(struct wx_thread *t)
{
    if (!t->error) {
        (void)wx_throw_error(t->store, t->exn, &t->error);
    }
    wx_thread_add_trace(t, &t->error);
}

wax_status wx_throw_fail(struct wx_thread *t, wax_error **err)
{
    wx_throw_keep_trace(t);
    if (t->exn_fresh) {
        wx_exn_release(t->store, t->exn);
    }
    t->exn[0] = t->exn[1] = 0;
    if (err && !*err) {
        *err = t->error;
        t->error = NULL;
    }
    wx_error_clear(&t->error);
    return WAX_EXCEPTION;
}
