/* SPDX-License-Identifier: Apache-2.0 */
/* Types in the middle of a body: the validator goes over it once more, as far as is asked. */
/*
 * A module that was validated says nothing of the types of its operands any more, and nobody needs
 * them, but for whoever copies a thread and has to know what are references (engine/rt/copy.h). So
 * they are found again then, for the functions in question; running guests pay nothing.
 *
 * The module is not changed: all features count as noted, and what only a whole body tells is not
 * written anywhere.
 */
#include "wasm/typing.h"

#include <string.h>

#include "base/check.h"
#include "wasm/decoder.h"

struct wx_typing {
    struct wx_mem *mem;
    const struct wx_module *m;
    struct wx_decoder d;
    struct wx_reader r;
    struct wx_validator v;
    uint32_t func_idx;
    WX_VEC(struct wx_ref_slot) found;
};

static const struct wx_decode_limits no_limits = {
    .max_nesting = UINT32_MAX,
    .max_br_table = UINT32_MAX,
};

wax_status wx_typing_new(struct wx_mem *mem, const struct wx_module *module,
                         struct wx_typing **ret_typing, wax_error **err)
{
    struct wx_typing *t = wx_zalloc(mem, sizeof *t);
    uint8_t *declared = t ? wx_alloc(mem, (size_t)module->n_funcs + 1) : NULL;
    if (!declared) {
        wx_free(mem, t);
        return wx_fail_nomem(err, "types of a function");
    }
    memset(declared, 1, module->n_funcs); /* that was checked */
    t->mem = mem;
    t->m = module;
    t->d = (struct wx_decoder){.m = (struct wx_module *)(uintptr_t)module,
                               .mem = mem,
                               .features = module->features,
                               .limits = no_limits,
                               .used = UINT64_MAX,
                               .next_type = module->n_types,
                               .declared_funcs = declared};
    wx_validator_init(&t->v, &t->d, &t->r);
    *ret_typing = t;
    return WAX_OK;
}

void wx_typing_free(struct wx_typing *t)
{
    if (t) {
        wx_validator_fini(&t->v);
        wx_vec_fini(t->mem, &t->found);
        wx_free(t->mem, t->d.declared_funcs);
        wx_free(t->mem, t);
    }
}

/* The body is valid: what fails is memory, or the place that was asked for. */
static wax_status no_place(const struct wx_typing *t, wax_error **err)
{
    return t->r.status == WAX_E_NOMEM
               ? wx_fail_nomem(err, "types of a function")
               : wx_fail(err, WAX_E_INTERNAL, "no instruction begins at this offset");
}

wax_status wx_typing_begin(struct wx_typing *t, uint32_t func_idx, wax_error **err)
{
    const struct wx_func_def *def = &t->m->funcs[func_idx];
    wx_assert(func_idx >= t->m->n_func_imports && func_idx < t->m->n_funcs);
    t->func_idx = func_idx;
    wx_reader_init(&t->r, t->m->bytes, def->body_off, def->body_len, "body", NULL);
    return wx_validate_begin(&t->v, def) ? WAX_OK : no_place(t, err);
}

/* -------- what is there -------- */

/* A value that takes the next slots. @return false when out of memory */
static bool add(struct wx_typing *t, uint32_t *slot, bool is_operand, wx_valtype type)
{
    const struct wx_ref_slot s = {*slot, is_operand, type};
    *slot += wx_type_slots(type);
    return !wx_type_is_ref(type) || wx_vec_push(t->mem, &t->found, s);
}

static bool add_locals(struct wx_typing *t, size_t n)
{
    uint32_t slot = 0;
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++) {
        ok = add(t, &slot, false, t->v.locals.p[i]);
    }
    return ok;
}

/* What legacy catches that begin at this height keep below their operands. */
static bool add_caught(struct wx_typing *t, uint32_t *slot, size_t *ctrl, size_t height)
{
    bool ok = true;
    for (; *ctrl < t->v.ctrls.n && t->v.ctrls.p[*ctrl].height <= height && ok; ++*ctrl) {
        const struct wx_ctrl *c = &t->v.ctrls.p[*ctrl];
        if (c->op == WX_OP_CATCH || c->op == WX_OP_CATCH_ALL) {
            ok = add(t, slot, true, WX_EXNREF);
        }
    }
    return ok;
}

static bool add_operands(struct wx_typing *t, size_t n)
{
    uint32_t slot = 0;
    size_t ctrl = 0;
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++) {
        ok = add_caught(t, &slot, &ctrl, i) && add(t, &slot, true, t->v.stack.p[i]);
    }
    return ok && add_caught(t, &slot, &ctrl, n);
}

/* Results on top of the stack behind a call; while it is under way they are not there. */
static uint32_t n_call_results(const struct wx_typing *t, uint64_t off)
{
    struct wx_reader r;
    const struct wx_func_def *def = &t->m->funcs[t->func_idx];
    wx_reader_init(&r, t->m->bytes, off, def->body_off + def->body_len - off, "body", NULL);
    (void)wx_read_u8(&r);
    switch (t->v.op) {
    case WX_OP_CALL: return wx_module_func_type(t->m, wx_read_u32(&r))->n_results;
    case WX_OP_CALL_INDIRECT:
    case WX_OP_CALL_REF: return t->m->types[wx_read_u32(&r)].n_results;
    default: return 0; /* others have none that are references */
    }
}

wax_status wx_typing_at(struct wx_typing *t, uint64_t off, const struct wx_ref_slot **ret_slots,
                        size_t *ret_n, wax_error **err)
{
    const struct wx_func_def *def = &t->m->funcs[t->func_idx];
    bool ok;
    t->found.n = 0;
    if (off == WX_TYPING_ENTRY) {
        ok = add_locals(t, wx_module_func_type(t->m, t->func_idx)->n_params);
    } else {
        if (off < wx_reader_off(&t->r) || off - def->body_off >= def->body_len ||
            !wx_validate_past(&t->v, off)) {
            return no_place(t, err);
        }
        ok = add_locals(t, t->v.locals.n) && add_operands(t, t->v.stack.n - n_call_results(t, off));
    }
    if (!ok) {
        return wx_fail_nomem(err, "types of a function");
    }
    *ret_slots = t->found.p;
    *ret_n = t->found.n;
    return WAX_OK;
}
