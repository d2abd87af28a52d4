/* SPDX-License-Identifier: Apache-2.0 */
/* Function bodies: operands, instructions typed by letters, the walk. */
#include <string.h>

#include "gen_state.h"

wx_valtype addr_type(bool is64) { return is64 ? WX_KIND_I64 : WX_KIND_I32; }

void push(struct gen *g, wx_valtype t)
{
    if (g->sp == MAX_STACK) {
        g->code.failed = true; /* step() keeps away from here */
        return;
    }
    g->st[g->sp++] = t;
}

void emit_op(struct gen *g, enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    gen_hits[op]++;
    if (info->pfx) {
        wbuf_u8(&g->code, info->pfx);
        wbuf_u32(&g->code, info->code);
    } else {
        wbuf_u8(&g->code, (uint8_t)info->code);
    }
}

/* -------- single values -------- */

static const uint64_t interesting[] = {
    0,          1,          2,          7,          31,         32,
    63,         64,         127,        128,        255,        256,
    0x7fff,     0x8000,     0xffff,     0x10000,    0x7fffffff, 0x80000000,
    0xffffffff, 0xfffffffe, UINT64_MAX, 1ull << 32, 1ull << 63, (1ull << 63) - 1,
};
static const uint32_t floats[] = {
    0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x00000001,
    0x4f000000, 0xcf000000, 0x4f800000, 0x5f000000, 0xdf000000, 0x3f000000, 0x40490fdb, 0xbf000001,
};

static uint64_t double_bits(uint32_t f)
{
    float x;
    memcpy(&x, &f, sizeof x);
    double d = (double)x;
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return f == 0x7fc00000 ? UINT64_C(0x7ff8000000000000) : bits;
}

void gen_const(struct gen *g, wx_valtype t, uint64_t v)
{
    struct wbuf *b = &g->code;
    uint32_t f = floats[v % 16];
    switch (wx_type_kind(t)) {
    case WX_KIND_I32:
        emit_op(g, WX_OP_I32_CONST);
        wbuf_s64(b, (int32_t)v);
        break;
    case WX_KIND_I64:
        emit_op(g, WX_OP_I64_CONST);
        wbuf_s64(b, (int64_t)v);
        break;
    case WX_KIND_F32:
        emit_op(g, WX_OP_F32_CONST);
        wbuf_put(b, &f, 4);
        break;
    case WX_KIND_F64: {
        uint64_t d = double_bits(f);
        emit_op(g, WX_OP_F64_CONST);
        wbuf_put(b, &d, 8);
        break;
    }
    default: {
        uint64_t lanes[2] = {v, v * UINT64_C(0x9e3779b97f4a7c15)};
        if (v % 3 == 0) { /* lanes that are numbers of every width */
            lanes[0] = (uint64_t)f << 32 | floats[(v / 16) % 16];
            lanes[1] = double_bits(floats[(v / 256) % 16]);
        }
        emit_op(g, WX_OP_V128_CONST);
        wbuf_put(b, lanes, 16);
    }
    }
}

static uint64_t pick_bits(struct gen *g)
{
    uint32_t k = pick(g, 64);
    return k < sizeof interesting / sizeof *interesting ? interesting[k]
                                                        : pick(g, 65536) * UINT64_C(0x10001);
}

bool find_local(struct gen *g, wx_valtype t, uint32_t *ret_idx)
{
    uint32_t from = pick(g, g->first_counter ? g->first_counter : 1);
    for (uint32_t i = 0; i < g->first_counter; i++) {
        uint32_t idx = (from + i) % g->first_counter;
        if (g->locals[idx] == t) {
            *ret_idx = idx;
            return true;
        }
    }
    return false;
}

static bool find_global(struct gen *g, wx_valtype t, uint32_t *ret_idx)
{
    uint32_t from = pick(g, g->n_globals);
    for (uint32_t i = 0; i < g->n_globals; i++) {
        uint32_t idx = (from + i) % g->n_globals;
        if (g->globals[idx].type == t) {
            *ret_idx = idx;
            return true;
        }
    }
    return false;
}

