/* SPDX-License-Identifier: Apache-2.0 */
/* check_<NAME> for the instructions whose typing needs more than letters. */
#include <string.h>

#include "wasm/decoder.h"

/* -------- immediates -------- */

static uint32_t read_index(struct wx_validator *v, uint32_t n, const char *what)
{
    uint32_t idx = wx_read_u32(v->r);
    if (wx_reader_ok(v->r) && idx >= n) {
        wx_v_fail(v, "unknown %s %u", what, idx);
    }
    return wx_reader_ok(v->r) ? idx : 0;
}

static const struct wx_functype *type_at(const struct wx_validator *v, uint32_t idx)
{
    static const wx_valtype no_types[1] = {0};
    static const struct wx_functype none = {.types = no_types}; /* after a failure */
    return idx < v->m->n_types ? &v->m->types[idx] : &none;
}

static const struct wx_tabletype *table_at(const struct wx_validator *v, uint32_t idx)
{
    static const struct wx_tabletype none = {.elem = WX_FUNCREF};
    return idx < v->m->n_tables ? &v->m->tables[idx].type : &none;
}

static wx_valtype index_type(bool is64) { return is64 ? WX_KIND_I64 : WX_KIND_I32; }

/* -------- control -------- */

#define CAUGHT_SLOTS 2u /* hidden exnref of a catch */

static struct wx_ctrl *top(struct wx_validator *v) { return &v->ctrls.p[v->ctrls.n - 1]; }

static void read_blocktype(struct wx_validator *v, struct wx_ctrl *c)
{
    struct wx_reader *r = v->r;
    if (wx_reader_left(r) > 0 && *r->p == 0x40) {
        r->p++;
        return;
    }
    if (wx_reader_left(r) > 0 && (*r->p & 0xc0) == 0x40) { /* one-byte negative: a value type */
        c->one = wx_decode_valtype(v->d, r);
        c->n_results = 1;
        return;
    }
    int64_t idx = wx_read_s33(r);
    if (wx_reader_ok(r) && (idx < 0 || (uint64_t)idx >= v->m->n_types)) {
        wx_v_fail(v, "unknown type %lld", (long long)idx);
    }
    if (!wx_reader_ok(r)) {
        return;
    }
    const struct wx_functype *t = &v->m->types[idx];
    if (t->n_params || t->n_results > 1) {
        (void)wx_decode_need(v->d, r, WX_FEATURE_MULTI_VALUE, "block type");
    }
    c->types = t->types;
    c->n_params = t->n_params;
    c->n_results = t->n_results;
}

static void push_ctrl(struct wx_validator *v, struct wx_ctrl c)
{
    c.height = (uint32_t)v->stack.n;
    c.slots = v->slots;
    c.inits = (uint32_t)v->inits.n;
    if (v->ctrls.n >= v->d->limits.max_nesting) {
        wx_reader_fail_at(v->r, WAX_E_LIMIT, v->op_off, "blocks nested too deep, the limit is %u",
                          v->d->limits.max_nesting);
        return;
    }
    if (!wx_vec_push(v->d->mem, &v->ctrls, c)) {
        wx_reader_fail(v->r, WAX_E_NOMEM, "out of memory while validating");
        return;
    }
    if (v->ctrls.n > v->max_labels) {
        v->max_labels = (uint32_t)v->ctrls.n;
    }
    if (c.op == WX_OP_LOOP) {
        wx_census_open_loop(&v->census);
    }
}

static void open_block(struct wx_validator *v)
{
    struct wx_ctrl c = {.op = (uint8_t)v->op};
    read_blocktype(v, &c);
    if (!wx_reader_ok(v->r)) {
        return;
    }
    if (v->op == WX_OP_IF) {
        (void)wx_v_pop(v, WX_KIND_I32);
    }
    wx_v_pop_all(v, c.types, c.n_params);
    push_ctrl(v, c);
    wx_v_push_all(v, c.types, c.n_params);
}

