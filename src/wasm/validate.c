/* SPDX-License-Identifier: Apache-2.0 */
/* The validator's machine: operand and control stacks, expressions, constant expressions. */
/*
 * The algorithm of the spec's appendix: a stack of operand types and a stack of control frames;
 * code after an unconditional branch is "unreachable" and its operands are of type bottom, which
 * matches everything. Instructions whose whole typing is in opcodes.def are checked by its letters;
 * the others have a check_<NAME> in validate_ops.c.
 */
#include <stdio.h>

#include "wasm/decoder.h"

/* -------- messages -------- */

static const char *heap_text(uint32_t heap)
{
    switch (heap) {
    case WX_HEAP_FUNC: return "func";
    case WX_HEAP_EXTERN: return "extern";
    case WX_HEAP_EXN: return "exn";
    case WX_HEAP_NOFUNC: return "nofunc";
    case WX_HEAP_NOEXTERN: return "noextern";
    case WX_HEAP_NOEXN: return "noexn";
    case WX_HEAP_BOT: return "any";
    default: return "?";
    }
}

const char *wx_valtype_text(wx_valtype t)
{
    static _Thread_local char buf[4][40];
    static _Thread_local unsigned next;
    switch (wx_type_kind(t)) {
    case WX_KIND_I32: return "i32";
    case WX_KIND_I64: return "i64";
    case WX_KIND_F32: return "f32";
    case WX_KIND_F64: return "f64";
    case WX_KIND_V128: return "v128";
    case WX_KIND_BOT: return "any type";
    default: break;
    }
    uint32_t heap = wx_type_heap(t);
    if (wx_type_nullable(t) && heap < WX_HEAP_INDEX && heap >= WX_HEAP_EXN &&
        heap <= WX_HEAP_FUNC) {
        return heap == WX_HEAP_FUNC ? "funcref" : heap == WX_HEAP_EXTERN ? "externref" : "exnref";
    }
    char *out = buf[next++ & 3];
    const char *null = wx_type_nullable(t) ? "null " : "";
    if (heap >= WX_HEAP_INDEX) {
        (void)snprintf(out, sizeof buf[0], "(ref %s%u)", null, heap - WX_HEAP_INDEX);
    } else {
        (void)snprintf(out, sizeof buf[0], "(ref %s%s)", null, heap_text(heap));
    }
    return out;
}

void wx_v_fail(struct wx_validator *v, const char *format, ...)
{
    char text[200];
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap); /* cut when longer */
    va_end(ap);
    const char *where = v->info ? wx_op_text[v->op] : "expression";
    wx_reader_fail_at(v->r, WAX_E_VALIDATION, v->op_off, "%s, in '%s'", text, where);
}

static void nomem(struct wx_validator *v)
{
    wx_reader_fail(v->r, WAX_E_NOMEM, "out of memory while validating");
}

/* -------- operand stack -------- */

void wx_v_push(struct wx_validator *v, wx_valtype type)
{
    if (!wx_vec_push(v->d->mem, &v->stack, type)) {
        nomem(v);
        return;
    }
    v->slots += wx_type_slots(type);
    v->has_refs = v->has_refs || wx_type_is_ref(type);
    if (v->slots > v->max_slots) {
        v->max_slots = v->slots;
    }
}

static struct wx_ctrl *top_ctrl(struct wx_validator *v) { return &v->ctrls.p[v->ctrls.n - 1]; }

static wx_valtype pop_expecting(struct wx_validator *v, const char *expected)
{
    const struct wx_ctrl *c = top_ctrl(v);
    if (v->stack.n == c->height) {
        if (!c->unreachable) {
            wx_v_fail(v, "type mismatch: expected %s but nothing on stack", expected);
        }
        return WX_KIND_BOT;
    }
    wx_valtype t = v->stack.p[--v->stack.n];
    v->slots -= wx_type_slots(t);
    return t;
}

wx_valtype wx_v_pop_any(struct wx_validator *v) { return pop_expecting(v, "a type"); }

