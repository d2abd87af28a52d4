/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions whose typing is more than letters: control, calls, variables, tables, exceptions. */
#include <string.h>

#include "gen_state.h"

/* -------- branches -------- */

static struct label *label_at(struct gen *g, uint32_t depth)
{
    return &g->labels[g->n_labels - 1 - depth];
}

/* A label that is not a loop, `tries` looked at; the function's own at worst. */
static uint32_t forward_label(struct gen *g)
{
    uint32_t depth = pick(g, g->n_labels);
    while (label_at(g, depth)->loop) {
        depth++; /* the outermost is the function */
    }
    return depth;
}

/* An i32 condition; for loops it ends after some turns. */
static void need_condition(struct gen *g, const struct label *l)
{
    wx_valtype t = WX_KIND_I32;
    need(g, &t, 1);
    if (l->loop) {
        emit_op(g, WX_OP_LOCAL_GET);
        wbuf_u32(&g->code, l->counter);
        gen_const(g, WX_KIND_I32, 2 + pick(g, 5));
        emit_op(g, WX_OP_I32_LT_U);
        emit_op(g, chance(g, 2) ? WX_OP_I32_AND : WX_OP_I32_MUL);
    }
}

/* The label's operands, kept on the stack, then the condition. */
static void need_for_branch(struct gen *g, const struct label *l)
{
    need(g, l->t, l->n);
    for (uint32_t i = 0; i < l->n; i++) {
        push(g, l->t[i]);
    }
    uint32_t old = promise(g);
    need_condition(g, l);
    g->floor = old;
}

static bool gen_br_if(struct gen *g)
{
    uint32_t depth = pick(g, g->n_labels);
    if (g->unreachable && g->sp == g->base) {
        depth = forward_label(g);
    }
    need_for_branch(g, label_at(g, depth));
    emit_op(g, WX_OP_BR_IF);
    wbuf_u32(&g->code, depth);
    return true;
}

static bool gen_br(struct gen *g)
{
    uint32_t depth = pick(g, g->n_labels);
    const struct label *l = label_at(g, depth);
    if (l->loop || !chance(g, 4)) {
        return gen_br_if(g);
    }
    need(g, l->t, l->n);
    emit_op(g, WX_OP_BR);
    wbuf_u32(&g->code, depth);
    go_unreachable(g);
    return true;
}

static bool gen_br_table(struct gen *g)
{
    uint32_t depth = forward_label(g), n = pick(g, 6);
    const struct label *l = label_at(g, depth);
    need_for_branch(g, l);
    emit_op(g, WX_OP_BR_TABLE);
    wbuf_u32(&g->code, n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t other = forward_label(g);
        const struct label *o = label_at(g, other);
        bool same = o->n == l->n && memcmp(o->t, l->t, l->n * sizeof *l->t) == 0;
        wbuf_u32(&g->code, same ? other : depth);
    }
    wbuf_u32(&g->code, depth);
    go_unreachable(g);
    return true;
}

static bool gen_return(struct gen *g)
{
    if (!chance(g, 6)) {
        return false;
    }
    need(g, g->type->t + g->type->n_params, g->type->n_results);
    emit_op(g, WX_OP_RETURN);
    go_unreachable(g);
    return true;
}

static bool gen_unreachable(struct gen *g)
{
    if (!chance(g, 24)) {
        return false;
    }
    emit_op(g, WX_OP_UNREACHABLE);
    go_unreachable(g);
    return true;
}

/* -------- blocks -------- */

static uint32_t choose_blocktype(struct gen *g, struct gtype *ret)
{
    uint32_t k = pick(g, 4), idx = 0;
    *ret = (struct gtype){0};
    if (k == 1 || (k > 1 && !has(g, WX_FEATURE_MULTI_VALUE))) {
        ret->n_results = 1;
        ret->t[0] = pick_type(g);
    } else if (k > 1) {
        idx = pick(g, g->n_types);
        *ret = g->types[idx];
    }
    return k > 1 && has(g, WX_FEATURE_MULTI_VALUE) ? idx + 1 : 0;
}