static void check_BLOCK(struct wx_validator *v) { open_block(v); }
static void check_IF(struct wx_validator *v) { open_block(v); }
static void check_TRY(struct wx_validator *v) { open_block(v); }
static void check_LOOP(struct wx_validator *v)
{
    v->has_loop = true;
    open_block(v);
}

static void undo_inits(struct wx_validator *v, uint32_t height)
{
    while (v->inits.n > height) {
        v->local_init.p[v->inits.p[--v->inits.n]] = 0;
    }
}

/* Results on the stack, nothing else above the frame's height. Leaves the frame on the stack. */
static void finish_frame(struct wx_validator *v)
{
    struct wx_ctrl *c = top(v);
    wx_v_pop_all(v, wx_ctrl_types(c) + c->n_params, c->n_results);
    if (wx_reader_ok(v->r) && v->stack.n != c->height) {
        wx_v_fail(v, "type mismatch: %zu values remaining on stack at end of block",
                  v->stack.n - c->height);
    }
    if (wx_reader_ok(v->r)) {
        undo_inits(v, c->inits);
    }
}

static bool is_catch(const struct wx_ctrl *c)
{
    return c->op == WX_OP_CATCH || c->op == WX_OP_CATCH_ALL;
}

static bool same_types(const wx_valtype *a, const wx_valtype *b, uint32_t n)
{
    return n == 0 || memcmp(a, b, n * sizeof *a) == 0;
}

static void check_END(struct wx_validator *v)
{
    finish_frame(v);
    if (!wx_reader_ok(v->r)) {
        return;
    }
    struct wx_ctrl c = *top(v);
    const wx_valtype *types = wx_ctrl_types(&c);
    v->slots = is_catch(&c) ? c.slots - CAUGHT_SLOTS : c.slots;
    if (c.op == WX_OP_IF &&
        (c.n_params != c.n_results || !same_types(types, types + c.n_params, c.n_params))) {
        wx_v_fail(v, "type mismatch: 'if' with results needs an 'else'");
        return;
    }
    v->ctrls.n--;
    if (c.op == WX_OP_LOOP) {
        wx_census_end_loop(&v->census);
    }
    if (v->ctrls.n > 0) {
        wx_v_push_all(v, types + c.n_params, c.n_results);
    }
}

/* Turn the top frame into its next part (else, catch): same types, fresh reachability. */
static void next_part(struct wx_validator *v, uint8_t op)
{
    struct wx_ctrl *c = top(v);
    c->op = op;
    c->unreachable = false;
    v->slots = c->slots;
}

static void check_ELSE(struct wx_validator *v)
{
    if (top(v)->op != WX_OP_IF) {
        wx_reader_fail_at(v->r, WAX_E_MALFORMED, v->op_off, "'else' without 'if'");
        return;
    }
    finish_frame(v);
    if (wx_reader_ok(v->r)) {
        next_part(v, WX_OP_ELSE);
        wx_v_push_all(v, top(v)->types, top(v)->n_params);
    }
}

static struct wx_ctrl *label(struct wx_validator *v, uint32_t depth)
{
    if (depth >= v->ctrls.n) {
        wx_v_fail(v, "unknown label %u", depth);
        return NULL;
    }
    return &v->ctrls.p[v->ctrls.n - 1 - depth];
}

static struct wx_ctrl *read_label(struct wx_validator *v)
{
    uint32_t depth = wx_read_u32(v->r);
    return wx_reader_ok(v->r) ? label(v, depth) : NULL;
}

static void check_NOP(struct wx_validator *v) { (void)v; }
static void check_UNREACHABLE(struct wx_validator *v) { wx_v_unreachable(v); }

static void check_BR(struct wx_validator *v)
{
    struct wx_ctrl *c = read_label(v);
    if (c) {
        uint32_t n;
        const wx_valtype *types = wx_label_types(c, &n);
        wx_v_pop_all(v, types, n);
        wx_v_unreachable(v);
    }
}