wx_valtype wx_v_pop(struct wx_validator *v, wx_valtype expected)
{
    wx_valtype t = pop_expecting(v, wx_valtype_text(expected));
    if (wx_reader_ok(v->r) && !wx_valtype_matches(v->m, t, expected) && expected != WX_KIND_BOT) {
        wx_v_fail(v, "type mismatch: expected %s, found %s", wx_valtype_text(expected),
                  wx_valtype_text(t));
    }
    return t;
}

void wx_v_push_all(struct wx_validator *v, const wx_valtype *types, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        wx_v_push(v, types[i]);
    }
}

void wx_v_pop_all(struct wx_validator *v, const wx_valtype *types, uint32_t n)
{
    for (uint32_t i = n; i > 0 && wx_reader_ok(v->r); i--) {
        (void)wx_v_pop(v, types[i - 1]);
    }
}

void wx_v_unreachable(struct wx_validator *v)
{
    struct wx_ctrl *c = top_ctrl(v);
    v->stack.n = c->height;
    v->slots = c->slots;
    c->unreachable = true;
}

/* -------- instructions by the table's letters -------- */

static wx_valtype address_type(const struct wx_validator *v, uint32_t memory_idx)
{
    return v->m->memories[memory_idx].is64 ? WX_KIND_I64 : WX_KIND_I32;
}

static wx_valtype letter_type(const struct wx_validator *v, char letter, uint32_t memory_idx,
                              uint32_t table_idx)
{
    switch (letter) {
    case 'i': return WX_KIND_I32;
    case 'I': return WX_KIND_I64;
    case 'f': return WX_KIND_F32;
    case 'F': return WX_KIND_F64;
    case 'V': return WX_KIND_V128;
    case 't': return v->m->tables[table_idx].type.limits.is64 ? WX_KIND_I64 : WX_KIND_I32;
    default: return address_type(v, memory_idx);
    }
}

static uint32_t read_memory_idx(struct wx_validator *v)
{
    uint32_t idx = wx_read_u32(v->r);
    if (wx_reader_ok(v->r) && idx >= v->m->n_memories) {
        wx_v_fail(v, "unknown memory %u", idx);
    }
    return wx_reader_ok(v->r) ? idx : UINT32_MAX;
}

static uint32_t read_memarg(struct wx_validator *v)
{
    struct wx_reader *r = v->r;
    uint64_t off = wx_reader_off(r);
    uint32_t flags = wx_read_u32(r);
    uint32_t memory_idx = 0;
    if (flags >= 0x80) {
        wx_reader_fail_at(r, WAX_E_MALFORMED, off, "malformed memop flags 0x%x", flags);
        return UINT32_MAX;
    }
    if (flags & 0x40) {
        (void)wx_decode_need(v->d, r, WX_FEATURE_MULTI_MEMORY, "memory index");
        memory_idx = wx_read_u32(r);
        flags &= 0x3f;
    }
    uint64_t offset = wx_read_u64(r);
    if (!wx_reader_ok(r)) {
        return UINT32_MAX;
    }
    if (memory_idx >= v->m->n_memories) {
        wx_v_fail(v, "unknown memory %u", memory_idx);
        return UINT32_MAX;
    }
    if (!v->m->memories[memory_idx].is64 && offset > UINT32_MAX) {
        wx_v_fail(v, "offset out of range");
    }
    bool atomic = v->info->lower >= WX_LOWER_ATOMIC_LOAD && v->info->lower <= WX_LOWER_ATOMIC_WAIT;
    uint64_t align = flags < 32 ? UINT64_C(1) << flags : UINT64_MAX;
    if (align > v->info->access) {
        wx_v_fail(v, "alignment must not be larger than natural");
    } else if (atomic && align != v->info->access) {
        wx_v_fail(v, "atomic alignment must be exact");
    }
    return memory_idx;
}

/* Lane numbers are below 16 / width. */
static void read_lane(struct wx_validator *v)
{
    if (wx_read_u8(v->r) >= 16u / v->info->access && wx_reader_ok(v->r)) {
        wx_v_fail(v, "invalid lane index");
    }
}

