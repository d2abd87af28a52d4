/* SPDX-License-Identifier: Apache-2.0 */
/* Instruction names and immediates in text, driven by the columns of opcodes.def. */
#include <string.h>

#include "base/bits.h"
#include "base/check.h"
#include "wasm/text/number.h"
#include "wasm/text/parser.h"

/* -------- names -------- */

static uint32_t hash_name(const char *s, size_t len)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < len; i++) {
        h = (h ^ (uint8_t)s[i]) * 16777619u;
    }
    return h ^ h >> 15;
}

void wx_p_init_ops(struct wx_parser *p)
{
    const uint32_t mask = WX_ARRAY_LEN(p->ops) - 1;
    _Static_assert((size_t)WX_OP_COUNT * 2 < WX_ARRAY_LEN(p->ops), "at most half full");
    for (unsigned op = 0; op < WX_OP_COUNT; op++) {
        if (op == WX_OP_SELECT_T) {
            continue; /* same name as SELECT, told apart by its immediates */
        }
        const char *text = wx_op_text[op];
        uint32_t i = hash_name(text, strlen(text)) & mask;
        while (p->ops[i]) {
            i = (i + 1) & mask;
        }
        p->ops[i] = (uint16_t)(op + 1);
    }
}

enum wx_op wx_p_find_op(const struct wx_parser *p, struct wx_tok t)
{
    const uint32_t mask = WX_ARRAY_LEN(p->ops) - 1;
    if (t.kind != WX_TOK_ATOM) {
        return WX_OP_INVALID;
    }
    for (uint32_t i = hash_name(wx_p_text(p, t), t.len) & mask; p->ops[i]; i = (i + 1) & mask) {
        if (wx_tok_is(p, t, wx_op_text[p->ops[i] - 1])) {
            return (enum wx_op)(p->ops[i] - 1);
        }
    }
    return WX_OP_INVALID;
}

/* Names the text format had before 2019. */
static const struct {
    const char *old, *now;
} renamed[] = {
    {"get_local", "local.get"},     {"set_local", "local.set"},
    {"tee_local", "local.tee"},     {"get_global", "global.get"},
    {"set_global", "global.set"},   {"current_memory", "memory.size"},
    {"grow_memory", "memory.grow"}, {"i32.wrap/i64", "i32.wrap_i64"},
    {"anyfunc", "funcref"},
};

#define MAX_NAME 32

/* Edits (insert, delete, replace, swap of neighbours counts two) between two short words. */
static unsigned distance(const char *a, size_t n, const char *b, size_t m)
{
    unsigned row[MAX_NAME + 1];
    for (unsigned k = 0; k <= m; k++) {
        row[k] = k;
    }
    for (unsigned i = 1; i <= n; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned k = 1; k <= m; k++) {
            unsigned best = diagonal + (a[i - 1] != b[k - 1]);
            best = best < row[k] + 1 ? best : row[k] + 1;
            best = best < row[k - 1] + 1 ? best : row[k - 1] + 1;
            diagonal = row[k];
            row[k] = best;
        }
    }
    return row[m];
}

const char *wx_p_nearest_op(const char *s, size_t len)
{
    for (size_t i = 0; i < WX_ARRAY_LEN(renamed); i++) {
        if (strlen(renamed[i].old) == len && memcmp(renamed[i].old, s, len) == 0) {
            return renamed[i].now;
        }
    }
    const char *best = NULL;
    unsigned best_distance = 3; /* more than two edits: another word */
    for (unsigned op = 0; op < WX_OP_COUNT && len >= 4 && len <= MAX_NAME; op++) {
        const char *text = wx_op_text[op];
        size_t text_len = strlen(text);
        if (text_len <= MAX_NAME && wx_op_table[op].feature != WX_FEATURE_GC) {
            unsigned d = distance(s, len, text, text_len);
            if (d < best_distance) {
                best_distance = d;
                best = text;
            }
        }
    }
    return best;
}

void wx_p_put_op(struct wx_strbuf *out, enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    if (info->pfx) {
        wx_emit_u8(out, info->pfx);
        wx_emit_u32(out, info->code);
    } else {
        wx_emit_u8(out, (uint8_t)info->code);
    }
}

/* -------- constants -------- */

static uint64_t constant(struct wx_parser *p, char kind, unsigned bits, const char *what)
{
    uint64_t v = 0;
    const char *s = wx_p_text(p, p->tok);
    enum wx_num_result r = WX_NUM_SYNTAX;
    if (p->tok.kind == WX_TOK_ATOM) {
        r = kind == 'f' ? wx_text_float(s, p->tok.len, bits, &v)
                        : wx_text_int(s, p->tok.len, bits, &v);
    }
    if (r == WX_NUM_RANGE) {
        wx_p_fail(p, "constant out of range: '%.*s' is no %s",
                  (int)(p->tok.len < 60 ? p->tok.len : 60), s, what);
    } else if (r != WX_NUM_OK) {
        wx_p_unexpected(p, what);
    }
    wx_p_advance(p);
    return v;
}