static void check_BR_IF(struct wx_validator *v)
{
    struct wx_ctrl *c = read_label(v);
    if (c) {
        uint32_t n;
        const wx_valtype *types = wx_label_types(c, &n);
        (void)wx_v_pop(v, WX_KIND_I32);
        wx_v_pop_all(v, types, n);
        wx_v_push_all(v, types, n);
    }
}

/* The operands must match every target; they are looked at without being consumed. */
static void check_table_target(struct wx_validator *v, uint32_t depth, uint32_t arity)
{
    struct wx_ctrl *c = label(v, depth);
    if (!c) {
        return;
    }
    uint32_t n;
    const wx_valtype *types = wx_label_types(c, &n);
    if (n != arity) {
        wx_v_fail(v, "type mismatch: targets take %u and %u values", arity, n);
        return;
    }
    const struct wx_ctrl *here = top(v);
    for (uint32_t i = 0; i < n; i++) {
        size_t at = v->stack.n - 1 - i;
        bool have = v->stack.n > here->height + i;
        if (have && !wx_valtype_matches(v->m, v->stack.p[at], types[n - 1 - i])) {
            wx_v_fail(v, "type mismatch: expected %s, found %s", wx_valtype_text(types[n - 1 - i]),
                      wx_valtype_text(v->stack.p[at]));
            return;
        }
        if (!have && !here->unreachable) {
            wx_v_fail(v, "type mismatch: expected %s but nothing on stack",
                      wx_valtype_text(types[n - 1 - i]));
            return;
        }
    }
}

static void check_BR_TABLE(struct wx_validator *v)
{
    uint32_t n = wx_read_count(v->r, 1, v->d->limits.max_br_table, "branch targets");
    const uint8_t *targets = v->r->p;
    for (uint32_t i = 0; i < n; i++) {
        (void)wx_read_u32(v->r);
    }
    uint32_t depth = wx_read_u32(v->r);
    struct wx_ctrl *c = wx_reader_ok(v->r) ? label(v, depth) : NULL;
    if (!c) {
        return;
    }
    uint32_t arity;
    (void)wx_label_types(c, &arity);
    (void)wx_v_pop(v, WX_KIND_I32);
    const uint8_t *after = v->r->p;
    v->r->p = targets;
    for (uint32_t i = 0; i < n && wx_reader_ok(v->r); i++) {
        check_table_target(v, wx_read_u32(v->r), arity);
    }
    if (wx_reader_ok(v->r)) {
        v->r->p = after;
        check_table_target(v, depth, arity);
    }
    if (wx_reader_ok(v->r)) {
        wx_v_unreachable(v);
    }
}

static void check_RETURN(struct wx_validator *v)
{
    const struct wx_ctrl *body = &v->ctrls.p[0];
    wx_v_pop_all(v, body->types, body->n_results);
    wx_v_unreachable(v);
}

/* -------- calls -------- */

static void apply_call(struct wx_validator *v, const struct wx_functype *t)
{
    wx_v_pop_all(v, t->types, t->n_params);
    wx_v_push_all(v, t->types + t->n_params, t->n_results);
    v->has_call = true;
}

static void apply_tail_call(struct wx_validator *v, const struct wx_functype *t)
{
    const struct wx_ctrl *body = &v->ctrls.p[0];
    bool ok = t->n_results == body->n_results;
    for (uint32_t i = 0; ok && i < t->n_results; i++) {
        ok = wx_valtype_matches(v->m, t->types[t->n_params + i], body->types[i]);
    }
    if (!ok && wx_reader_ok(v->r)) {
        wx_v_fail(v, "type mismatch: results of the callee are not those of the function");
    }
    wx_v_pop_all(v, t->types, t->n_params);
    wx_v_unreachable(v);
    v->has_call = true;
}

static const struct wx_functype *read_callee(struct wx_validator *v)
{
    uint32_t idx = read_index(v, v->m->n_funcs, "function");
    return idx < v->m->n_funcs ? wx_module_func_type(v->m, idx) : type_at(v, UINT32_MAX);
}