static void read_shuffle(struct wx_validator *v)
{
    const uint8_t *p = wx_read_bytes(v->r, 16);
    for (int i = 0; p && i < 16; i++) {
        if (p[i] >= 32) {
            wx_v_fail(v, "invalid lane index");
            return;
        }
    }
}

static uint32_t read_data_idx(struct wx_validator *v)
{
    uint32_t idx = wx_read_u32(v->r);
    if (wx_reader_ok(v->r) && !v->m->has_data_count) {
        wx_reader_fail_at(v->r, WAX_E_MALFORMED, v->op_off, "data count section required");
    } else if (wx_reader_ok(v->r) && idx >= v->m->n_datas) {
        wx_v_fail(v, "unknown data segment %u", idx);
    }
    return idx;
}

/* Reads the immediate; *ret_memory / *ret_table are the indices 'm' and 't' refer to. */
static void read_immediate(struct wx_validator *v, uint32_t *ret_memory, uint32_t *ret_table)
{
    struct wx_reader *r = v->r;
    switch ((enum wx_imm)v->info->imm) {
    case WX_IMM_MEMARG: *ret_memory = read_memarg(v); break;
    case WX_IMM_MEMARG_LANE:
        *ret_memory = read_memarg(v);
        if (wx_reader_ok(r)) {
            read_lane(v);
        }
        break;
    case WX_IMM_MEM: *ret_memory = read_memory_idx(v); break;
    case WX_IMM_DATA_MEM:
        (void)read_data_idx(v);
        *ret_memory = read_memory_idx(v);
        break;
    case WX_IMM_DATA: (void)read_data_idx(v); break;
    case WX_IMM_TABLE:
        *ret_table = wx_read_u32(r);
        if (wx_reader_ok(r) && *ret_table >= v->m->n_tables) {
            wx_v_fail(v, "unknown table %u", *ret_table);
        }
        break;
    case WX_IMM_I32: (void)wx_read_s32(r); break;
    case WX_IMM_I64: (void)wx_read_s64(r); break;
    case WX_IMM_F32: (void)wx_read_bytes(r, 4); break;
    case WX_IMM_F64: (void)wx_read_bytes(r, 8); break;
    case WX_IMM_V128: (void)wx_read_bytes(r, 16); break;
    case WX_IMM_LANE: read_lane(v); break;
    case WX_IMM_LANES16: read_shuffle(v); break;
    case WX_IMM_FENCE:
        if (wx_read_u8(r) != 0) {
            wx_reader_fail(r, WAX_E_MALFORMED, "zero byte expected");
        }
        break;
    default: /* rows typed by letters have one of the above, or none */ break;
    }
}

void wx_check_letters(struct wx_validator *v)
{
    uint32_t memory_idx = 0, table_idx = 0;
    read_immediate(v, &memory_idx, &table_idx);
    for (size_t i = v->info->n_params; i > 0 && wx_reader_ok(v->r); i--) {
        (void)wx_v_pop(v, letter_type(v, v->info->params[i - 1], memory_idx, table_idx));
    }
    for (const char *p = v->info->results; *p && *p != '_' && wx_reader_ok(v->r); p++) {
        wx_v_push(v, letter_type(v, *p, memory_idx, table_idx));
    }
}

/* -------- expressions -------- */

void wx_validator_init(struct wx_validator *v, struct wx_decoder *d, struct wx_reader *r)
{
    *v = (struct wx_validator){.d = d, .r = r, .m = d->m};
}

void wx_validator_fini(struct wx_validator *v)
{
    struct wx_mem *mem = v->d->mem;
    wx_vec_fini(mem, &v->stack);
    wx_vec_fini(mem, &v->ctrls);
    wx_vec_fini(mem, &v->locals);
    wx_vec_fini(mem, &v->local_init);
    wx_vec_fini(mem, &v->inits);
    wx_census_fini(&v->census, mem);
}