static bool func_of_type(struct gen *g, uint32_t type, uint32_t *ret)
{
    uint32_t from = pick(g, g->n_funcs);
    for (uint32_t i = 0; i < g->n_funcs; i++) {
        *ret = (from + i) % g->n_funcs;
        if (g->funcs[*ret] == type) {
            return true;
        }
    }
    return false;
}

static void gen_ref(struct gen *g, wx_valtype t)
{
    uint32_t heap = wx_type_heap(t), f = 0;
    bool declared = has(g, WX_FEATURE_BULK_MEMORY) && g->type;
    bool can = heap == WX_HEAP_FUNC ||
               (heap >= WX_HEAP_INDEX && func_of_type(g, heap - WX_HEAP_INDEX, &f));
    if (can && declared && (!wx_type_nullable(t) || !chance(g, 3))) {
        emit_op(g, WX_OP_REF_FUNC);
        wbuf_u32(&g->code, heap == WX_HEAP_FUNC ? pick(g, g->n_funcs) : f);
        return;
    }
    emit_op(g, WX_OP_REF_NULL);
    put_heaptype(&g->code, t);
    if (!wx_type_nullable(t)) {
        emit_op(g, WX_OP_REF_AS_NON_NULL);
    }
}

/* The shortest value; needs nothing. */
void gen_default(struct gen *g, wx_valtype t)
{
    if (!wx_type_is_ref(t)) {
        gen_const(g, t, 0);
        return;
    }
    emit_op(g, WX_OP_REF_NULL);
    put_heaptype(&g->code, t);
    if (!wx_type_nullable(t)) {
        emit_op(g, WX_OP_REF_AS_NON_NULL); /* traps: there is nothing better without functions */
    }
}

/* A letter instruction with this one result, from the classes that compute. */
static bool gen_computed(struct gen *g, wx_valtype t)
{
    static const char letters[] = "iIfFV";
    static const uint8_t kinds[] = {WX_KIND_I32, WX_KIND_I64, WX_KIND_F32, WX_KIND_F64,
                                    WX_KIND_V128};
    enum op_class c = pick(g, 3) == 2 && g->n_ops[CLASS_SIMD] ? CLASS_SIMD : CLASS_NUM;
    c = wx_type_kind(t) == WX_KIND_V128 ? CLASS_SIMD : c;
    uint32_t n = g->n_ops[c], from = n ? pick(g, n) : 0;
    char want = 0;
    for (uint32_t i = 0; i < sizeof kinds; i++) {
        want = kinds[i] == wx_type_kind(t) ? letters[i] : want;
    }
    for (uint32_t i = 0; i < n; i++) {
        enum wx_op op = g->ops[c][(from + i) % n];
        const char *r = wx_op_table[op].results;
        if (r[0] == want && !r[1] && wx_op_table[op].imm != WX_IMM_MEMARG &&
            wx_op_table[op].imm != WX_IMM_MEMARG_LANE) {
            return gen_op(g, op);
        }
    }
    return false;
}

void gen_value(struct gen *g, wx_valtype t)
{
    uint32_t how = pick(g, 8), idx;
    how = g->opt.loops && how > 5 ? 2 : how; /* rather locals */
    if (how >= 4 && g->depth < 3 && !wx_type_is_ref(t) && g->budget) {
        g->budget--;
        g->depth++;
        bool done = gen_computed(g, t);
        g->depth--;
        if (done) {
            return;
        }
    }
    if (how != 1 && how < 4 && find_local(g, t, &idx)) {
        emit_op(g, WX_OP_LOCAL_GET);
        wbuf_u32(&g->code, idx);
    } else if (how == 3 && find_global(g, t, &idx)) {
        emit_op(g, WX_OP_GLOBAL_GET);
        wbuf_u32(&g->code, idx);
    } else if (wx_type_is_ref(t)) {
        gen_ref(g, t);
    } else {
        gen_const(g, t, pick_bits(g));
    }
    push(g, t);
}

void need(struct gen *g, const wx_valtype *t, uint32_t n)
{
    if (g->unreachable && g->sp == g->base && chance(g, 2)) {
        return; /* from the bottomless stack */
    }
    uint32_t have = g->sp - g->floor, k = n < have ? n : have;
    while (k > 0 && memcmp(&g->st[g->sp - k], t, k * sizeof *t) != 0) {
        k--;
    }
    if (k && chance(g, 5)) {
        k = 0;
    }
    uint32_t old = g->floor;
    for (uint32_t i = k; i < n; i++) {
        (void)promise(g);
        gen_value(g, t[i]);
    }
    g->floor = old;
    g->sp -= n;
}