static const struct wx_functype *read_indirect(struct wx_validator *v)
{
    uint32_t type_idx = read_index(v, v->m->n_types, "type");
    uint32_t table_idx = read_index(v, v->m->n_tables, "table");
    const struct wx_tabletype *t = table_at(v, table_idx);
    if (wx_reader_ok(v->r) && !wx_valtype_matches(v->m, t->elem, WX_FUNCREF)) {
        wx_v_fail(v, "type mismatch: table %u holds %s, not functions", table_idx,
                  wx_valtype_text(t->elem));
    }
    (void)wx_v_pop(v, index_type(t->limits.is64));
    return type_at(v, type_idx);
}

static const struct wx_functype *read_ref_callee(struct wx_validator *v)
{
    uint32_t type_idx = read_index(v, v->m->n_types, "type");
    (void)wx_v_pop(v, WX_REF(WX_HEAP_INDEX + type_idx, 1));
    return type_at(v, type_idx);
}

static void check_CALL(struct wx_validator *v) { apply_call(v, read_callee(v)); }
static void check_CALL_INDIRECT(struct wx_validator *v) { apply_call(v, read_indirect(v)); }
static void check_CALL_REF(struct wx_validator *v) { apply_call(v, read_ref_callee(v)); }
static void check_RETURN_CALL(struct wx_validator *v) { apply_tail_call(v, read_callee(v)); }
static void check_RETURN_CALL_INDIRECT(struct wx_validator *v)
{
    apply_tail_call(v, read_indirect(v));
}
static void check_RETURN_CALL_REF(struct wx_validator *v)
{
    apply_tail_call(v, read_ref_callee(v));
}

/* -------- parametric, variables -------- */

static void check_DROP(struct wx_validator *v) { (void)wx_v_pop_any(v); }

static void check_SELECT(struct wx_validator *v)
{
    (void)wx_v_pop(v, WX_KIND_I32);
    wx_valtype a = wx_v_pop_any(v);
    wx_valtype b = wx_v_pop_any(v);
    if (wx_type_is_ref(a) || wx_type_is_ref(b)) {
        wx_v_fail(v, "type mismatch: select of references needs a type");
    } else if (a != b && a != WX_KIND_BOT && b != WX_KIND_BOT) {
        wx_v_fail(v, "type mismatch: select between %s and %s", wx_valtype_text(b),
                  wx_valtype_text(a));
    }
    wx_v_push(v, a == WX_KIND_BOT ? b : a);
}

static void check_SELECT_T(struct wx_validator *v)
{
    uint32_t n = wx_read_u32(v->r);
    if (wx_reader_ok(v->r) && n != 1) {
        wx_v_fail(v, "invalid result arity");
        return;
    }
    wx_valtype t = wx_decode_valtype(v->d, v->r);
    (void)wx_v_pop(v, WX_KIND_I32);
    (void)wx_v_pop(v, t);
    (void)wx_v_pop(v, t);
    wx_v_push(v, t);
}

static uint32_t read_local(struct wx_validator *v)
{
    uint32_t idx = wx_read_u32(v->r);
    if (wx_reader_ok(v->r) && idx >= v->locals.n) {
        wx_v_fail(v, "unknown local %u", idx);
    }
    if (wx_reader_ok(v->r)) {
        wx_census_use(&v->census, idx);
    }
    return idx;
}

static void check_LOCAL_GET(struct wx_validator *v)
{
    uint32_t idx = read_local(v);
    if (!wx_reader_ok(v->r)) {
        return;
    }
    if (!v->local_init.p[idx]) {
        wx_v_fail(v, "uninitialized local %u", idx);
    }
    wx_v_push(v, v->locals.p[idx]);
}

static void mark_init(struct wx_validator *v, uint32_t idx)
{
    if (!v->local_init.p[idx]) {
        v->local_init.p[idx] = 1;
        if (!wx_vec_push(v->d->mem, &v->inits, idx)) {
            wx_reader_fail(v->r, WAX_E_NOMEM, "out of memory while validating");
        }
    }
}