static void put_bytes(struct wx_strbuf *out, uint64_t v, unsigned n)
{
    wx_strbuf_add(out, (const char *)&v, n); /* little-endian hosts only: base/bits.h */
}

static void put_i32(struct wx_parser *p, struct wx_strbuf *out)
{
    wx_emit_s64(out, (int32_t)constant(p, 'i', 32, "an i32 constant"));
}

static void put_v128(struct wx_parser *p, struct wx_strbuf *out)
{
    static const struct {
        const char *shape, *what;
        char kind;
        uint8_t bits;
    } shapes[] = {
        {"i8x16", "an i8 constant", 'i', 8},   {"i16x8", "an i16 constant", 'i', 16},
        {"i32x4", "an i32 constant", 'i', 32}, {"i64x2", "an i64 constant", 'i', 64},
        {"f32x4", "an f32 constant", 'f', 32}, {"f64x2", "an f64 constant", 'f', 64},
    };
    for (size_t i = 0; i < WX_ARRAY_LEN(shapes); i++) {
        if (wx_p_accept(p, shapes[i].shape)) {
            unsigned n = 128 / shapes[i].bits;
            for (unsigned lane = 0; lane < n && wx_p_ok(p); lane++) {
                uint64_t v = constant(p, shapes[i].kind, shapes[i].bits, shapes[i].what);
                put_bytes(out, v, shapes[i].bits / 8);
            }
            return;
        }
    }
    wx_p_unexpected(p, "a vector shape like i32x4");
}

static void put_lane(struct wx_parser *p, struct wx_strbuf *out)
{
    uint64_t v = 0;
    enum wx_num_result r = p->tok.kind == WX_TOK_ATOM
                               ? wx_text_nat(wx_p_text(p, p->tok), p->tok.len, 8, &v)
                               : WX_NUM_SYNTAX;
    if (r == WX_NUM_RANGE) {
        wx_p_fail(p, "malformed lane index: out of range");
    } else if (r != WX_NUM_OK) {
        wx_p_unexpected(p, "a lane index");
    }
    wx_emit_u8(out, (uint8_t)v);
    wx_p_advance(p);
}

/* -------- memory arguments -------- */

/* "offset=N" or "align=N"; *ret keeps its value if it is absent. */
static bool field(struct wx_parser *p, const char *name, uint64_t *ret)
{
    size_t len = strlen(name);
    const char *s = wx_p_text(p, p->tok);
    if (p->tok.kind != WX_TOK_ATOM || p->tok.len <= len || memcmp(s, name, len) != 0) {
        return false;
    }
    enum wx_num_result r = wx_text_nat(s + len, p->tok.len - (uint32_t)len, 64, ret);
    if (r != WX_NUM_OK) {
        wx_p_fail(p,
                  r == WX_NUM_RANGE ? "%s out of range" : "unknown operator or bad number in '%s'",
                  name);
    }
    wx_p_advance(p);
    return true;
}

static void memarg_fields(struct wx_parser *p, struct wx_strbuf *out, unsigned access, uint32_t mem)
{
    uint64_t offset = 0, align = access;
    (void)field(p, "offset=", &offset);
    struct wx_tok at = p->tok;
    if (field(p, "align=", &align) && wx_p_ok(p) && !wx_is_pow2(align)) {
        wx_p_fail_at(p, WAX_E_MALFORMED, at.off, "alignment must be a power of two");
        return;
    }
    uint32_t log2 = wx_is_pow2(align) ? (uint32_t)__builtin_ctzll(align) : 0;
    wx_emit_u32(out, log2 | (mem ? 64u : 0u));
    if (mem) {
        wx_emit_u32(out, mem);
    }
    wx_emit_u64(out, offset);
}

static void put_memarg(struct wx_parser *p, struct wx_strbuf *out, unsigned access)
{
    uint32_t mem = wx_p_at_index(p) ? wx_p_index(p, WX_SPACE_MEMORY) : 0;
    memarg_fields(p, out, access, mem);
}