void need_small(struct gen *g, wx_valtype t, uint32_t max)
{
    if (chance(g, 32)) {
        need(g, &t, 1);
        return;
    }
    if (chance(g, 3)) { /* a computed one, masked */
        need(g, &t, 1);
        gen_const(g, t, max >= 15 ? 15 : 1);
        emit_op(g, t == WX_KIND_I64 ? WX_OP_I64_AND : WX_OP_I32_AND);
        return;
    }
    gen_const(g, t, pick(g, max + 1));
}

/* -------- NaN bits -------- */

/* Arithmetic may give any NaN: make it the canonical one, so that no tier's choice can be seen. */
static void canonicalize(struct gen *g, wx_valtype t, bool f64_lanes)
{
    static const uint8_t f32_nan[4] = {0, 0, 0xc0, 0x7f}, f64_nan[8] = {[6] = 0xf8, [7] = 0x7f};
    uint8_t v128_nan[16];
    uint8_t kind = wx_type_kind(t);
    uint32_t l = g->scratch[kind == WX_KIND_F32 ? 0 : kind == WX_KIND_F64 ? 1 : 2];
    emit_op(g, WX_OP_LOCAL_TEE);
    wbuf_u32(&g->code, l);
    if (kind == WX_KIND_F32) {
        emit_op(g, WX_OP_F32_CONST);
        wbuf_put(&g->code, f32_nan, 4);
    } else if (kind == WX_KIND_F64) {
        emit_op(g, WX_OP_F64_CONST);
        wbuf_put(&g->code, f64_nan, 8);
    } else {
        for (uint32_t i = 0; i < 16; i++) {
            v128_nan[i] = f64_lanes ? f64_nan[i % 8] : f32_nan[i % 4];
        }
        emit_op(g, WX_OP_V128_CONST);
        wbuf_put(&g->code, v128_nan, 16);
    }
    for (int i = 0; i < 2; i++) {
        emit_op(g, WX_OP_LOCAL_GET);
        wbuf_u32(&g->code, l);
    }
    if (kind == WX_KIND_V128) {
        emit_op(g, f64_lanes ? WX_OP_F64X2_EQ : WX_OP_F32X4_EQ);
        emit_op(g, WX_OP_V128_BITSELECT);
    } else {
        emit_op(g, kind == WX_KIND_F32 ? WX_OP_F32_EQ : WX_OP_F64_EQ);
        emit_op(g, WX_OP_SELECT);
    }
}

static bool computes(const struct gen *g, enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    return !g->opt.raw_nans && info->access == 0 && info->imm == WX_IMM_NONE;
}

static void after_result(struct gen *g, enum wx_op op, wx_valtype t)
{
    if (!computes(g, op)) {
        return;
    }
    uint8_t kind = wx_type_kind(t);
    if (kind == WX_KIND_F32 || kind == WX_KIND_F64) {
        canonicalize(g, t, false);
    } else if (kind == WX_KIND_V128 && strncmp(wx_op_text[op], "f32x4", 5) == 0) {
        canonicalize(g, t, false);
    } else if (kind == WX_KIND_V128 && strncmp(wx_op_text[op], "f64x2", 5) == 0) {
        canonicalize(g, t, true);
    }
}

/* -------- results into locals, right behind their instruction -------- */

/* A float whose NaN is made canonical next: through a local that gets the canonical one, too. */
static void set_raw_result(struct gen *g, enum wx_op op, wx_valtype t)
{
    uint8_t kind = wx_type_kind(t);
    bool is_float = kind == WX_KIND_F32 || kind == WX_KIND_F64 || kind == WX_KIND_V128;
    uint32_t idx;
    if (!g->opt.loops || !is_float || !computes(g, op) || chance(g, 2) || !find_local(g, t, &idx)) {
        return;
    }
    emit_op(g, WX_OP_LOCAL_SET);
    wbuf_u32(&g->code, idx);
    emit_op(g, WX_OP_LOCAL_GET);
    wbuf_u32(&g->code, idx);
    after_result(g, op, t);
    emit_op(g, WX_OP_LOCAL_TEE);
    wbuf_u32(&g->code, idx);
}

