/* SPDX-License-Identifier: Apache-2.0 */
/* Printing of instructions, driven by the columns of opcodes.def. */
/* The module was validated: every opcode, index and label read here is good. */
#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "base/check.h"
#include "wasm/text/number.h"
#include "wasm/text/printer.h"

static enum wx_op read_op(struct wx_reader *r)
{
    uint8_t byte = wx_read_u8(r);
    enum wx_op op =
        byte >= 0xfb && byte <= 0xfe ? wx_op_find(byte, wx_read_u32(r)) : wx_op_find(0, byte);
    return op == WX_OP_INVALID ? WX_OP_NOP : op;
}

/* -------- immediates -------- */

static void print_float(struct wx_printer *pr, uint64_t bits, unsigned width)
{
    char text[WX_FLOAT_TEXT_MAX];
    uint32_t len = wx_text_float_print(bits, width, text);
    wx_print(pr, " ");
    wx_strbuf_add(pr->out, text, len);
}

static uint64_t read_bits(struct wx_reader *r, unsigned n)
{
    uint64_t v = 0;
    const uint8_t *p = wx_read_bytes(r, n);
    if (p) {
        memcpy(&v, p, n);
    }
    return v;
}

static void print_index_if(struct wx_printer *pr, enum wx_space space, uint32_t idx)
{
    if (idx) {
        wx_print_index(pr, space, idx);
    }
}

/* Depth, and the nesting it leads to as blocks show it. */
static void print_label(struct wx_printer *pr, struct wx_reader *r, uint32_t nesting)
{
    uint32_t depth = wx_read_u32(r);
    wx_strbuf_addf(pr->out, " %u", depth);
    if (depth < nesting) {
        wx_strbuf_addf(pr->out, " (;@%u;)", nesting - depth);
    }
}

static void print_labels(struct wx_printer *pr, struct wx_reader *r, uint32_t nesting)
{
    uint32_t n = wx_read_u32(r);
    for (uint64_t i = 0; i <= n && wx_reader_ok(r); i++) {
        print_label(pr, r, nesting);
    }
}

static void print_blocktype(struct wx_printer *pr, struct wx_reader *r)
{
    const uint8_t *start = r->p;
    int64_t code = wx_read_s33(r);
    if (code >= 0) {
        wx_print(pr, " (type");
        wx_print_index(pr, WX_SPACE_TYPE, (uint32_t)code);
        wx_print(pr, ")");
        wx_print_signature(pr, &pr->m->types[code], false);
    } else if (code != -0x40) {
        wx_print(pr, " (result ");
        r->p = start;
        wx_print_valtype(pr, wx_print_read_valtype(r));
        wx_print(pr, ")");
    }
}

static void print_catches(struct wx_printer *pr, struct wx_reader *r, uint32_t nesting)
{
    static const char *const kinds[] = {"catch", "catch_ref", "catch_all", "catch_all_ref"};
    uint32_t n = wx_read_u32(r);
    for (uint32_t i = 0; i < n && wx_reader_ok(r); i++) {
        uint8_t kind = wx_read_u8(r) & 3;
        wx_strbuf_addf(pr->out, " (%s", kinds[kind]);
        if (kind < 2) {
            wx_print_index(pr, WX_SPACE_TAG, wx_read_u32(r));
        }
        print_label(pr, r, nesting);
        wx_print(pr, ")");
    }
}

static void print_memarg(struct wx_printer *pr, struct wx_reader *r, unsigned access)
{
    uint32_t flags = wx_read_u32(r);
    print_index_if(pr, WX_SPACE_MEMORY, flags & 64 ? wx_read_u32(r) : 0);
    uint64_t offset = wx_read_u64(r), align = UINT64_C(1) << (flags & 63);
    if (offset) {
        wx_strbuf_addf(pr->out, " offset=%" PRIu64, offset);
    }
    if (align != access) {
        wx_strbuf_addf(pr->out, " align=%" PRIu64, align);
    }
}

static void print_v128(struct wx_printer *pr, struct wx_reader *r)
{
    wx_print(pr, " i32x4");
    for (int i = 0; i < 4; i++) {
        wx_strbuf_addf(pr->out, " 0x%08x", (uint32_t)read_bits(r, 4));
    }
}

