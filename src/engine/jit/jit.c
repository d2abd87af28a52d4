/* SPDX-License-Identifier: Apache-2.0 */
/* The copy-and-patch tier: entering, resuming, walking, compiling on first call. */
/*
 * Native frames are one word, the return address; everything else of a frame lies on the value
 * stack (ruling R3). A stopped thread is described by pc, fp, instance and guest stack pointer; pc
 * is always behind the instruction it stands for: the return address of a call, or one past a
 * fault. So every frame is found by `pc - 1`, and its own fp is the one at hand less what a call in
 * that instruction had added (struct wx_jit_mark).
 */
#include "engine/jit/jit.h"

#include <stddef.h>

#include "base/check.h"
#include "engine/jit/emit.h"
#include "engine/jit/report.h"
#include "engine/ops/frame.h"
#include "engine/rt/copy.h"
#include "wasm/features.h"

/* x86_64/thunks.S */
uint64_t wx_jit_enter(struct wx_thread *t, uint64_t *fp, uint8_t *mem, struct wx_instance *inst,
                      const void *entry, void *guest_sp);
uint64_t wx_jit_resume(struct wx_thread *t, uint64_t *fp, uint8_t *mem, struct wx_instance *inst);
extern const char wx_jit_exit[], wx_jit_cross_return[];
/* Called from there, on the host stack. */
uint64_t wx_jit_call_host(struct wx_thread *t, struct wx_func *f, uint64_t *args);
struct wx_func *wx_jit_fetch(struct wx_thread *t, struct wx_instance *inst, uint64_t idx,
                             uint64_t table_and_sig);
const void *wx_jit_compile_stub(struct wx_thread *t, struct wx_instance *inst, const void *behind);

_Static_assert(offsetof(struct wx_thread, stack_limit) == 8, "thunks.S");
_Static_assert(offsetof(struct wx_thread, pc) == 24, "thunks.S");
_Static_assert(offsetof(struct wx_thread, fp) == 32, "thunks.S");
_Static_assert(offsetof(struct wx_thread, inst) == 40, "thunks.S");
_Static_assert(offsetof(struct wx_thread, host_sp) == 56, "thunks.S");
_Static_assert(offsetof(struct wx_thread, trap) == 64, "thunks.S");
_Static_assert(offsetof(struct wx_thread, guest_sp) == 72, "thunks.S");
_Static_assert(offsetof(struct wx_thread, guest_limit) == 80, "thunks.S");
_Static_assert(offsetof(struct wx_instance, mem0) == 8, "thunks.S");
_Static_assert(offsetof(struct wx_func, kind) == 0 && WX_FUNC_WASM == 0, "thunks.S");
_Static_assert(offsetof(struct wx_func, instance) == 16, "thunks.S");
_Static_assert(offsetof(struct wx_func, code) == 24, "thunks.S");
_Static_assert(offsetof(struct wx_code, entry) == 0, "thunks.S");
_Static_assert(WX_DONE == 0 && WX_TRAP == 3 && WX_INTERRUPT == 5, "thunks.S");

/* What a module owns here: a region for each bounds mode. */
struct jit_module {
    struct wx_jit_region *regions[2];
    struct wx_jit_scratch *scratch;
    struct wx_jit_region *unpublished; /* has functions nobody knows of yet, whose code may wait in
                                          `scratch`; NULL if none has */
};

static struct wx_jit_region *region_of(const struct wx_rt_module *m, uint32_t mode)
{
    return ((const struct jit_module *)m->tier_data)->regions[mode];
}

/* -------- compiling -------- */

static wax_status prepare(struct wx_rt_module *m, struct wx_code *codes, uint32_t n, int mode,
                          wax_error **err)
{
    struct wx_mem *mem = wx_engine_get_mem(m->engine);
    struct jit_module *jm = m->tier_data;
    if (!jm) {
        jm = wx_zalloc(mem, sizeof *jm);
        if (!jm) {
            return wx_fail_nomem(err, "code");
        }
        m->tier_data = jm;
    }
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < n; i++) {
        bytes += m->wasm->funcs[m->wasm->n_func_imports + i].body_len;
    }
    struct wx_jit_region *r = wx_jit_region_new(mem, n, bytes, m->whole);
    if (!r) {
        (void)wx_fail(err, WAX_E_NOMEM, "the host refuses code memory for %u functions", n);
        wx_error_set_hint(err, "tier 'interp' needs none");
        return WAX_E_NOMEM;
    }
    jm->regions[mode] = r;
    for (uint32_t i = 0; i < n; i++) {
        codes[i].entry = wx_jit_region_stub(r, i);
    }
    wx_jit_report_stubs(m, r);
    return WAX_OK;
}