static void check_LOCAL_SET(struct wx_validator *v)
{
    uint32_t idx = read_local(v);
    if (wx_reader_ok(v->r)) {
        (void)wx_v_pop(v, v->locals.p[idx]);
        mark_init(v, idx);
    }
}

static void check_LOCAL_TEE(struct wx_validator *v)
{
    uint32_t idx = read_local(v);
    if (wx_reader_ok(v->r)) {
        (void)wx_v_pop(v, v->locals.p[idx]);
        mark_init(v, idx);
        wx_v_push(v, v->locals.p[idx]);
    }
}

static void check_GLOBAL_GET(struct wx_validator *v)
{
    uint32_t idx = read_index(v, v->in_const ? v->const_globals : v->m->n_globals, "global");
    if (!wx_reader_ok(v->r)) {
        return;
    }
    if (v->in_const && v->m->globals[idx].type.mut) {
        wx_v_fail(v, "constant expression required: global %u is mutable", idx);
    }
    wx_v_push(v, v->m->globals[idx].type.type);
}

static void check_GLOBAL_SET(struct wx_validator *v)
{
    uint32_t idx = read_index(v, v->m->n_globals, "global");
    if (wx_reader_ok(v->r)) {
        if (!v->m->globals[idx].type.mut) {
            wx_v_fail(v, "immutable global %u", idx);
        }
        (void)wx_v_pop(v, v->m->globals[idx].type.type);
    }
}

/* -------- references and tables -------- */

static void check_REF_NULL(struct wx_validator *v)
{
    wx_v_push(v, WX_REF(wx_decode_heaptype(v->d, v->r), 1));
}

/* Some reference, in unreachable code the one below all: it stays a reference there, too. */
static wx_valtype pop_ref(struct wx_validator *v)
{
    wx_valtype t = wx_v_pop_any(v);
    if (t == WX_KIND_BOT) {
        return WX_REF(WX_HEAP_BOT, 0);
    }
    if (!wx_type_is_ref(t)) {
        wx_v_fail(v, "type mismatch: expected a reference, found %s", wx_valtype_text(t));
    }
    return t;
}

static void check_REF_IS_NULL(struct wx_validator *v)
{
    (void)pop_ref(v);
    wx_v_push(v, WX_KIND_I32);
}

static void check_REF_FUNC(struct wx_validator *v)
{
    uint32_t idx = read_index(v, v->m->n_funcs, "function");
    if (!wx_reader_ok(v->r)) {
        return;
    }
    if (v->in_const) {
        v->d->declared_funcs[idx] = 1;
    } else if (!v->d->declared_funcs[idx]) {
        wx_v_fail(v, "undeclared function reference %u", idx);
    }
    bool typed = wx_features_has(v->d->features, WX_FEATURE_FUNCTION_REFERENCES);
    wx_v_push(v, typed ? WX_REF(WX_HEAP_INDEX + v->m->funcs[idx].type_idx, 0) : WX_FUNCREF);
}

static wx_valtype non_null(wx_valtype t) { return t & ~WX_NULLABLE; }

static void check_REF_AS_NON_NULL(struct wx_validator *v) { wx_v_push(v, non_null(pop_ref(v))); }

static void check_BR_ON_NULL(struct wx_validator *v)
{
    struct wx_ctrl *c = read_label(v);
    if (c) {
        uint32_t n;
        const wx_valtype *types = wx_label_types(c, &n);
        wx_valtype t = pop_ref(v);
        wx_v_pop_all(v, types, n);
        wx_v_push_all(v, types, n);
        wx_v_push(v, non_null(t));
    }
}