/* -------- instructions typed by letters -------- */

static uint32_t lanes_of(const struct wx_op_info *info) { return 16u / info->access; }

static bool has_memarg(const struct wx_op_info *info)
{
    return info->imm == WX_IMM_MEMARG || info->imm == WX_IMM_MEMARG_LANE;
}

static uint32_t log2_of(uint32_t v) { return (uint32_t)__builtin_ctz(v); }

static void put_memarg(struct gen *g, const struct wx_op_info *info, uint32_t mem)
{
    bool atomic = info->pfx == 0xfe;
    uint32_t natural = log2_of(info->access);
    uint32_t align = atomic ? natural : pick(g, natural + 1);
    wbuf_u32(&g->code, align | (mem ? 0x40 : 0));
    if (mem) {
        wbuf_u32(&g->code, mem);
    }
    uint32_t k = pick(g, 64);
    uint64_t off = k < 56   ? pick(g, 8) * (atomic ? info->access : 1u)
                   : k < 63 ? (pick(g, 65536) & (atomic ? 0xfff8 : 0xffff))
                            : UINT32_MAX;
    if (k == 63 && g->mems[mem].is64 && chance(g, 2)) {
        off = UINT64_MAX - pick(g, 16);
    }
    wbuf_u64(&g->code, off);
}

struct place {
    uint32_t mem, table, seg;
};

static bool choose_place(struct gen *g, const struct wx_op_info *info, struct place *p)
{
    *p = (struct place){pick(g, g->n_mems), pick(g, g->n_tables), 0};
    switch ((enum wx_imm)info->imm) {
    case WX_IMM_DATA:
    case WX_IMM_DATA_MEM: p->seg = pick(g, g->n_datas); return g->n_datas > 1;
    case WX_IMM_ELEM: p->seg = pick(g, g->n_elems); return g->n_elems > 1;
    case WX_IMM_ELEM_TABLE:
        p->seg = pick(g, g->n_elems);
        p->table = p->table == 1 ? 0 : p->table; /* segments hold functions */
        return g->n_elems > 1;
    default: return true;
    }
}

static void put_immediate(struct gen *g, const struct wx_op_info *info, const struct place *p)
{
    struct wbuf *b = &g->code;
    switch ((enum wx_imm)info->imm) {
    case WX_IMM_MEMARG: put_memarg(g, info, p->mem); break;
    case WX_IMM_MEMARG_LANE:
        put_memarg(g, info, p->mem);
        wbuf_u8(b, (uint8_t)pick(g, lanes_of(info)));
        break;
    case WX_IMM_MEM: wbuf_u32(b, p->mem); break;
    case WX_IMM_TABLE: wbuf_u32(b, p->table); break;
    case WX_IMM_DATA:
    case WX_IMM_ELEM: wbuf_u32(b, p->seg); break;
    case WX_IMM_DATA_MEM:
        wbuf_u32(b, p->seg);
        wbuf_u32(b, p->mem);
        break;
    case WX_IMM_ELEM_TABLE:
        wbuf_u32(b, p->seg);
        wbuf_u32(b, p->table);
        break;
    case WX_IMM_LANE: wbuf_u8(b, (uint8_t)pick(g, lanes_of(info))); break;
    case WX_IMM_LANES16:
        for (int i = 0; i < 16; i++) {
            wbuf_u8(b, (uint8_t)pick(g, 32));
        }
        break;
    case WX_IMM_FENCE: wbuf_u8(b, 0); break;
    default: break;
    }
}

static wx_valtype letter(const struct gen *g, char c, const struct place *p)
{
    switch (c) {
    case 'i': return WX_KIND_I32;
    case 'I': return WX_KIND_I64;
    case 'f': return WX_KIND_F32;
    case 'F': return WX_KIND_F64;
    case 'V': return WX_KIND_V128;
    case 't': return addr_type(g->tables[p->table].is64);
    default: return addr_type(g->mems[p->mem].is64);
    }
}