/* index + 1 of a type, or 0 for the short forms */
static void put_blocktype(struct gen *g, const struct gtype *t, uint32_t idx)
{
    if (idx) {
        wbuf_s64(&g->code, (int64_t)idx - 1);
    } else if (t->n_results) {
        put_valtype(&g->code, t->t[0]);
    } else {
        wbuf_u8(&g->code, 0x40);
    }
}

static struct label *push_label(struct gen *g, const struct gtype *t, bool loop)
{
    uint32_t depth = g->n_labels;
    struct label *l = &g->labels[g->n_labels++];
    *l = (struct label){.loop = loop, .counter = g->first_counter + depth};
    l->n = loop ? t->n_params : t->n_results;
    memcpy(l->t, loop ? t->t : t->t + t->n_params, l->n * sizeof *l->t);
    return l;
}

static void push_results(struct gen *g, const struct gtype *t)
{
    for (uint32_t i = 0; i < t->n_results; i++) {
        push(g, t->t[t->n_params + i]);
    }
}

bool gen_block(struct gen *g, enum wx_op op)
{
    struct gtype t;
    if (g->n_labels >= MAX_NESTING || g->sp > MAX_STACK / 2) {
        return false;
    }
    uint32_t idx = choose_blocktype(g, &t);
    if (op == WX_OP_LOOP) {
        gen_const(g, WX_KIND_I32, 0);
        emit_op(g, WX_OP_LOCAL_SET);
        wbuf_u32(&g->code, g->first_counter + g->n_labels);
    }
    need(g, t.t, t.n_params);
    if (op == WX_OP_IF) { /* the condition lies above the parameters */
        g->sp += t.n_params;
        memcpy(&g->st[g->sp - t.n_params], t.t, t.n_params * sizeof *t.t);
        uint32_t old = promise(g);
        need(g, &(wx_valtype){WX_KIND_I32}, 1);
        g->floor = old;
        g->sp -= t.n_params;
    }
    emit_op(g, op);
    put_blocktype(g, &t, idx);
    push_label(g, &t, op == WX_OP_LOOP);
    gen_inside(g, &t, op == WX_OP_LOOP);
    bool same =
        t.n_params == t.n_results && memcmp(t.t, t.t + t.n_params, t.n_params * sizeof *t.t) == 0;
    if (op == WX_OP_IF && (!same || chance(g, 2))) {
        emit_op(g, WX_OP_ELSE);
        gen_inside(g, &t, false);
    }
    emit_op(g, WX_OP_END);
    g->n_labels--;
    push_results(g, &t);
    return true;
}

/* -------- exceptions -------- */

static bool gen_throw(struct gen *g)
{
    if (!g->n_tags || !chance(g, 3)) {
        return false;
    }
    uint32_t tag = pick(g, g->n_tags);
    const struct gtype *t = &g->types[g->tags[tag]];
    need(g, t->t, t->n_params);
    emit_op(g, WX_OP_THROW);
    wbuf_u32(&g->code, tag);
    go_unreachable(g);
    return true;
}

static bool gen_throw_ref(struct gen *g)
{
    if (!chance(g, 4)) {
        return false;
    }
    need(g, &(wx_valtype){WX_EXNREF}, 1);
    emit_op(g, WX_OP_THROW_REF);
    go_unreachable(g);
    return true;
}

/* Index + 1 of the type [] -> results, 0 if there is none. */
static uint32_t type_without_params(const struct gen *g, const struct gtype *want)
{
    for (uint32_t i = 0; i < g->n_types; i++) {
        const struct gtype *t = &g->types[i];
        if (t->n_params == 0 && t->n_results == want->n_results &&
            memcmp(t->t, want->t, t->n_results * sizeof *t->t) == 0) {
            return i + 1;
        }
    }
    return 0;
}