static void print_types(struct wx_printer *pr, struct wx_reader *r)
{
    uint32_t n = wx_read_u32(r);
    wx_print(pr, " (result");
    for (uint32_t i = 0; i < n && wx_reader_ok(r); i++) {
        wx_print(pr, " ");
        wx_print_valtype(pr, wx_print_read_valtype(r));
    }
    wx_print(pr, ")");
}

/* Destination and source; nothing when both are 0. */
static void print_pair(struct wx_printer *pr, struct wx_reader *r, enum wx_space space)
{
    uint32_t a = wx_read_u32(r), b = wx_read_u32(r);
    if (a || b) {
        wx_print_index(pr, space, a);
        wx_print_index(pr, space, b);
    }
}

/* The text gives last what the binary gives first. */
static void print_segment(struct wx_printer *pr, struct wx_reader *r, enum wx_space space,
                          enum wx_space segments)
{
    uint32_t segment = wx_read_u32(r);
    print_index_if(pr, space, wx_read_u32(r));
    wx_print_index(pr, segments, segment);
}

static void print_local(struct wx_printer *pr, uint32_t idx)
{
    if (pr->local_ids && pr->local_ids[idx].len) {
        wx_print(pr, " ");
        wx_strbuf_add(pr->out, pr->local_ids[idx].p, pr->local_ids[idx].len);
    } else {
        wx_strbuf_addf(pr->out, " %u", idx);
    }
}

static void print_call_indirect(struct wx_printer *pr, struct wx_reader *r)
{
    uint32_t type = wx_read_u32(r);
    print_index_if(pr, WX_SPACE_TABLE, wx_read_u32(r));
    wx_print(pr, " (type");
    wx_print_index(pr, WX_SPACE_TYPE, type);
    wx_print(pr, ")");
}

/* Those of the table's column that are one index of a space; WX_SPACE_COUNT for the others. */
static enum wx_space index_space(enum wx_imm imm)
{
    switch (imm) {
    case WX_IMM_FUNC: return WX_SPACE_FUNC;
    case WX_IMM_TYPE: return WX_SPACE_TYPE;
    case WX_IMM_GLOBAL: return WX_SPACE_GLOBAL;
    case WX_IMM_ELEM: return WX_SPACE_ELEM;
    case WX_IMM_DATA: return WX_SPACE_DATA;
    case WX_IMM_TAG: return WX_SPACE_TAG;
    default: return WX_SPACE_COUNT;
    }
}

/* `nesting`: blocks open around the instruction. */
static void print_immediates(struct wx_printer *pr, enum wx_op op, struct wx_reader *r,
                             uint32_t nesting)
{
    const struct wx_op_info *info = &wx_op_table[op];
    switch ((enum wx_imm)info->imm) {
    case WX_IMM_NONE: break;
    case WX_IMM_BLOCK: print_blocktype(pr, r); break;
    case WX_IMM_TRY_TABLE:
        print_blocktype(pr, r);
        print_catches(pr, r, nesting);
        break;
    case WX_IMM_LABEL: print_label(pr, r, nesting); break;
    case WX_IMM_LABELS: print_labels(pr, r, nesting); break;
    case WX_IMM_TYPE_TABLE: print_call_indirect(pr, r); break;
    case WX_IMM_TYPES: print_types(pr, r); break;
    case WX_IMM_LOCAL: print_local(pr, wx_read_u32(r)); break;
    case WX_IMM_TABLE: print_index_if(pr, WX_SPACE_TABLE, wx_read_u32(r)); break;
    case WX_IMM_TABLE2: print_pair(pr, r, WX_SPACE_TABLE); break;
    case WX_IMM_ELEM_TABLE: print_segment(pr, r, WX_SPACE_TABLE, WX_SPACE_ELEM); break;
    case WX_IMM_MEMARG: print_memarg(pr, r, info->access); break;
    case WX_IMM_MEMARG_LANE:
        print_memarg(pr, r, info->access);
        wx_strbuf_addf(pr->out, " %u", wx_read_u8(r));
        break;
    case WX_IMM_MEM: print_index_if(pr, WX_SPACE_MEMORY, wx_read_u32(r)); break;
    case WX_IMM_MEM2: print_pair(pr, r, WX_SPACE_MEMORY); break;
    case WX_IMM_DATA_MEM: print_segment(pr, r, WX_SPACE_MEMORY, WX_SPACE_DATA); break;
    case WX_IMM_I32: wx_strbuf_addf(pr->out, " %" PRId32, wx_read_s32(r)); break;
    case WX_IMM_I64: wx_strbuf_addf(pr->out, " %" PRId64, wx_read_s64(r)); break;
    case WX_IMM_F32: print_float(pr, read_bits(r, 4), 32); break;
    case WX_IMM_F64: print_float(pr, read_bits(r, 8), 64); break;
    case WX_IMM_V128: print_v128(pr, r); break;
    case WX_IMM_LANE: wx_strbuf_addf(pr->out, " %u", wx_read_u8(r)); break;
    case WX_IMM_LANES16:
        for (int i = 0; i < 16; i++) {
            wx_strbuf_addf(pr->out, " %u", wx_read_u8(r));
        }
        break;
    case WX_IMM_HEAP:
        wx_print(pr, " ");
        wx_print_heaptype(pr, wx_print_read_heaptype(r));
        break;
    case WX_IMM_FENCE: (void)wx_read_u8(r); break;
    case WX_IMM_FUNC:
    case WX_IMM_TYPE:
    case WX_IMM_GLOBAL:
    case WX_IMM_ELEM:
    case WX_IMM_DATA:
    case WX_IMM_TAG: wx_print_index(pr, index_space((enum wx_imm)info->imm), wx_read_u32(r)); break;
    }
}

