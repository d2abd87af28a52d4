/* SPDX-License-Identifier: Apache-2.0 */
/* State and helpers shared by the files of the text parser. */
#ifndef WX_WASM_TEXT_PARSER_H
#define WX_WASM_TEXT_PARSER_H

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "wasm/opcodes.h"
#include "wasm/text/lexer.h"
#include "wasm/text/text.h"

/* Index spaces that identifiers of module fields live in. */
enum wx_space {
    WX_SPACE_TYPE,
    WX_SPACE_FUNC,
    WX_SPACE_TABLE,
    WX_SPACE_MEMORY,
    WX_SPACE_GLOBAL,
    WX_SPACE_TAG,
    WX_SPACE_ELEM,
    WX_SPACE_DATA,
    WX_SPACE_COUNT
};

/** An identifier of the text: one per spelling, so that looking it up costs one hash. */
struct wx_sym {
    const char *name; /* without $, unquoted */
    uint32_t len;
    uint32_t idx[WX_SPACE_COUNT]; /* index + 1 in each space, 0 = none */
    uint32_t local;               /* index in function local_func */
    uint32_t local_func;          /* number of the function + 1 */
    uint32_t label;               /* innermost label of that name: height of the stack, 0 = none */
};

struct wx_text_type {
    uint32_t off, len; /* in type_bytes: parameters and results as in the binary format */
    uint32_t n_params;
    bool is_func; /* a function type that is not known here otherwise */
};

struct wx_text_label {
    struct wx_sym *sym; /* NULL if it has no name */
    uint32_t outer;     /* what sym->label was before */
};

/* What an open construct of an instruction sequence is, hence what may come next in it. */
enum wx_frame_kind {
    WX_FRAME_FLAT,       /* block … end */
    WX_FRAME_FOLD_BLOCK, /* "(block": instructions up to ")" */
    WX_FRAME_FOLD_PLAIN, /* "(i32.add": operands up to ")", then the instruction */
    WX_FRAME_FOLD_IF,    /* "(if": operands, then arms */
    WX_FRAME_FOLD_TRY,   /* "(try": arms */
    WX_FRAME_ARM         /* "(then", "(do", "(catch": instructions up to ")" */
};

struct wx_text_frame {
    uint8_t kind;
    uint8_t state; /* FOLD_IF: arms seen; FOLD_TRY: 0 do missing, 1 catches, 2 no more arms */
    bool no_end;   /* closed by delegate */
    uint16_t op;   /* enum wx_op; FLAT: the latest of if/else, try/catch/catch_all */
    uint32_t pend; /* FOLD_PLAIN, FOLD_IF: where its bytes begin in `pending` */
    uint32_t off;  /* in the text */
    struct wx_sym *label;
};

struct wx_text_name {
    uint32_t idx;
    const struct wx_sym *sym;
};

struct wx_text_local_name {
    uint32_t func, local;
    const struct wx_sym *sym;
};

/* Sections as they are written, in module order. */
enum wx_text_section {
    WX_OUT_TYPE,
    WX_OUT_IMPORT,
    WX_OUT_FUNC,
    WX_OUT_TABLE,
    WX_OUT_MEMORY,
    WX_OUT_TAG,
    WX_OUT_GLOBAL,
    WX_OUT_EXPORT,
    WX_OUT_START,
    WX_OUT_ELEM,
    WX_OUT_DATA_COUNT,
    WX_OUT_CODE,
    WX_OUT_DATA,
    WX_OUT_COUNT
};

typedef WX_VEC(struct wx_text_mark) wx_text_marks;

/** Bytes with the places they came from. */
struct wx_text_out {
    struct wx_strbuf b;
    wx_text_marks marks;
    uint32_t n; /* elements */
};

/** A custom section given by an annotation. */
struct wx_text_custom {
    uint8_t section; /* enum wx_text_section it stands at; WX_OUT_COUNT = at the end */
    bool after;
    uint32_t off, len; /* name and payload in custom_bytes */
};

/**
 * The parser. Like the binary reader it keeps its first failure and from then on sees only the end
 * of the text, so that callers check rarely and loops end.
 */
struct wx_parser {
    struct wx_mem *mem;
    const struct wx_decode_limits *limits;
    wax_error **err;
    wax_status status;
    struct wx_lexer lx;
    struct wx_tok tok, next; /* the token at hand and the one behind it */
    uint32_t field_depth;    /* parentheses around module fields: 0 or 1 */
    uint32_t body_off;       /* of the first field */