static void module_fini(struct wx_rt_module *m)
{
    struct jit_module *jm = m->tier_data;
    if (jm) {
        wx_jit_region_free(jm->regions[0]);
        wx_jit_region_free(jm->regions[1]);
        wx_jit_scratch_free(wx_engine_get_mem(m->engine), jm->scratch);
        wx_free(wx_engine_get_mem(m->engine), jm);
    }
}

/* Write the code that waits. */
static wax_status write_out(struct wx_rt_module *m, struct wx_jit_region *r, wax_error **err)
{
    struct jit_module *jm = m->tier_data;
    return wx_jit_write(r, wx_engine_get_mem(m->engine), &jm->scratch) ? WAX_OK
                                                                       : wx_fail_nomem(err, "code");
}

/* Functions nobody knows of yet: let everybody run them. */
static wax_status publish(struct wx_rt_module *m, wax_error **err)
{
    struct jit_module *jm = m->tier_data;
    struct wx_jit_region *r = jm->unpublished;
    wax_status st = r ? write_out(m, r, err) : WAX_OK;
    if (!r || st != WAX_OK) {
        return st;
    }
    if (!wx_jit_region_seal(r)) {
        return wx_fail_nomem(err, "code");
    }
    struct wx_code *codes = m->codes[r == jm->regions[1]];
    while (r->n_order < r->n_made) {
        uint32_t func = r->order[r->n_order];
        const struct wx_jit_code *c = codes[func].tier_data;
        wx_jit_report_function(m, r, &codes[func]);
        wx_store_release(&r->n_order, r->n_order + 1); /* pairs with find_function */
        const void *entry = r->space.code.rx + c->start;
        wx_store_release(&r->entries[func], entry); /* running code reads it any time */
        wx_store_release(&codes[func].entry, entry);
    }
    jm->unpublished = NULL;
    return WAX_OK;
}

#define WRITTEN_AT_ONCE ((size_t)64 << 10)

static wax_status compile(struct wx_rt_module *m, struct wx_code *code, int mode, wax_error **err)
{
    struct jit_module *jm = m->tier_data;
    struct wx_jit_region *r = jm->regions[mode];
    struct wx_jit_code *c;
    wax_status st = jm->unpublished != r ? publish(m, err) : WAX_OK;
    if (st == WAX_OK && !code->tier_data) {
        st = wx_jit_emit_function(r, &jm->scratch, m, code, &c, err);
        if (st != WAX_OK) {
            return st;
        }
        code->tier_data = c;
        r->order[r->n_made++] = code->func_idx - m->wasm->n_func_imports;
        jm->unpublished = r;
    }
    if (st != WAX_OK || !m->whole) {
        return st == WAX_OK ? publish(m, err) : st;
    }
    return wx_jit_unwritten(jm->scratch) >= WRITTEN_AT_ONCE ? write_out(m, r, err) : WAX_OK;
}

static wax_status compiled_whole(struct wx_rt_module *m, int mode, wax_error **err)
{
    (void)mode;
    return publish(m, err);
}

static void code_fini(struct wx_code *code)
{
    wx_free(wx_engine_get_mem(code->module->engine), code->tier_data);
}

static uint32_t code_bytes(const struct wx_code *code)
{
    return ((const struct wx_jit_code *)code->tier_data)->len;
}

/* The stub that was called lies in the region of the instance's own code. */
const void *wx_jit_compile_stub(struct wx_thread *t, struct wx_instance *inst, const void *behind)
{
    struct wx_rt_module *m = inst->module;
    uint32_t mode = inst->codes[0].mode;
    const struct wx_jit_region *r = region_of(m, mode);
    size_t func = (size_t)((const uint8_t *)behind - r->space.code.rx) / WX_JIT_STUB_BYTES;
    struct wx_code *code = &inst->codes[func];
    wx_mutex_lock(&m->lock);
    wax_status st = WAX_OK;
    if (wx_load_acquire(&code->entry) == wx_jit_region_stub(r, (uint32_t)func)) {
        st = compile(m, code, (int)mode, &t->error);
        st = st == WAX_OK ? publish(m, &t->error) : st;
    }
    wx_mutex_unlock(&m->lock);
    if (st != WAX_OK) {
        t->trap = WX_TRAP_NOMEM;
        return NULL;
    }
    return wx_load_acquire(&code->entry);
}

/* -------- running -------- */

#define GUEST_STACK_SLACK ((uint64_t)64 << 10)