/* Addresses near the start or the end of a memory. */
static void need_address(struct gen *g, const struct wx_op_info *info, wx_valtype t)
{
    uint32_t unit = info->pfx == 0xfe ? info->access : 1, k = pick(g, 64);
    k = g->opt.loops && !chance(g, 8) ? k % 61 : k; /* what follows a trap is not run */
    if (k == 63) {
        need(g, &t, 1);
    } else if (k > 60) {
        gen_const(g, t, 0x10000u - pick(g, 20) * (unit > 1 ? unit : 1));
    } else if (k > 40) {
        need(g, &t, 1);
        gen_const(g, t, 0xff & ~(uint64_t)(unit - 1));
        emit_op(g, t == WX_KIND_I64 ? WX_OP_I64_AND : WX_OP_I32_AND);
    } else {
        gen_const(g, t, (uint64_t)pick(g, 64) * unit);
    }
}

/* Operands of instructions that touch memory or tables, or may trap: made to fit, mostly. */
static void need_fitting(struct gen *g, enum wx_op op, const wx_valtype *t, uint32_t n)
{
    const struct wx_op_info *info = &wx_op_table[op];
    bool bulk = info->lower == WX_LOWER_BULK || info->lower == WX_LOWER_TABLE;
    uint32_t old = g->floor;
    for (uint32_t i = 0; i < n; i++) {
        if (i == 0 && has_memarg(info)) {
            need_address(g, info, t[0]);
        } else if (op == WX_OP_MEMORY_GROW) {
            need_small(g, t[i], 2);
        } else if (bulk) {
            need_small(g, t[i], 6);
        } else if (info->lower == WX_LOWER_ATOMIC_WAIT && i == 2) {
            gen_const(g, t[i], pick(g, 200)); /* nanoseconds: the harness must not hang */
        } else {
            need(g, &t[i], 1);
        }
        push(g, t[i]); /* stays below the next operand */
        (void)promise(g);
    }
    g->floor = old;
    g->sp -= n;
}

static bool gen_by_letters(struct gen *g, enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    struct place p;
    if (!choose_place(g, info, &p)) {
        return false;
    }
    wx_valtype t[8];
    uint32_t n = 0;
    for (const char *c = info->params; *c && *c != '_'; c++) {
        t[n++] = letter(g, *c, &p);
    }
    bool division = info->lower == WX_LOWER_BINARY_TRAP && !chance(g, 6);
    if (division) {
        need(g, t, 1);
        gen_const(g, t[1], 1 + pick(g, 255));
    } else if (has_memarg(info) || info->lower == WX_LOWER_BULK || info->lower == WX_LOWER_TABLE) {
        need_fitting(g, op, t, n);
    } else if (info->lower == WX_LOWER_UNARY_TRAP && !chance(g, 4)) {
        gen_const(g, t[0], (uint64_t[]){0, 2, 13, 14}[pick(g, 4)]);
    } else {
        need(g, t, n);
    }
    emit_op(g, op);
    put_immediate(g, info, &p);
    for (const char *c = info->results; *c && *c != '_'; c++) {
        push(g, letter(g, *c, &p));
        set_raw_result(g, op, letter(g, *c, &p));
        after_result(g, op, letter(g, *c, &p));
    }
    if (g->opt.loops && chance(g, 2)) {
        gen_keep_result(g);
    }
    return true;
}

bool gen_op(struct gen *g, enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    if (info->params[0] == 'X' || info->results[0] == 'X') {
        return gen_special(g, op);
    }
    if (info->lower == WX_LOWER_CONST || op == WX_OP_V128_CONST) {
        wx_valtype t = letter(g, info->results[0], NULL);
        gen_const(g, t, pick_bits(g));
        push(g, t);
        return true;
    }
    return gen_by_letters(g, op);
}

/* -------- the walk -------- */

