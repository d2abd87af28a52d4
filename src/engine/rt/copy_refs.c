/* SPDX-License-Identifier: Apache-2.0 */
/* Translating references: one by one, and all that the frames of a thread hold. */
/*
 * On the stack nothing tells a reference from a number that looks like it, and no number may be
 * touched. So the types are found when they are needed: a frame noted here stands at a known
 * instruction, where all locals and operands are in their slots (engine/ops/README.md), and the
 * validator says what each of them is (wasm/typing.h). Frames are sorted by function and place, so
 * that each body is gone over once, however many frames of it there are: the work is bounded by the
 * size of the module and of the stack. Threads that are never copied pay nothing, in time or space.
 *
 * An exception keeps its handle, for cells of the copy have the numbers of the original; its tag is
 * translated, and the references in its payload. Exceptions in payloads are put on a list, not
 * followed: chains of them can be long.
 */
#include "engine/rt/copy_refs.h"

#include <stdlib.h>

#include "engine/rt/engine.h"

struct wx_copy_frame {
    const struct wx_code *code;
    uint64_t *fp;
    uint64_t off;
};

struct wx_copy_box {
    uint64_t *slots;
    const struct wx_sig *sig;
};

bool wx_copy_note_frame(const struct wx_copy *c, const struct wx_code *code, uint64_t *fp,
                        uint64_t module_off)
{
    const struct wx_copy_frame f = {code, fp, module_off};
    return !code->module->wasm->funcs[code->func_idx].has_refs ||
           wx_vec_push(c->refs->mem, &c->refs->frames, f);
}

void wx_copy_refs_fini(struct wx_copy_refs *refs)
{
    wx_vec_fini(refs->mem, &refs->frames);
    wx_vec_fini(refs->mem, &refs->boxes);
}

/* -------- one reference -------- */

static const struct wx_tag *copy_tag(const struct wx_copy *c, const struct wx_tag *tag)
{
    if (tag->instance == c->from) {
        return c->to->tags[tag->idx];
    }
    const struct wx_tag *twin = wx_twins_find(c->to->store->twins, tag);
    for (uint32_t i = 0; !twin && i < c->from->module->wasm->n_tag_imports; i++) {
        if (c->from->tags[i] == tag) {
            twin = c->to->tags[i];
        }
    }
    return twin;
}

static wax_status copy_exn(const struct wx_copy *c, uint64_t exn[2], wax_error **err)
{
    const struct wx_tag *tag = copy_tag(c, (const struct wx_tag *)(uintptr_t)exn[0]);
    if (!tag) {
        return wx_no_copy(err, "an exception of another module");
    }
    const struct wx_sig *sig = tag->sig;
    exn[0] = (uint64_t)(uintptr_t)tag;
    if (sig->n_param_slots == 1 && wx_type_is_ref(sig->types[0])) { /* held by value */
        uint64_t ref[2] = {exn[1], 0};
        wax_status st = wx_copy_ref(c, sig->types[0], ref, err);
        exn[1] = ref[0];
        return st;
    }
    if (sig->n_param_slots <= 1) {
        return WAX_OK;
    }
    struct wx_copy_box box = {.sig = sig};
    if (!wx_exn_copy_box(c->to->store, c->from->store, exn[1], &box.slots) ||
        (box.slots && !wx_vec_push(c->refs->mem, &c->refs->boxes, box))) {
        return wx_fail_nomem(err, "a copy of an exception");
    }
    return WAX_OK;
}

wax_status wx_copy_ref(const struct wx_copy *c, wx_valtype type, uint64_t ref[2], wax_error **err)
{
    if (!ref[0]) {
        return WAX_OK;
    }
    if (wx_type_slots(type) == 2) {
        return copy_exn(c, ref, err);
    }
    if (!wx_type_is_funcref(type)) {
        return wx_no_copy(err, "a reference to something of the host");
    }
    const struct wx_func *f = wx_copy_func(c, (const struct wx_func *)(uintptr_t)ref[0]);
    if (!f) {
        return wx_no_copy(err, "a reference to a function of another module");
    }
    ref[0] = (uint64_t)(uintptr_t)f;
    return WAX_OK;
}