static void check_BR_ON_NON_NULL(struct wx_validator *v)
{
    struct wx_ctrl *c = read_label(v);
    if (!c) {
        return;
    }
    uint32_t n;
    const wx_valtype *types = wx_label_types(c, &n);
    if (n == 0 || !wx_type_is_ref(types[n - 1])) {
        wx_v_fail(v, "type mismatch: the target takes no reference");
        return;
    }
    wx_valtype t = pop_ref(v);
    if (!wx_valtype_matches(v->m, non_null(t), types[n - 1])) {
        wx_v_fail(v, "type mismatch: expected %s, found %s", wx_valtype_text(types[n - 1]),
                  wx_valtype_text(non_null(t)));
    }
    wx_v_pop_all(v, types, n - 1);
    wx_v_push_all(v, types, n - 1);
}

static void check_TABLE_GET(struct wx_validator *v)
{
    const struct wx_tabletype *t = table_at(v, read_index(v, v->m->n_tables, "table"));
    (void)wx_v_pop(v, index_type(t->limits.is64));
    wx_v_push(v, t->elem);
}

static void check_TABLE_SET(struct wx_validator *v)
{
    const struct wx_tabletype *t = table_at(v, read_index(v, v->m->n_tables, "table"));
    (void)wx_v_pop(v, t->elem);
    (void)wx_v_pop(v, index_type(t->limits.is64));
}

static void check_TABLE_SIZE(struct wx_validator *v) { wx_check_letters(v); }

static void check_TABLE_GROW(struct wx_validator *v)
{
    const struct wx_tabletype *t = table_at(v, read_index(v, v->m->n_tables, "table"));
    (void)wx_v_pop(v, index_type(t->limits.is64));
    (void)wx_v_pop(v, t->elem);
    wx_v_push(v, index_type(t->limits.is64));
}

static void check_TABLE_FILL(struct wx_validator *v)
{
    const struct wx_tabletype *t = table_at(v, read_index(v, v->m->n_tables, "table"));
    (void)wx_v_pop(v, index_type(t->limits.is64));
    (void)wx_v_pop(v, t->elem);
    (void)wx_v_pop(v, index_type(t->limits.is64));
}

static void check_elem_type(struct wx_validator *v, wx_valtype from, wx_valtype to)
{
    if (wx_reader_ok(v->r) && !wx_valtype_matches(v->m, from, to)) {
        wx_v_fail(v, "type mismatch: %s into a table of %s", wx_valtype_text(from),
                  wx_valtype_text(to));
    }
}

static void check_TABLE_COPY(struct wx_validator *v)
{
    const struct wx_tabletype *dst = table_at(v, read_index(v, v->m->n_tables, "table"));
    const struct wx_tabletype *src = table_at(v, read_index(v, v->m->n_tables, "table"));
    check_elem_type(v, src->elem, dst->elem);
    (void)wx_v_pop(v, index_type(dst->limits.is64 && src->limits.is64));
    (void)wx_v_pop(v, index_type(src->limits.is64));
    (void)wx_v_pop(v, index_type(dst->limits.is64));
}

static void check_TABLE_INIT(struct wx_validator *v)
{
    uint32_t elem_idx = read_index(v, v->m->n_elems, "elem segment");
    const struct wx_tabletype *t = table_at(v, read_index(v, v->m->n_tables, "table"));
    if (wx_reader_ok(v->r)) {
        check_elem_type(v, v->m->elems[elem_idx].type, t->elem);
    }
    (void)wx_v_pop(v, WX_KIND_I32);
    (void)wx_v_pop(v, WX_KIND_I32);
    (void)wx_v_pop(v, index_type(t->limits.is64));
}

static void check_ELEM_DROP(struct wx_validator *v)
{
    (void)read_index(v, v->m->n_elems, "elem segment");
}

/* -------- bulk memory: letters, but for the copy between two memories -------- */

static void check_MEMORY_SIZE(struct wx_validator *v) { wx_check_letters(v); }
static void check_MEMORY_GROW(struct wx_validator *v) { wx_check_letters(v); }
static void check_MEMORY_INIT(struct wx_validator *v) { wx_check_letters(v); }
static void check_MEMORY_FILL(struct wx_validator *v) { wx_check_letters(v); }
static void check_DATA_DROP(struct wx_validator *v) { wx_check_letters(v); }