/* A block around a try_table whose label takes what the clause gives: each clause has one. */
static bool gen_try_table(struct gen *g)
{
    if (!g->n_tags || g->n_labels + 1 >= MAX_NESTING || g->sp > MAX_STACK / 2) {
        return false;
    }
    uint32_t kind = pick(g, 4), tag = pick(g, g->n_tags);
    const struct gtype *payload = &g->types[g->tags[tag]];
    struct gtype block = {0}, none = {0};
    for (uint32_t i = 0; i < (kind < 2 ? payload->n_params : 0); i++) {
        block.t[block.n_results++] = payload->t[i];
    }
    if (kind & 1) {
        block.t[block.n_results++] = WX_EXNREF;
    }
    uint32_t idx = 0;
    if (block.n_results > 1 && !(idx = type_without_params(g, &block))) {
        return false; /* the type section has no such type */
    }
    emit_op(g, WX_OP_BLOCK);
    put_blocktype(g, &block, idx);
    push_label(g, &block, false);
    emit_op(g, WX_OP_TRY_TABLE);
    put_blocktype(g, &none, 0);
    wbuf_u32(&g->code, 1);
    wbuf_u8(&g->code, (uint8_t)kind);
    if (kind < 2) {
        wbuf_u32(&g->code, tag);
    }
    wbuf_u32(&g->code, 0);
    push_label(g, &none, false);
    gen_inside(g, &none, false);
    emit_op(g, WX_OP_END);
    g->n_labels--;
    uint32_t base = g->base, floor = g->floor; /* inside the block: nothing on its stack */
    bool unreachable = g->unreachable;
    g->base = g->floor = g->sp;
    g->unreachable = false;
    finish(g, block.t, block.n_results);
    g->sp = g->base;
    g->base = base;
    g->floor = floor;
    g->unreachable = unreachable;
    emit_op(g, WX_OP_END);
    g->n_labels--;
    push_results(g, &block);
    return true;
}

static void gen_catch(struct gen *g, const struct gtype *t)
{
    uint32_t tag = pick(g, g->n_tags + 1);
    struct gtype part = {.n_results = t->n_results};
    if (tag < g->n_tags) {
        part.n_params = g->types[g->tags[tag]].n_params;
        memcpy(part.t, g->types[g->tags[tag]].t, part.n_params * sizeof *part.t);
        emit_op(g, WX_OP_CATCH);
        wbuf_u32(&g->code, tag);
    } else {
        emit_op(g, WX_OP_CATCH_ALL);
    }
    memcpy(part.t + part.n_params, t->t + t->n_params, t->n_results * sizeof *t->t);
    g->labels[g->n_labels - 1].catching = true;
    gen_inside(g, &part, false);
}

static bool gen_try(struct gen *g)
{
    struct gtype t;
    if (!g->n_tags || g->n_labels >= MAX_NESTING || g->sp > MAX_STACK / 2) {
        return false;
    }
    uint32_t idx = choose_blocktype(g, &t);
    need(g, t.t, t.n_params);
    emit_op(g, WX_OP_TRY);
    put_blocktype(g, &t, idx);
    push_label(g, &t, false);
    gen_inside(g, &t, false);
    if (chance(g, 4)) {
        emit_op(g, WX_OP_DELEGATE);
        wbuf_u32(&g->code, pick(g, g->n_labels - 1)); /* counted from outside */
    } else {
        if (!chance(g, 8)) {
            gen_catch(g, &t);
        }
        emit_op(g, WX_OP_END);
    }
    g->n_labels--;
    push_results(g, &t);
    return true;
}

static bool gen_rethrow(struct gen *g)
{
    for (uint32_t depth = 0; depth < g->n_labels; depth++) {
        if (label_at(g, depth)->catching) {
            emit_op(g, WX_OP_RETHROW);
            wbuf_u32(&g->code, depth);
            go_unreachable(g);
            return true;
        }
    }
    return false;
}

/* -------- calls -------- */

static bool tail_fits(const struct gen *g, const struct gtype *t)
{
    return t->n_results == g->type->n_results &&
           memcmp(t->t + t->n_params, g->type->t + g->type->n_params,
                  t->n_results * sizeof *t->t) == 0;
}