    struct wx_arena *arena;
    struct wx_map syms; /* name -> struct wx_sym */
    uint32_t n_idx[WX_SPACE_COUNT];
    WX_VEC(struct wx_text_name) names[WX_SPACE_COUNT];
    WX_VEC(struct wx_text_local_name) local_names;
    struct wx_sym *module_name;
    WX_VEC(uint32_t) type_fields; /* offsets of the words type and rec */

    WX_VEC(struct wx_text_type) types;
    struct wx_strbuf type_bytes;
    struct wx_map type_map; /* bytes of a plain function type -> index + 1 */
    uint32_t n_explicit;    /* types written as fields */
    bool wants_later_type;  /* a type index was used before its implicit type was made */
    bool checks_later_type; /* … with a signature beside it, at this place: */
    struct wx_tok later_type_at;
    struct wx_strbuf params, results, key; /* scratch of type uses */

    /* While fields are encoded: the next index of each space. */
    uint32_t at[WX_SPACE_COUNT];
    bool defined_something; /* imports may no longer come */
    bool has_start;
    bool uses_data; /* an instruction names a data segment */
    uint32_t func_serial;

    WX_VEC(struct wx_text_frame) frames;
    WX_VEC(struct wx_text_label) labels;
    struct wx_text_out code; /* of one expression */
    struct wx_strbuf pending;
    struct wx_strbuf scratch;
    /* Parts of the field at hand. */
    struct wx_strbuf head;
    struct wx_text_out offset, items;

    struct wx_text_out out[WX_OUT_COUNT];
    WX_VEC(struct wx_text_custom) customs;
    struct wx_strbuf custom_bytes;

    uint16_t ops[2048]; /* hash of instruction names: op + 1 */
};

/* -------- parser.c: tokens, failures, names, output -------- */

/** Ready to read `text`; to be freed by wx_p_fini(), also after a failure. */
wax_status wx_p_init(struct wx_parser *p, struct wx_mem *mem, const char *text, size_t len,
                     const struct wx_decode_limits *limits, wax_error **err);
void wx_p_fini(struct wx_parser *p);
static inline bool wx_p_ok(const struct wx_parser *p) { return p->status == WAX_OK; }
void wx_p_fail_at(struct wx_parser *p, wax_status status, uint32_t off, const char *format, ...)
    WX_PRINTF(4, 5);
/** Malformed at the token at hand. */
void wx_p_fail(struct wx_parser *p, const char *format, ...) WX_PRINTF(2, 3);
/** "unexpected token 'x': expected WHAT". */
void wx_p_unexpected(struct wx_parser *p, const char *expected);
void wx_p_nomem(struct wx_parser *p);
void wx_p_advance(struct wx_parser *p);
/** Continue at an offset where `depth` parentheses are open. */
void wx_p_seek(struct wx_parser *p, uint32_t off, uint32_t depth);
static inline const char *wx_p_text(const struct wx_parser *p, struct wx_tok t)
{
    return p->lx.text + t.off;
}
bool wx_tok_is(const struct wx_parser *p, struct wx_tok t, const char *keyword);
/** Is "(keyword" next? */
static inline bool wx_p_at(const struct wx_parser *p, const char *keyword)
{
    return p->tok.kind == WX_TOK_LPAR && wx_tok_is(p, p->next, keyword);
}
/** Take "(keyword" if it is next. */
bool wx_p_open(struct wx_parser *p, const char *keyword);
/** Take the keyword if it is next. */
bool wx_p_accept(struct wx_parser *p, const char *keyword);
/** Take ")" or fail. */
void wx_p_close(struct wx_parser *p);
/**
 * Behind "(": skip to behind the matching ")". `start` is shown if there is none; `at_open` sees
 * each "(" directly inside.
 */
void wx_p_skip(struct wx_parser *p, uint32_t start, void (*at_open)(struct wx_parser *p));
/** The identifier at hand, taken; NULL if there is none. */
struct wx_sym *wx_p_id(struct wx_parser *p);
/** Give the next index of a space to a name (NULL: none). */
void wx_p_bind(struct wx_parser *p, enum wx_space space, struct wx_sym *sym, struct wx_tok at);
/** Is an index (number or identifier) next? */
bool wx_p_at_index(const struct wx_parser *p);
uint32_t wx_p_index(struct wx_parser *p, enum wx_space space);
uint32_t wx_p_u32(struct wx_parser *p, const char *what);
uint64_t wx_p_u64(struct wx_parser *p, const char *what);
/** Append the bytes of one string token to out. */
void wx_p_string(struct wx_parser *p, struct wx_strbuf *out);
/** Append a name: a string that must be UTF-8, with its length before it. */
void wx_p_name(struct wx_parser *p, struct wx_strbuf *out);