static enum op_class class_of(const struct wx_op_info *info)
{
    if (info->pfx == 0xfd) {
        return CLASS_SIMD;
    }
    switch ((enum wx_lower)info->lower) {
    case WX_LOWER_CONTROL:
    case WX_LOWER_EXN:
    case WX_LOWER_CALL: return CLASS_CONTROL;
    case WX_LOWER_UNARY:
    case WX_LOWER_UNARY_TRAP:
    case WX_LOWER_BINARY:
    case WX_LOWER_BINARY_TRAP:
    case WX_LOWER_COMPARE:
    case WX_LOWER_WIDE: return CLASS_NUM;
    case WX_LOWER_LOAD:
    case WX_LOWER_STORE: return CLASS_MEM;
    case WX_LOWER_ATOMIC_LOAD:
    case WX_LOWER_ATOMIC_STORE:
    case WX_LOWER_ATOMIC_RMW:
    case WX_LOWER_ATOMIC_CMPXCHG:
    case WX_LOWER_ATOMIC_WAIT: return CLASS_ATOMIC;
    default: return CLASS_OTHER;
    }
}

void gen_collect_ops(struct gen *g)
{
    for (uint32_t op = 0; op < WX_OP_COUNT; op++) {
        const struct wx_op_info *info = &wx_op_table[op];
        bool closes = op == WX_OP_END || op == WX_OP_ELSE || op == WX_OP_CATCH ||
                      op == WX_OP_CATCH_ALL || op == WX_OP_DELEGATE;
        if (has(g, info->feature) && info->feature != WX_FEATURE_GC && !closes) {
            enum op_class c = class_of(info);
            g->ops[c][g->n_ops[c]++] = (uint16_t)op;
        }
    }
}

static void sink(struct gen *g)
{
    wx_valtype t = g->st[--g->sp];
    uint32_t idx;
    if (chance(g, 2) && find_local(g, t, &idx)) {
        emit_op(g, WX_OP_LOCAL_SET);
        wbuf_u32(&g->code, idx);
    } else if (chance(g, 2) && find_global(g, t, &idx) && g->globals[idx].mut) {
        emit_op(g, WX_OP_GLOBAL_SET);
        wbuf_u32(&g->code, idx);
    } else {
        emit_op(g, WX_OP_DROP);
    }
}

static void step(struct gen *g)
{
    static const uint8_t weights[16] = {CLASS_NUM,   CLASS_NUM,     CLASS_NUM,     CLASS_NUM,
                                        CLASS_MEM,   CLASS_MEM,     CLASS_SIMD,    CLASS_SIMD,
                                        CLASS_SIMD,  CLASS_ATOMIC,  CLASS_OTHER,   CLASS_OTHER,
                                        CLASS_OTHER, CLASS_CONTROL, CLASS_CONTROL, CLASS_CONTROL};
    enum op_class c = weights[pick(g, 16)];
    bool leaves = c == CLASS_ATOMIC || c == CLASS_OTHER || c == CLASS_CONTROL;
    if (!g->n_ops[c] || (leaves && g->calm)) {
        c = CLASS_NUM;
    }
    g->floor = g->base;
    while (g->sp > g->base && g->sp > MAX_STACK / 2) {
        sink(g);
    }
    if (g->budget) {
        g->budget--;
        if (g->opt.loops &&
            (gen_on_locals(g) || (c == CLASS_CONTROL && !chance(g, 3) && gen_around_locals(g)))) {
            return;
        }
        (void)gen_op(g, g->ops[c][pick(g, g->n_ops[c])]);
    }
}

void go_unreachable(struct gen *g)
{
    g->sp = g->base;
    g->unreachable = true;
}

/* Leave exactly these types above the base. */
void finish(struct gen *g, const wx_valtype *t, uint32_t n)
{
    uint32_t k = 0;
    if (g->unreachable && g->sp == g->base && chance(g, 2)) {
        return;
    }
    while (k < n && g->base + k < g->sp && g->st[g->base + k] == t[k]) {
        k++;
    }
    while (g->sp > g->base + k) {
        sink(g);
    }
    for (uint32_t i = k; i < n; i++) {
        (void)promise(g);
        gen_value(g, t[i]);
    }
}

/* counter += 1 */
static void count_turn(struct gen *g)
{
    uint32_t counter = g->labels[g->n_labels - 1].counter;
    emit_op(g, WX_OP_LOCAL_GET);
    wbuf_u32(&g->code, counter);
    gen_const(g, WX_KIND_I32, 1);
    emit_op(g, WX_OP_I32_ADD);
    emit_op(g, WX_OP_LOCAL_SET);
    wbuf_u32(&g->code, counter);
}