/* Any callee, or for a tail call one with our results; ours itself fits always. */
static uint32_t choose_callee(struct gen *g, bool tail)
{
    uint32_t from = pick(g, g->n_funcs);
    for (uint32_t i = 0; i < g->n_funcs; i++) {
        uint32_t f = (from + i) % g->n_funcs;
        if (!tail || tail_fits(g, &g->types[g->funcs[f]])) {
            return f;
        }
    }
    return 0;
}

/* Parameters first, then (for indirect forms) what names the callee, on top. */
static bool gen_call(struct gen *g, enum wx_op op)
{
    bool tail =
        op == WX_OP_RETURN_CALL || op == WX_OP_RETURN_CALL_INDIRECT || op == WX_OP_RETURN_CALL_REF;
    if (tail && !chance(g, 4)) {
        return false;
    }
    uint32_t f = choose_callee(g, tail), type_idx = g->funcs[f];
    const struct gtype *t = &g->types[type_idx];
    uint32_t table = g->n_tables > 2 && chance(g, 8) ? 2 : 0;
    need(g, t->t, t->n_params);
    g->sp += t->n_params;
    memcpy(&g->st[g->sp - t->n_params], t->t, t->n_params * sizeof *t->t);
    uint32_t old = promise(g);
    if (op == WX_OP_CALL_INDIRECT || op == WX_OP_RETURN_CALL_INDIRECT) {
        wx_valtype at = addr_type(g->tables[table].is64);
        if (chance(g, 32)) {
            need(g, &at, 1);
        } else {
            gen_const(g, at, f);
        }
    } else if (op == WX_OP_CALL_REF || op == WX_OP_RETURN_CALL_REF) {
        need(g, &(wx_valtype){WX_REF(WX_HEAP_INDEX + type_idx, 1)}, 1);
    }
    g->floor = old;
    g->sp -= t->n_params;
    emit_op(g, op);
    if (op == WX_OP_CALL || op == WX_OP_RETURN_CALL) {
        wbuf_u32(&g->code, f);
    } else {
        wbuf_u32(&g->code, type_idx);
        if (op == WX_OP_CALL_INDIRECT || op == WX_OP_RETURN_CALL_INDIRECT) {
            wbuf_u32(&g->code, table);
        }
    }
    if (tail) {
        go_unreachable(g);
    } else {
        push_results(g, t);
    }
    return true;
}

/* -------- parametric, variables -------- */

static bool gen_drop(struct gen *g)
{
    if (g->sp == g->base) {
        return false;
    }
    g->sp--;
    emit_op(g, WX_OP_DROP);
    return true;
}

static bool gen_select(struct gen *g, bool typed)
{
    wx_valtype t = g->sp > g->base ? g->st[g->sp - 1] : pick_type(g);
    if (!typed && wx_type_is_ref(t)) {
        t = WX_KIND_I64;
    }
    need(g, (wx_valtype[]){t, t, WX_KIND_I32}, 3);
    emit_op(g, typed ? WX_OP_SELECT_T : WX_OP_SELECT);
    if (typed) {
        wbuf_u8(&g->code, 1);
        put_valtype(&g->code, t);
    }
    push(g, t);
    return true;
}

static bool gen_local(struct gen *g, enum wx_op op)
{
    if (!g->first_counter) {
        return false;
    }
    uint32_t idx = pick(g, g->first_counter);
    if (op != WX_OP_LOCAL_GET) {
        (void)(g->sp > g->base && find_local(g, g->st[g->sp - 1], &idx)); /* rather one that fits */
        need(g, &g->locals[idx], 1);
    }
    emit_op(g, op);
    wbuf_u32(&g->code, idx);
    if (op != WX_OP_LOCAL_SET) {
        push(g, g->locals[idx]);
    }
    return true;
}

static bool gen_global(struct gen *g, enum wx_op op)
{
    uint32_t idx = pick(g, g->n_globals);
    const struct gglobal *gl = &g->globals[idx];
    if (op == WX_OP_GLOBAL_SET) {
        if (!gl->mut) {
            return false;
        }
        need(g, &gl->type, 1);
    }
    emit_op(g, op);
    wbuf_u32(&g->code, idx);
    if (op == WX_OP_GLOBAL_GET) {
        push(g, gl->type);
    }
    return true;
}