/*
 * A call takes one word here and at least one slot of the value stack (header_slots), whose limit
 * each function checks: a guest stack of the same size can not overflow, signals or not. What
 * thunks push besides is checked by them.
 */
static bool need_guest_stack(struct wx_thread *t)
{
    if (t->gstack) {
        t->guest_sp = t->guest_sp ? t->guest_sp : t->gstack->top;
        return true;
    }
    uint64_t bytes = t->stack_bytes + GUEST_STACK_SLACK;
    if (!t->own_gstack.reservation && wx_gstack_init(&t->own_gstack, bytes, &t->error) != WAX_OK) {
        t->trap = WX_TRAP_NOMEM;
        return false;
    }
    t->gstack = &t->own_gstack;
    t->guest_limit = t->own_gstack.base;
    t->guest_sp = t->own_gstack.top;
    return true;
}

static enum wx_outcome call(struct wx_thread *t, struct wx_func *func, uint64_t *base)
{
    struct wx_instance *inst = func->instance;
    t->inst = inst;
    t->fp = base;
    if (!need_guest_stack(t)) {
        return WX_TRAP;
    }
    uint8_t *sp = t->guest_sp;
    if (sp - 256 < (uint8_t *)t->guest_limit) {
        return wx_trap(t, WX_TRAP_STACK_OVERFLOW);
    }
    const void *entry = wx_load_acquire(&func->code->entry); /* pairs with compile */
    uint64_t out = wx_jit_enter(t, base, inst->mem0, inst, entry, sp);
    if (out == WX_DONE) {
        t->guest_sp = sp;
    }
    return (enum wx_outcome)out;
}

static enum wx_outcome resume(struct wx_thread *t)
{
    /* t->fp is the caller's view during a call of a host function: its arguments. */
    return (enum wx_outcome)wx_jit_resume(t, t->fp, t->inst->mem0, t->inst);
}

uint64_t wx_jit_call_host(struct wx_thread *t, struct wx_func *f, uint64_t *args)
{
    uint32_t n = f->sig->n_param_slots > f->sig->n_result_slots ? f->sig->n_param_slots
                                                                : f->sig->n_result_slots;
    t->top = args + n;
    if (t->top + WX_FRAME_SLOTS > t->stack_end) {
        return wx_trap(t, WX_TRAP_STACK_OVERFLOW);
    }
    return f->host(t, f->data, args);
}

struct wx_func *wx_jit_fetch(struct wx_thread *t, struct wx_instance *inst, uint64_t idx,
                             uint64_t table_and_sig)
{
    enum wx_trap trap = WX_TRAP_NONE;
    struct wx_func *f = wx_table_callee(inst->tables[(uint32_t)table_and_sig], idx,
                                        (uint32_t)(table_and_sig >> 32), &trap);
    t->trap = f ? t->trap : (uint64_t)trap;
    return f;
}

/* -------- walking -------- */