/* "MEM? offset? align? LANE": a number alone is the lane. */
static void put_memarg_lane(struct wx_parser *p, struct wx_strbuf *out, unsigned access)
{
    bool more = p->next.kind == WX_TOK_ATOM;
    const char *s = wx_p_text(p, p->next);
    more = more && ((*s >= '0' && *s <= '9') || *s == 'o' || *s == 'a');
    /* In flat code the next word may be an instruction: only these two are fields. */
    more = more && (*s <= '9' || (p->next.len > 6 && memcmp(s, "align=", 6) == 0) ||
                    (p->next.len > 7 && memcmp(s, "offset=", 7) == 0));
    uint32_t mem = 0;
    if (p->tok.kind == WX_TOK_ID || (wx_p_at_index(p) && more)) {
        mem = wx_p_index(p, WX_SPACE_MEMORY);
    }
    memarg_fields(p, out, access, mem);
    put_lane(p, out);
}

/* -------- labels -------- */

uint32_t wx_p_label(struct wx_parser *p)
{
    if (p->tok.kind != WX_TOK_ID) {
        return wx_p_u32(p, "a label");
    }
    struct wx_tok at = p->tok;
    const struct wx_sym *sym = wx_p_id(p);
    if (sym && !sym->label) {
        wx_p_fail_at(p, WAX_E_MALFORMED, at.off, "unknown label '$%.*s'",
                     (int)(sym->len < 100 ? sym->len : 100), sym->name);
    }
    return sym && sym->label ? (uint32_t)p->labels.n - sym->label : 0;
}

static void put_labels(struct wx_parser *p, struct wx_strbuf *out)
{
    uint32_t n = 0, last = wx_p_label(p);
    p->scratch.len = 0;
    struct wx_strbuf list;
    wx_strbuf_init(&list, p->mem);
    for (; wx_p_at_index(p) && wx_p_ok(p); n++) {
        wx_emit_u32(&list, last);
        last = wx_p_label(p);
    }
    wx_emit_u32(out, n);
    wx_strbuf_add(out, wx_strbuf_str(&list), list.len);
    wx_emit_u32(out, last);
    out->failed |= list.failed;
    wx_strbuf_fini(&list);
}

void wx_p_catches(struct wx_parser *p, struct wx_strbuf *out)
{
    static const char *const kinds[] = {"catch", "catch_ref", "catch_all", "catch_all_ref"};
    struct wx_strbuf list;
    wx_strbuf_init(&list, p->mem);
    uint32_t n = 0;
    for (bool more = true; more && wx_p_ok(p);) {
        more = false;
        for (unsigned k = 0; k < 4 && !more; k++) {
            if (wx_p_open(p, kinds[k])) {
                wx_emit_u8(&list, (uint8_t)k);
                if (k < 2) {
                    wx_emit_u32(&list, wx_p_index(p, WX_SPACE_TAG));
                }
                wx_emit_u32(&list, wx_p_label(p));
                wx_p_close(p);
                n++;
                more = true;
            }
        }
    }
    wx_emit_u32(out, n);
    wx_strbuf_add(out, wx_strbuf_str(&list), list.len);
    out->failed |= list.failed;
    wx_strbuf_fini(&list);
}

/* -------- everything else -------- */

static uint32_t local_index(struct wx_parser *p)
{
    if (p->tok.kind != WX_TOK_ID) {
        return wx_p_u32(p, "a local");
    }
    struct wx_tok at = p->tok;
    const struct wx_sym *sym = wx_p_id(p);
    bool known = sym && sym->local_func == p->func_serial + 1;
    if (sym && !known) {
        wx_p_fail_at(p, WAX_E_MALFORMED, at.off, "unknown local '$%.*s'",
                     (int)(sym->len < 100 ? sym->len : 100), sym->name);
    }
    return known ? sym->local : 0;
}

/* Two indices of one space, or none: 0 and 0. */
static void put_pair(struct wx_parser *p, struct wx_strbuf *out, enum wx_space space)
{
    bool given = wx_p_at_index(p);
    for (int i = 0; i < 2; i++) {
        wx_emit_u32(out, given ? wx_p_index(p, space) : 0);
    }
}

/* "X? SEGMENT": what the text gives first and may omit comes last in the binary. */
static void put_segment(struct wx_parser *p, struct wx_strbuf *out, enum wx_space space,
                        enum wx_space segments)
{
    bool both = p->next.kind == WX_TOK_ID ||
                (p->next.kind == WX_TOK_ATOM && *wx_p_text(p, p->next) >= '0' &&
                 *wx_p_text(p, p->next) <= '9');
    uint32_t idx = both && wx_p_at_index(p) ? wx_p_index(p, space) : 0;
    wx_emit_u32(out, wx_p_index(p, segments));
    wx_emit_u32(out, idx);
}

static void put_call_indirect(struct wx_parser *p, struct wx_strbuf *out)
{
    uint32_t table = wx_p_at_index(p) ? wx_p_index(p, WX_SPACE_TABLE) : 0;
    wx_emit_u32(out, wx_p_typeuse(p, false, false, NULL));
    wx_emit_u32(out, table);
}