/* -------- references, tables, memory.copy -------- */

static wx_valtype some_ref(struct gen *g)
{
    if (g->sp > g->floor && wx_type_is_ref(g->st[g->sp - 1])) {
        return g->st[g->sp - 1];
    }
    uint32_t k = pick(g, 3);
    bool typed = k == 2 && has(g, WX_FEATURE_FUNCTION_REFERENCES);
    return typed    ? WX_REF(WX_HEAP_INDEX + g->funcs[pick(g, g->n_funcs)], 1)
           : k == 1 ? WX_EXTERNREF
                    : WX_FUNCREF;
}

static bool gen_ref_op(struct gen *g, enum wx_op op)
{
    wx_valtype t = some_ref(g);
    if (op == WX_OP_REF_NULL || op == WX_OP_REF_FUNC) {
        if (op == WX_OP_REF_FUNC) {
            t = has(g, WX_FEATURE_FUNCTION_REFERENCES)
                    ? WX_REF(WX_HEAP_INDEX + g->funcs[g->n_funcs - 1], 0)
                    : WX_FUNCREF;
            if (!has(g, WX_FEATURE_BULK_MEMORY)) {
                return false;
            }
            emit_op(g, op);
            wbuf_u32(&g->code, g->n_funcs - 1);
        } else {
            t |= WX_NULLABLE;
            emit_op(g, op);
            put_heaptype(&g->code, t);
        }
        push(g, t);
        return true;
    }
    if (op == WX_OP_REF_AS_NON_NULL && wx_type_heap(t) == WX_HEAP_EXTERN) {
        return false; /* nearly always null */
    }
    if (g->unreachable && g->sp == g->base && op != WX_OP_REF_IS_NULL) {
        return false; /* the operand's type must be known */
    }
    need(g, &t, 1);
    emit_op(g, op);
    push(g, op == WX_OP_REF_IS_NULL ? WX_KIND_I32 : t & ~WX_NULLABLE);
    return true;
}

static bool gen_br_on_null(struct gen *g)
{
    uint32_t depth = forward_label(g);
    const struct label *l = label_at(g, depth);
    wx_valtype t = some_ref(g);
    if (l->n >= MAX_ARITY || (g->unreachable && g->sp == g->base)) {
        return false;
    }
    wx_valtype all[MAX_ARITY + 1];
    memcpy(all, l->t, l->n * sizeof *all);
    all[l->n] = t;
    need(g, all, l->n + 1);
    emit_op(g, WX_OP_BR_ON_NULL);
    wbuf_u32(&g->code, depth);
    for (uint32_t i = 0; i < l->n; i++) {
        push(g, l->t[i]);
    }
    push(g, t & ~WX_NULLABLE);
    return true;
}

static bool gen_br_on_non_null(struct gen *g)
{
    for (uint32_t depth = 0; depth < g->n_labels; depth++) {
        const struct label *l = label_at(g, depth);
        if (l->loop || l->n == 0 || !wx_type_is_ref(l->t[l->n - 1])) {
            continue;
        }
        need(g, l->t, l->n);
        emit_op(g, WX_OP_BR_ON_NON_NULL);
        wbuf_u32(&g->code, depth);
        for (uint32_t i = 0; i + 1 < l->n; i++) {
            push(g, l->t[i]);
        }
        return true;
    }
    return false;
}

/* Operands one by one, small where they are indices. */
static void need_each(struct gen *g, const wx_valtype *t, uint32_t n, uint32_t max)
{
    uint32_t old = g->floor;
    for (uint32_t i = 0; i < n; i++) {
        if (wx_type_is_ref(t[i])) {
            need(g, &t[i], 1);
        } else {
            need_small(g, t[i], max);
        }
        push(g, t[i]);
        (void)promise(g);
    }
    g->floor = old;
    g->sp -= n;
}