/* The function whose code holds an address of this region; NULL if none does. */
static const struct wx_code *find_function(const struct wx_instance *inst, uintptr_t pc)
{
    const struct wx_jit_region *r = region_of(inst->module, inst->codes[0].mode);
    uintptr_t base = (uintptr_t)r->space.code.rx;
    if (pc < base || pc >= base + r->space.code.len) {
        return NULL;
    }
    uint32_t off = (uint32_t)(pc - base), low = 0;
    uint32_t high = wx_load_acquire(&r->n_order); /* pairs with compile */
    while (low < high) {                          /* first function that starts behind off */
        uint32_t mid = low + (high - low) / 2;
        const struct wx_jit_code *c = inst->codes[r->order[mid]].tier_data;
        if (c->start <= off) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (low == 0) {
        return NULL;
    }
    const struct wx_code *code = &inst->codes[r->order[low - 1]];
    const struct wx_jit_code *c = code->tier_data;
    return off < c->start + c->len ? code : NULL;
}

static struct wx_jit_mark mark_of(const struct wx_instance *inst, const struct wx_code *code,
                                  uintptr_t pc)
{
    const struct wx_jit_code *c = code->tier_data;
    const struct wx_jit_region *r = region_of(inst->module, code->mode);
    return wx_jit_code_mark(c, (uint32_t)(pc - (uintptr_t)r->space.code.rx) - c->start);
}

/*
 * A poll comes back where it left. The check for room at the entry of a function does not, and has
 * to be made again: the function, which has done nothing yet, starts once more. Its first byte is
 * what pc is behind, then.
 */
static void settle(struct wx_thread *t)
{
    const struct wx_code *code =
        t->trap == WX_TRAP_STACK_OVERFLOW ? find_function(t->inst, (uintptr_t)t->pc - 1) : NULL;
    if (code) {
        const struct wx_jit_code *c = code->tier_data;
        const uint8_t *start = region_of(t->inst->module, code->mode)->space.code.rx + c->start;
        *(const void **)t->guest_sp = start;
        t->pc = start + 1;
    }
}

/* Does what settle() left lie on the guest stack? */
static bool is_settled(const void *pc, const void *sp)
{
    return *(const uint8_t *const *)sp == (const uint8_t *)pc - 1;
}

static bool walk(const struct wx_thread *t, struct wx_walk *w)
{
    if (!w->sp) {
        w->sp = t->guest_sp;
        const void *top = (const void *)(uintptr_t)*w->sp; /* where a thunk leaves its own */
        w->sp += top == w->pc || (w->pc && is_settled(w->pc, w->sp));
    }
    if (!w->pc || w->pc == (const void *)wx_jit_exit || !w->inst->codes) {
        return false;
    }
    uintptr_t pc = (uintptr_t)w->pc - 1;
    const struct wx_code *code = find_function(w->inst, pc);
    if (!code) {
        return false;
    }
    struct wx_jit_mark m = mark_of(w->inst, code, pc);
    w->code = code;
    w->func_idx = code->func_idx;
    w->module_off = m.module_off;
    w->fp = (uint64_t *)(void *)((uint8_t *)w->fp - m.fp_delta);
    return true;
}

static bool step(const struct wx_thread *t, struct wx_walk *w)
{
    (void)t;
    w->pc = (const void *)(uintptr_t)*w->sp++;
    if (w->pc == (const void *)wx_jit_cross_return) {
        w->inst = (const struct wx_instance *)(uintptr_t)w->sp[0];
        w->pc = (const void *)(uintptr_t)w->sp[1];
        w->sp += 2;
    }
    return w->pc != (const void *)wx_jit_exit;
}

/* The frames' fp are differences; only the instances to go back to are to be exchanged. */
static enum wx_relocated relocate(const struct wx_copy *copy, const struct wx_spot *place)
{
    const struct wx_instance *inst = place->inst;
    uint64_t *sp = place->guest_sp;
    uint64_t *fp = place->fp;
    bool settled = is_settled(place->pc, sp);
    for (;; sp++) {
        const void *pc = (const void *)(uintptr_t)*sp;
        if (pc == (const void *)wx_jit_exit) {
            return WX_RELOCATED;
        }
        if (pc == (const void *)wx_jit_cross_return) {
            inst = wx_copy_instance(copy, (const void *)(uintptr_t)*++sp);
            *sp = (uint64_t)(uintptr_t)inst;
            continue;
        }
        uintptr_t at = (uintptr_t)pc - !settled;
        const struct wx_code *code = inst ? find_function(inst, at) : NULL;
        if (!code) {
            return WX_NOT_COPIED;
        }
        struct wx_jit_mark m = mark_of(inst, code, at);
        fp = (uint64_t *)(void *)((uint8_t *)fp - m.fp_delta);
        if (!wx_copy_note_frame(copy, code, fp, settled ? WX_COPY_AT_ENTRY : m.module_off)) {
            return WX_NO_ROOM;
        }
        settled = false;
    }
}

/* The walk stands at the frame as it runs: its stack pointer, its fp. Resuming returns to the pad.
 */
static enum wx_outcome land(struct wx_thread *t, const struct wx_walk *w, uint32_t pad)
{
    const struct wx_jit_code *c = w->code->tier_data;
    const struct wx_jit_region *r = region_of(w->inst->module, w->code->mode);
    const void **sp = (const void **)(uintptr_t)w->sp - 1;
    *sp = r->space.code.rx + c->start + c->pads[pad];
    t->guest_sp = (void *)sp;
    t->fp = w->fp;
    t->inst = (struct wx_instance *)(uintptr_t)w->inst;
    return resume(t);
}

#define BIT(NAME) (UINT64_C(1) << WX_FEATURE_##NAME)

static const struct wx_tier_ops ops = {
    .name = "fast",
    .native = true,
    .features = ~BIT(GC),
    .compiled = true,
    .header_slots = 1,
    .prepare = prepare,
    .module_fini = module_fini,
    .compile = compile,
    .compiled_whole = compiled_whole,
    .code_fini = code_fini,
    .code_bytes = code_bytes,
    .call = call,
    .resume = resume,
    .settle = settle,
    .walk = walk,
    .step = step,
    .relocate = relocate,
    .land = land,
};

void wx_jit_register(void)
{
    if (!wx_tier_find(ops.name) && wx_jit_region_possible()) {
        wx_tier_register(&ops);
    }
}