void gen_inside(struct gen *g, const struct gtype *type, bool loop)
{
    uint32_t base = g->base, floor = g->floor;
    bool unreachable = g->unreachable;
    g->base = g->floor = g->sp;
    g->unreachable = false;
    for (uint32_t i = 0; i < type->n_params; i++) {
        push(g, type->t[i]);
    }
    if (loop) {
        gen_fuel(g);
        count_turn(g);
    }
    if (loop && g->opt.loops && !g->calm && g->n_labels == 2) {
        g->calm = true; /* one inside it, of computation alone, decides who gets registers */
        (void)gen_block(g, WX_OP_LOOP);
        g->calm = false;
    }
    uint32_t n = pick(g, 12) * (loop && g->opt.loops ? 3 : 1);
    for (uint32_t i = 0; i < n && g->budget; i++) {
        step(g);
    }
    finish(g, type->t + type->n_params, type->n_results);
    g->sp = g->base;
    g->base = base;
    g->floor = floor;
    g->unreachable = unreachable;
}

/* if (fuel == 0) return defaults; fuel -= 1 */
void gen_fuel(struct gen *g)
{
    struct wbuf *b = &g->code;
    emit_op(g, WX_OP_GLOBAL_GET);
    wbuf_u32(b, g->n_globals);
    emit_op(g, WX_OP_I32_EQZ);
    emit_op(g, WX_OP_IF);
    wbuf_u8(b, 0x40);
    for (uint32_t i = 0; i < g->type->n_results; i++) {
        gen_default(g, g->type->t[g->type->n_params + i]);
    }
    emit_op(g, WX_OP_RETURN);
    emit_op(g, WX_OP_END);
    emit_op(g, WX_OP_GLOBAL_GET);
    wbuf_u32(b, g->n_globals);
    gen_const(g, WX_KIND_I32, 1);
    emit_op(g, WX_OP_I32_SUB);
    emit_op(g, WX_OP_GLOBAL_SET);
    wbuf_u32(b, g->n_globals);
}

static void make_locals(struct gen *g)
{
    uint32_t n_extra = g->opt.loops ? 8 + pick(g, 13) : pick(g, 10);
    g->n_locals = g->type->n_params;
    memcpy(g->locals, g->type->t, g->n_locals * sizeof *g->locals);
    for (uint32_t i = 0; i < n_extra; i++) {
        g->locals[g->n_locals++] = gen_local_type(g, i);
    }
    g->first_counter = g->n_locals;
    for (uint32_t i = 0; i <= MAX_NESTING; i++) {
        g->locals[g->n_locals++] = WX_KIND_I32;
    }
    static const uint8_t kinds[] = {WX_KIND_F32, WX_KIND_F64, WX_KIND_V128};
    for (uint32_t i = 0; i < (has(g, WX_FEATURE_SIMD) ? 3u : 2u); i++) {
        g->scratch[i] = g->n_locals;
        g->locals[g->n_locals++] = kinds[i];
    }
    uint32_t n_runs = g->n_locals - g->type->n_params;
    wbuf_u32(&g->code, n_runs);
    for (uint32_t i = g->type->n_params; i < g->n_locals; i++) {
        wbuf_u32(&g->code, 1);
        put_valtype(&g->code, g->locals[i]);
    }
}

void gen_body(struct gen *g, uint32_t func)
{
    g->type = &g->types[g->funcs[func]];
    g->sp = g->base = g->floor = g->n_labels = g->depth = 0;
    g->unreachable = false;
    g->budget = g->opt.max_instrs ? g->opt.max_instrs : g->opt.loops ? 300 : 80;
    make_locals(g);
    gen_fuel(g);
    struct label *l = &g->labels[g->n_labels++];
    *l = (struct label){.n = g->type->n_results};
    memcpy(l->t, g->type->t + g->type->n_params, l->n * sizeof *l->t);
    if (g->opt.loops) {
        (void)gen_block(g, WX_OP_LOOP);
    }
    while (g->budget && g->in < g->in_end && !chance(g, g->opt.loops ? 8 : 40)) {
        step(g);
    }
    if (g->opt.loops) {
        gen_write_locals(g, func);
    }
    finish(g, l->t, l->n);
    wbuf_u8(&g->code, 0x0b);
    gen_hits[WX_OP_END]++;
    g->type = NULL;
}