/* -------- payloads -------- */

static wax_status copy_payload(const struct wx_copy *c, const struct wx_copy_box *box,
                               wax_error **err)
{
    uint64_t *at = box->slots;
    for (uint32_t i = 0; i < box->sig->n_params; i++) {
        wx_valtype type = box->sig->types[i];
        if (wx_type_is_ref(type)) {
            wax_status st = wx_copy_ref(c, type, at, err);
            if (st != WAX_OK) {
                return st;
            }
        }
        at += wx_type_slots(type);
    }
    return WAX_OK;
}

/* -------- frames -------- */

static int by_place(const void *a, const void *b)
{
    const struct wx_copy_frame *x = a, *y = b;
    if (x->code != y->code) {
        return x->code < y->code ? -1 : 1;
    }
    return x->off < y->off ? -1 : x->off > y->off;
}

static wax_status copy_frame(const struct wx_copy *c, const struct wx_copy_frame *f,
                             const struct wx_ref_slot *slots, size_t n, wax_error **err)
{
    uint64_t *operands = f->fp + f->code->local_slots + f->code->module->tier->header_slots;
    for (size_t i = 0; i < n; i++) {
        uint64_t *at = (slots[i].is_operand ? operands : f->fp) + slots[i].slot;
        wax_status st = wx_copy_ref(c, slots[i].type, at, err);
        if (st != WAX_OK) {
            return st;
        }
    }
    return WAX_OK;
}

/* Frames of one function from `f` on; *ret_end: the first one of another. */
static wax_status copy_function(const struct wx_copy *c, struct wx_typing *typing,
                                const struct wx_copy_frame *f, const struct wx_copy_frame *end,
                                const struct wx_copy_frame **ret_end, wax_error **err)
{
    const struct wx_code *code = f->code;
    const struct wx_ref_slot *slots = NULL;
    size_t n = 0;
    wax_status st = wx_typing_begin(typing, code->func_idx, err);
    for (const struct wx_copy_frame *first = f; f < end && f->code == code && st == WAX_OK; f++) {
        if (f == first || f->off != f[-1].off) {
            st = wx_typing_at(typing, f->off, &slots, &n, err);
        }
        st = st == WAX_OK ? copy_frame(c, f, slots, n, err) : st;
    }
    *ret_end = f;
    return st;
}

static wax_status copy_frames(const struct wx_copy *c, wax_error **err)
{
    const struct wx_copy_refs *r = c->refs;
    struct wx_typing *typing = NULL;
    const struct wx_rt_module *module = NULL;
    wax_status st = WAX_OK;
    if (r->frames.n == 0) {
        return WAX_OK;
    }
    qsort(r->frames.p, r->frames.n, sizeof *r->frames.p, by_place);
    const struct wx_copy_frame *end = r->frames.p + r->frames.n;
    for (const struct wx_copy_frame *f = r->frames.p; f < end && st == WAX_OK;) {
        if (!typing || f->code->module != module) { /* codes of a module lie together */
            wx_typing_free(typing);
            typing = NULL;
            module = f->code->module;
            st = wx_typing_new(r->mem, module->wasm, &typing, err);
        }
        st = st == WAX_OK ? copy_function(c, typing, f, end, &f, err) : st;
    }
    wx_typing_free(typing);
    return st;
}

wax_status wx_copy_refs_finish(const struct wx_copy *c, wax_error **err)
{
    wax_status st = copy_frames(c, err);
    while (st == WAX_OK && c->refs->boxes.n) {
        const struct wx_copy_box box = c->refs->boxes.p[--c->refs->boxes.n];
        st = copy_payload(c, &box, err);
    }
    return st;
}