static void check_MEMORY_COPY(struct wx_validator *v)
{
    uint32_t dst = read_index(v, v->m->n_memories, "memory");
    uint32_t src = read_index(v, v->m->n_memories, "memory");
    if (!wx_reader_ok(v->r)) {
        return;
    }
    bool dst64 = v->m->memories[dst].is64, src64 = v->m->memories[src].is64;
    (void)wx_v_pop(v, index_type(dst64 && src64));
    (void)wx_v_pop(v, index_type(src64));
    (void)wx_v_pop(v, index_type(dst64));
}

/* -------- exceptions, both encodings -------- */

static const struct wx_functype *read_tag(struct wx_validator *v)
{
    uint32_t idx = read_index(v, v->m->n_tags, "tag");
    return idx < v->m->n_tags ? type_at(v, v->m->tags[idx]) : type_at(v, UINT32_MAX);
}

static void check_THROW(struct wx_validator *v)
{
    const struct wx_functype *t = read_tag(v);
    wx_v_pop_all(v, t->types, t->n_params);
    wx_v_unreachable(v);
}

static void check_THROW_REF(struct wx_validator *v)
{
    (void)wx_v_pop(v, WX_EXNREF);
    wx_v_unreachable(v);
}

static bool close_try_part(struct wx_validator *v)
{
    uint8_t op = top(v)->op;
    if (op != WX_OP_TRY && op != WX_OP_CATCH) {
        wx_reader_fail_at(v->r, WAX_E_MALFORMED, v->op_off, "'%s' without 'try'",
                          wx_op_text[v->op]);
        return false;
    }
    finish_frame(v);
    return wx_reader_ok(v->r);
}

/* The caught exception is kept below the operands of the catch, for rethrow. */
static void open_catch(struct wx_validator *v, uint8_t op)
{
    struct wx_ctrl *c = top(v);
    c->slots += is_catch(c) ? 0 : CAUGHT_SLOTS;
    next_part(v, op);
    v->has_refs = true;
    if (v->slots > v->max_slots) {
        v->max_slots = v->slots;
    }
}

static void check_CATCH(struct wx_validator *v)
{
    const struct wx_functype *t = read_tag(v);
    if (wx_reader_ok(v->r) && close_try_part(v)) {
        open_catch(v, WX_OP_CATCH);
        wx_v_push_all(v, t->types, t->n_params);
    }
}

static void check_CATCH_ALL(struct wx_validator *v)
{
    if (close_try_part(v)) {
        open_catch(v, WX_OP_CATCH_ALL);
    }
}

static void check_DELEGATE(struct wx_validator *v)
{
    uint32_t depth = wx_read_u32(v->r);
    if (!wx_reader_ok(v->r)) {
        return;
    }
    if (top(v)->op != WX_OP_TRY) {
        wx_reader_fail_at(v->r, WAX_E_MALFORMED, v->op_off, "'delegate' without 'try'");
        return;
    }
    if (depth + 1 >= v->ctrls.n + 1 || depth >= v->ctrls.n - 1) {
        wx_v_fail(v, "unknown label %u", depth); /* counted from outside this try */
        return;
    }
    check_END(v);
}

static void check_RETHROW(struct wx_validator *v)
{
    struct wx_ctrl *c = read_label(v);
    if (c && c->op != WX_OP_CATCH && c->op != WX_OP_CATCH_ALL) {
        wx_v_fail(v, "invalid rethrow label");
    }
    if (wx_reader_ok(v->r)) {
        wx_v_unreachable(v);
    }
}