static void put_types(struct wx_parser *p, struct wx_strbuf *out)
{
    uint32_t n = 0;
    p->results.len = 0;
    while (wx_p_open(p, "result")) {
        for (; p->tok.kind != WX_TOK_RPAR && wx_p_ok(p); n++) {
            wx_p_valtype(p, &p->results);
        }
        wx_p_close(p);
    }
    wx_emit_u32(out, n);
    wx_strbuf_add(out, wx_strbuf_str(&p->results), p->results.len);
}

static void put_optional(struct wx_parser *p, struct wx_strbuf *out, enum wx_space space)
{
    wx_emit_u32(out, wx_p_at_index(p) ? wx_p_index(p, space) : 0);
}

static void put_immediates(struct wx_parser *p, enum wx_op op, struct wx_strbuf *out)
{
    const struct wx_op_info *info = &wx_op_table[op];
    switch ((enum wx_imm)info->imm) {
    case WX_IMM_NONE:
    case WX_IMM_BLOCK:
    case WX_IMM_TRY_TABLE: break; /* blocks: parse_instrs.c */
    case WX_IMM_LABEL: wx_emit_u32(out, wx_p_label(p)); break;
    case WX_IMM_LABELS: put_labels(p, out); break;
    case WX_IMM_FUNC: wx_emit_u32(out, wx_p_index(p, WX_SPACE_FUNC)); break;
    case WX_IMM_TYPE: wx_emit_u32(out, wx_p_index(p, WX_SPACE_TYPE)); break;
    case WX_IMM_TYPE_TABLE: put_call_indirect(p, out); break;
    case WX_IMM_TYPES: put_types(p, out); break;
    case WX_IMM_LOCAL: wx_emit_u32(out, local_index(p)); break;
    case WX_IMM_GLOBAL: wx_emit_u32(out, wx_p_index(p, WX_SPACE_GLOBAL)); break;
    case WX_IMM_TABLE: put_optional(p, out, WX_SPACE_TABLE); break;
    case WX_IMM_TABLE2: put_pair(p, out, WX_SPACE_TABLE); break;
    case WX_IMM_ELEM: wx_emit_u32(out, wx_p_index(p, WX_SPACE_ELEM)); break;
    case WX_IMM_ELEM_TABLE: put_segment(p, out, WX_SPACE_TABLE, WX_SPACE_ELEM); break;
    case WX_IMM_MEMARG: put_memarg(p, out, info->access); break;
    case WX_IMM_MEMARG_LANE: put_memarg_lane(p, out, info->access); break;
    case WX_IMM_MEM: put_optional(p, out, WX_SPACE_MEMORY); break;
    case WX_IMM_MEM2: put_pair(p, out, WX_SPACE_MEMORY); break;
    case WX_IMM_DATA:
        p->uses_data = true;
        wx_emit_u32(out, wx_p_index(p, WX_SPACE_DATA));
        break;
    case WX_IMM_DATA_MEM:
        p->uses_data = true;
        put_segment(p, out, WX_SPACE_MEMORY, WX_SPACE_DATA);
        break;
    case WX_IMM_I32: put_i32(p, out); break;
    case WX_IMM_I64: wx_emit_s64(out, (int64_t)constant(p, 'i', 64, "an i64 constant")); break;
    case WX_IMM_F32: put_bytes(out, constant(p, 'f', 32, "an f32 constant"), 4); break;
    case WX_IMM_F64: put_bytes(out, constant(p, 'f', 64, "an f64 constant"), 8); break;
    case WX_IMM_V128: put_v128(p, out); break;
    case WX_IMM_LANE: put_lane(p, out); break;
    case WX_IMM_LANES16:
        for (int i = 0; i < 16 && wx_p_ok(p); i++) {
            put_lane(p, out);
        }
        break;
    case WX_IMM_HEAP: wx_p_heaptype(p, out); break;
    case WX_IMM_TAG: wx_emit_u32(out, wx_p_index(p, WX_SPACE_TAG)); break;
    case WX_IMM_FENCE: wx_emit_u8(out, 0); break;
    }
}

void wx_p_instr(struct wx_parser *p, enum wx_op op, struct wx_tok at, struct wx_strbuf *out)
{
    if (op == WX_OP_SELECT && wx_p_at(p, "result")) {
        op = WX_OP_SELECT_T;
    }
    if (wx_op_table[op].feature == WX_FEATURE_GC) {
        wx_p_fail_at(p, WAX_E_UNSUPPORTED, at.off,
                     "garbage-collected types are not supported ('%s')", wx_op_text[op]);
        return;
    }
    wx_p_put_op(out, op);
    put_immediates(p, op, out);
}