/* -------- sequences -------- */

static bool opens(enum wx_op op)
{
    return op == WX_OP_BLOCK || op == WX_OP_LOOP || op == WX_OP_IF || op == WX_OP_TRY ||
           op == WX_OP_TRY_TABLE;
}

static bool continues(enum wx_op op)
{
    return op == WX_OP_ELSE || op == WX_OP_CATCH || op == WX_OP_CATCH_ALL;
}

void wx_print_body(struct wx_printer *pr, const struct wx_func_def *f)
{
    struct wx_reader r;
    wx_reader_init(&r, pr->m->bytes, f->body_off, f->body_len, "function body", NULL);
    uint32_t nesting = 0;
    unsigned base = pr->indent;
    while (wx_reader_left(&r) > 1) { /* the last `end` is the function's */
        enum wx_op op = read_op(&r);
        if (op == WX_OP_END || op == WX_OP_DELEGATE) {
            nesting -= nesting > 0;
        }
        pr->indent = base + nesting - (continues(op) && nesting ? 1 : 0);
        wx_print_line(pr);
        wx_print(pr, wx_op_text[op]);
        print_immediates(pr, op, &r, nesting);
        if (opens(op)) {
            nesting++;
            wx_strbuf_addf(pr->out, " ;; @%u", nesting);
        }
    }
    pr->indent = base;
}

void wx_print_constexpr(struct wx_printer *pr, const struct wx_constexpr *e, const char *word)
{
    struct wx_strbuf *out = pr->out;
    struct wx_reader r;
    wx_reader_init(&r, pr->m->bytes, e->off, e->len, "constant expression", NULL);
    size_t start = out->len;
    unsigned n = 0;
    for (; wx_reader_left(&r) > 1; n++) {
        enum wx_op op = read_op(&r);
        wx_print(pr, n ? " " : " (");
        wx_print(pr, wx_op_text[op]);
        print_immediates(pr, op, &r, 0);
    }
    if (n == 1) {
        wx_print(pr, ")");
    } else if (!out->failed && n > 1) { /* now it is known that this is no folded instruction */
        out->len = start;
        wx_reader_init(&r, pr->m->bytes, e->off, e->len, "constant expression", NULL);
        if (word) {
            wx_strbuf_addf(out, " (%s", word);
        }
        while (wx_reader_left(&r) > 1) {
            enum wx_op op = read_op(&r);
            wx_print(pr, " ");
            wx_print(pr, wx_op_text[op]);
            print_immediates(pr, op, &r, 0);
        }
        wx_print(pr, word ? ")" : "");
    }
}