/* One clause: kind (0 catch, 1 catch_ref, 2 catch_all, 3 catch_all_ref), tag, label. */
static void check_clause(struct wx_validator *v)
{
    uint8_t kind = wx_read_u8(v->r);
    if (wx_reader_ok(v->r) && kind > 3) {
        wx_reader_fail(v->r, WAX_E_MALFORMED, "malformed catch clause 0x%02x", kind);
        return;
    }
    const struct wx_functype *t = kind < 2 ? read_tag(v) : type_at(v, UINT32_MAX);
    struct wx_ctrl *c = read_label(v);
    if (!c) {
        return;
    }
    uint32_t n;
    const wx_valtype *types = wx_label_types(c, &n);
    bool with_ref = kind == 1 || kind == 3;
    bool ok = n == t->n_params + with_ref;
    for (uint32_t i = 0; ok && i < t->n_params; i++) {
        ok = wx_valtype_matches(v->m, t->types[i], types[i]);
    }
    if (ok && with_ref) {
        ok = wx_valtype_matches(v->m, WX_REF(WX_HEAP_EXN, 0), types[n - 1]);
    }
    if (!ok) {
        wx_v_fail(v, "type mismatch: catch clause and its label");
    }
}

static void check_TRY_TABLE(struct wx_validator *v)
{
    struct wx_ctrl c = {.op = WX_OP_TRY_TABLE};
    read_blocktype(v, &c);
    uint32_t n = wx_read_count(v->r, 2, UINT32_MAX, "catch clauses");
    for (uint32_t i = 0; i < n && wx_reader_ok(v->r); i++) {
        check_clause(v); /* labels count from outside this block */
    }
    if (wx_reader_ok(v->r)) {
        wx_v_pop_all(v, c.types, c.n_params);
        push_ctrl(v, c);
        wx_v_push_all(v, c.types, c.n_params);
    }
}

/* Feature gc can not be switched on: never reached. */
static void check_gc(struct wx_validator *v) { wx_v_fail(v, "garbage collection not supported"); }

/* -------- one handler per instruction, chosen by its lower class -------- */

#define BY_CONTROL(NAME) check_##NAME
#define BY_EXN(NAME) check_##NAME
#define BY_CALL(NAME) check_##NAME
#define BY_PARAMETRIC(NAME) check_##NAME
#define BY_LOCAL(NAME) check_##NAME
#define BY_GLOBAL(NAME) check_##NAME
#define BY_TABLE(NAME) check_##NAME
#define BY_REF(NAME) check_##NAME
#define BY_BULK(NAME) check_##NAME
#define BY_CONST(NAME) wx_check_letters
#define BY_UNARY(NAME) wx_check_letters
#define BY_UNARY_TRAP(NAME) wx_check_letters
#define BY_BINARY(NAME) wx_check_letters
#define BY_BINARY_TRAP(NAME) wx_check_letters
#define BY_COMPARE(NAME) wx_check_letters
#define BY_LOAD(NAME) wx_check_letters
#define BY_STORE(NAME) wx_check_letters
#define BY_ATOMIC_LOAD(NAME) wx_check_letters
#define BY_ATOMIC_STORE(NAME) wx_check_letters
#define BY_ATOMIC_RMW(NAME) wx_check_letters
#define BY_ATOMIC_CMPXCHG(NAME) wx_check_letters
#define BY_ATOMIC_WAIT(NAME) wx_check_letters
#define BY_WIDE(NAME) wx_check_letters
#define BY_V_BINARY(NAME) wx_check_letters
#define BY_V_SHIFT(NAME) wx_check_letters
#define BY_V_TERNARY(NAME) wx_check_letters
#define BY_V_SHUFFLE(NAME) wx_check_letters
#define BY_V_EXTRACT(NAME) wx_check_letters
#define BY_V_REPLACE(NAME) wx_check_letters
#define BY_V_STORE(NAME) wx_check_letters
#define BY_V_LOAD_LANE(NAME) wx_check_letters
#define BY_V_STORE_LANE(NAME) wx_check_letters
#define BY_GC(NAME) check_gc

const wx_check_fn wx_check_table[WX_OP_COUNT] = {
#define OP(NAME, PFX, CODE, TEXT, IMM, PARAMS, RESULTS, ACCESS, FEATURE, LOWER)                    \
    [WX_OP_##NAME] = BY_##LOWER(NAME),
#include "wasm/opcodes.def"
#undef OP
};