static bool const_allowed(struct wx_validator *v)
{
    switch (v->op) {
    case WX_OP_I32_CONST:
    case WX_OP_I64_CONST:
    case WX_OP_F32_CONST:
    case WX_OP_F64_CONST:
    case WX_OP_V128_CONST:
    case WX_OP_REF_NULL:
    case WX_OP_REF_FUNC:
    case WX_OP_GLOBAL_GET:
    case WX_OP_END: return true;
    case WX_OP_I32_ADD:
    case WX_OP_I32_SUB:
    case WX_OP_I32_MUL:
    case WX_OP_I64_ADD:
    case WX_OP_I64_SUB:
    case WX_OP_I64_MUL:
        return wx_decode_need(v->d, v->r, WX_FEATURE_EXTENDED_CONST, "constant arithmetic");
    default: wx_v_fail(v, "constant expression required"); return false;
    }
}

static void check_one(struct wx_validator *v)
{
    struct wx_reader *r = v->r;
    v->op_off = wx_reader_off(r);
    v->info = NULL;
    uint32_t code = wx_read_u8(r);
    uint8_t pfx = 0;
    if (code >= 0xfb && code <= 0xfe) {
        pfx = (uint8_t)code;
        code = wx_read_u32(r);
    }
    if (!wx_reader_ok(r)) {
        return;
    }
    v->op = wx_op_find(pfx, code);
    if (v->op == WX_OP_INVALID) {
        if (pfx) {
            wx_reader_fail_at(r, WAX_E_MALFORMED, v->op_off, "illegal opcode 0x%02x 0x%02x", pfx,
                              code);
        } else {
            wx_reader_fail_at(r, WAX_E_MALFORMED, v->op_off, "illegal opcode 0x%02x", code);
        }
        return;
    }
    v->info = &wx_op_table[v->op];
    if (!wx_features_has(v->d->features, v->info->feature)) {
        r->p = r->base + v->op_off;
        (void)wx_decode_need(v->d, r, v->info->feature, wx_op_text[v->op]);
        return;
    }
    wx_decode_note(v->d, v->info->feature, v->op_off);
    if (!v->in_const || const_allowed(v)) {
        wx_check_table[v->op](v);
        if (wx_census_clobbers((enum wx_lower)v->info->lower)) {
            wx_census_clobber(&v->census);
        }
    }
}

static bool push_body_ctrl(struct wx_validator *v, const wx_valtype *results, uint32_t n)
{
    struct wx_ctrl c = {.op = WX_OP_BLOCK, .types = results, .n_results = n};
    v->stack.n = 0;
    v->ctrls.n = 0;
    v->inits.n = 0;
    v->slots = v->max_slots = 0;
    v->max_labels = 1;
    v->has_loop = v->has_call = false;
    if (!wx_vec_push(v->d->mem, &v->ctrls, c)) {
        nomem(v);
    }
    return wx_reader_ok(v->r);
}

static void check_until_end(struct wx_validator *v)
{
    for (;;) {
        wx_validate_quick(v);
        if (v->ctrls.n == 0 || !wx_reader_ok(v->r)) {
            return;
        }
        if (wx_reader_left(v->r) == 0) {
            wx_reader_fail(v->r, WAX_E_MALFORMED, "unexpected end of %s: 'end' is missing",
                           v->r->section);
            return;
        }
        check_one(v);
    }
}

static bool add_local(struct wx_validator *v, wx_valtype type, bool init)
{
    v->has_refs = v->has_refs || wx_type_is_ref(type);
    return wx_vec_push(v->d->mem, &v->locals, type) && wx_vec_push(v->d->mem, &v->local_init, init);
}

static bool is_defaultable(wx_valtype t) { return !wx_type_is_ref(t) || wx_type_nullable(t); }

static void set_locals(struct wx_validator *v, const struct wx_functype *t,
                       const struct wx_func_def *def)
{
    v->locals.n = v->local_init.n = 0;
    v->has_refs = false;
    bool ok = true;
    for (uint32_t i = 0; i < t->n_params; i++) {
        ok = ok && add_local(v, t->types[i], true);
    }
    for (uint32_t k = 0; k < def->n_runs; k++) {
        for (uint32_t i = 0; i < def->runs[k].n; i++) {
            ok = ok && add_local(v, def->runs[k].type, is_defaultable(def->runs[k].type));
        }
    }
    if (!ok || !wx_census_begin(&v->census, v->d->mem, v->locals.n)) {
        nomem(v);
    }
}