void wx_emit_u32(struct wx_strbuf *b, uint32_t v);
void wx_emit_u64(struct wx_strbuf *b, uint64_t v);
void wx_emit_s64(struct wx_strbuf *b, int64_t v);
static inline void wx_emit_u8(struct wx_strbuf *b, uint8_t v)
{
    if (b->len + 1 < b->cap) {
        b->p[b->len++] = (char)v;
        b->p[b->len] = '\0';
    } else {
        wx_strbuf_add(b, (const char *)&v, 1);
    }
}
/** What comes next in `out` came from this place of the text. */
void wx_p_mark(struct wx_parser *p, struct wx_text_out *out, uint32_t text_off);
/** Append code with its marks to a section and empty it. */
void wx_p_append(struct wx_parser *p, struct wx_text_out *to, struct wx_text_out *from);

/* -------- parse_types.c -------- */

void wx_p_valtype(struct wx_parser *p, struct wx_strbuf *out);
void wx_p_reftype(struct wx_parser *p, struct wx_strbuf *out);
bool wx_p_at_reftype(const struct wx_parser *p);
void wx_p_heaptype(struct wx_parser *p, struct wx_strbuf *out);
/** A type field or group; behind its "(". */
void wx_p_type_field(struct wx_parser *p);
/**
 * (type x)? (param …)* (result …)*: the type's index. `bind` gives parameters their names as
 * locals of the function at hand; without it names are errors unless `names_ok`.
 */
uint32_t wx_p_typeuse(struct wx_parser *p, bool bind, bool names_ok, uint32_t *ret_n_params);
/** Block type: label and catches are the caller's. */
void wx_p_blocktype(struct wx_parser *p, struct wx_strbuf *out);
void wx_p_bind_local(struct wx_parser *p, struct wx_sym *sym, uint32_t idx, struct wx_tok at);
/* Both behind their address type. */
void wx_p_tabletype(struct wx_parser *p, bool is64, struct wx_strbuf *out);
void wx_p_memtype(struct wx_parser *p, bool is64, struct wx_strbuf *out);
void wx_p_globaltype(struct wx_parser *p, struct wx_strbuf *out);
/** The address type i32 or i64 if it is written; true for i64. */
bool wx_p_addrtype(struct wx_parser *p);
/** Limits with a maximum, not shared; page_shift < 0 = the default. */
void wx_p_put_limits(struct wx_strbuf *out, bool is64, uint64_t min, uint64_t max, int page_shift);
/** (pagesize N)? as its logarithm; -1 if it is absent. */
int wx_p_pagesize(struct wx_parser *p);

/* -------- parse_instrs.c, parse_imm.c -------- */

/** Instructions into p->code up to (not including) the ")" that ends them; `end` appended. */
void wx_p_expr(struct wx_parser *p);
/** One folded instruction (or several flat ones never) as a constant expression. */
void wx_p_folded_expr(struct wx_parser *p);
/** The instruction named by a token; WX_OP_INVALID if there is none. */
enum wx_op wx_p_find_op(const struct wx_parser *p, struct wx_tok t);
/** An instruction's name that could have been meant by a wrong one; NULL if none is near. */
const char *wx_p_nearest_op(const char *s, size_t len);
void wx_p_init_ops(struct wx_parser *p);
/** Opcode and immediates of anything but blocks; behind its name. */
void wx_p_instr(struct wx_parser *p, enum wx_op op, struct wx_tok at, struct wx_strbuf *out);
void wx_p_put_op(struct wx_strbuf *out, enum wx_op op);
/** Depth of a label, given by number or name. */
uint32_t wx_p_label(struct wx_parser *p);
void wx_p_catches(struct wx_parser *p, struct wx_strbuf *out);

/* -------- parse_fields.c -------- */

/** First pass: names and numbers of one field; behind its "(". */
void wx_p_declare_field(struct wx_parser *p);
/** Last pass: encode one field; behind its "(". */
void wx_p_field(struct wx_parser *p);
void wx_p_custom_annotation(struct wx_parser *p);

/* -------- assemble.c -------- */

void wx_p_assemble(struct wx_parser *p, struct wx_text_module *ret);

#endif