static bool gen_table(struct gen *g, enum wx_op op)
{
    uint32_t idx = pick(g, g->n_tables), src = idx == 1 ? 1 : g->n_tables > 2 ? 2 : 0;
    const struct gtable *t = &g->tables[idx];
    wx_valtype at = addr_type(t->is64), elem = t->elem;
    wx_valtype at_src = addr_type(g->tables[src].is64);
    wx_valtype n = at == WX_KIND_I64 && at_src == WX_KIND_I64 ? WX_KIND_I64 : WX_KIND_I32;
    switch (op) {
    case WX_OP_TABLE_GET: need_each(g, &at, 1, 5); break;
    case WX_OP_TABLE_SET: need_each(g, (wx_valtype[]){at, elem}, 2, 5); break;
    case WX_OP_TABLE_GROW: need_each(g, (wx_valtype[]){elem, at}, 2, 2); break;
    case WX_OP_TABLE_FILL: need_each(g, (wx_valtype[]){at, elem, at}, 3, 3); break;
    case WX_OP_TABLE_COPY: need_each(g, (wx_valtype[]){at, at_src, n}, 3, 3); break;
    default: return false;
    }
    emit_op(g, op);
    wbuf_u32(&g->code, idx);
    if (op == WX_OP_TABLE_COPY) {
        wbuf_u32(&g->code, src);
    }
    if (op == WX_OP_TABLE_GET || op == WX_OP_TABLE_GROW) {
        push(g, op == WX_OP_TABLE_GET ? elem : at);
    }
    return true;
}

static bool gen_memory_copy(struct gen *g)
{
    uint32_t dst = pick(g, g->n_mems), src = pick(g, g->n_mems);
    wx_valtype a = addr_type(g->mems[dst].is64), b = addr_type(g->mems[src].is64);
    need_each(g, (wx_valtype[]){a, b, a == WX_KIND_I64 && b == WX_KIND_I64 ? a : WX_KIND_I32}, 3,
              200);
    emit_op(g, WX_OP_MEMORY_COPY);
    wbuf_u32(&g->code, dst);
    wbuf_u32(&g->code, src);
    return true;
}

bool gen_special(struct gen *g, enum wx_op op)
{
    switch (op) {
    case WX_OP_NOP: emit_op(g, op); return true;
    case WX_OP_UNREACHABLE: return gen_unreachable(g);
    case WX_OP_BLOCK:
    case WX_OP_LOOP:
    case WX_OP_IF: return gen_block(g, op);
    case WX_OP_BR: return gen_br(g);
    case WX_OP_BR_IF: return gen_br_if(g);
    case WX_OP_BR_TABLE: return gen_br_table(g);
    case WX_OP_RETURN: return gen_return(g);
    case WX_OP_TRY: return gen_try(g);
    case WX_OP_TRY_TABLE: return gen_try_table(g);
    case WX_OP_THROW: return gen_throw(g);
    case WX_OP_THROW_REF: return gen_throw_ref(g);
    case WX_OP_RETHROW: return gen_rethrow(g);
    case WX_OP_CALL:
    case WX_OP_CALL_INDIRECT:
    case WX_OP_CALL_REF:
    case WX_OP_RETURN_CALL:
    case WX_OP_RETURN_CALL_INDIRECT:
    case WX_OP_RETURN_CALL_REF: return gen_call(g, op);
    case WX_OP_DROP: return gen_drop(g);
    case WX_OP_SELECT: return gen_select(g, false);
    case WX_OP_SELECT_T: return gen_select(g, true);
    case WX_OP_LOCAL_GET:
    case WX_OP_LOCAL_SET:
    case WX_OP_LOCAL_TEE: return gen_local(g, op);
    case WX_OP_GLOBAL_GET:
    case WX_OP_GLOBAL_SET: return gen_global(g, op);
    case WX_OP_REF_NULL:
    case WX_OP_REF_IS_NULL:
    case WX_OP_REF_FUNC:
    case WX_OP_REF_AS_NON_NULL: return gen_ref_op(g, op);
    case WX_OP_BR_ON_NULL: return gen_br_on_null(g);
    case WX_OP_BR_ON_NON_NULL: return gen_br_on_non_null(g);
    case WX_OP_MEMORY_COPY: return gen_memory_copy(g);
    default: return gen_table(g, op);
    }
}