bool wx_validate_begin(struct wx_validator *v, const struct wx_func_def *def)
{
    const struct wx_functype *t = &v->m->types[def->type_idx];
    set_locals(v, t, def);
    return wx_reader_ok(v->r) && push_body_ctrl(v, t->types + t->n_params, t->n_results);
}

bool wx_validate_past(struct wx_validator *v, uint64_t off)
{
    struct wx_reader *r = v->r;
    const uint8_t *end = r->end;
    r->end = r->base + off;
    while (wx_reader_ok(r) && wx_reader_left(r) > 0 && v->ctrls.n > 0) {
        wx_validate_quick(v);
        if (wx_reader_left(r) > 0) {
            check_one(v);
        }
    }
    bool there = wx_reader_ok(r) && wx_reader_off(r) == off && v->ctrls.n > 0;
    r->end = end;
    if (there) {
        check_one(v);
    }
    return there && wx_reader_ok(r);
}

void wx_validate_body(struct wx_validator *v, struct wx_func_def *def)
{
    const struct wx_functype *t = &v->m->types[def->type_idx];
    if (!wx_validate_begin(v, def)) {
        return;
    }
    check_until_end(v);
    if (wx_reader_ok(v->r) && wx_reader_left(v->r) > 0) {
        wx_reader_fail(v->r, WAX_E_MALFORMED, "junk after the end of the function body");
    }
    def->max_stack_slots = v->max_slots > t->n_result_slots ? v->max_slots : t->n_result_slots;
    def->max_labels = v->max_labels;
    def->has_loop = v->has_loop;
    def->has_call = v->has_call;
    def->has_refs = v->has_refs;
    if (v->has_loop && wx_reader_ok(v->r) &&
        !wx_census_choose(&v->census, v->locals.p, v->m->arena, def)) {
        nomem(v);
    }
}

/* The short form of a constant expression that is one instruction. */
static void classify_const(struct wx_constexpr *e, const uint8_t *bytes)
{
    struct wx_reader r;
    wx_reader_init(&r, bytes, e->off, e->len, "expression", NULL);
    uint8_t code = wx_read_u8(&r);
    switch (code) {
    case 0x41:
        e->value[0] = (uint32_t)wx_read_s32(&r);
        e->form = WX_CE_CONST;
        break;
    case 0x42:
        e->value[0] = (uint64_t)wx_read_s64(&r);
        e->form = WX_CE_CONST;
        break;
    case 0x43:
        e->value[0] = wx_read_u32le(&r);
        e->form = WX_CE_CONST;
        break;
    case 0x44:
        e->value[0] = wx_read_u32le(&r);
        e->value[0] |= (uint64_t)wx_read_u32le(&r) << 32;
        e->form = WX_CE_CONST;
        break;
    case 0x23:
        e->value[0] = wx_read_u32(&r);
        e->form = WX_CE_GLOBAL;
        break;
    case 0xd0:
        (void)wx_read_s33(&r);
        e->form = WX_CE_REF_NULL;
        break;
    case 0xd2:
        e->value[0] = wx_read_u32(&r);
        e->form = WX_CE_REF_FUNC;
        break;
    default: return;
    }
    if (wx_reader_left(&r) != 1) { /* more than the one instruction and `end` */
        e->form = WX_CE_EXPR;
    }
}

void wx_validate_const(struct wx_decoder *d, struct wx_reader *r, wx_valtype expected,
                       uint32_t n_globals, struct wx_constexpr *ret)
{
    struct wx_validator v;
    wx_validator_init(&v, d, r);
    v.in_const = true;
    v.const_globals = n_globals;
    ret->off = (uint32_t)wx_reader_off(r);
    if (push_body_ctrl(&v, &expected, 1)) {
        check_until_end(&v);
    }
    ret->len = (uint32_t)(wx_reader_off(r) - ret->off);
    ret->form = WX_CE_EXPR;
    if (wx_reader_ok(r)) {
        classify_const(ret, d->m->bytes);
    }
    wx_validator_fini(&v);
}
