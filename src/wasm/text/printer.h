/* SPDX-License-Identifier: Apache-2.0 */
/* State shared by the files of the printer. */
#ifndef WX_WASM_TEXT_PRINTER_H
#define WX_WASM_TEXT_PRINTER_H

#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "wasm/opcodes.h"
#include "wasm/reader.h"
#include "wasm/text/parser.h"

/** Name of one local, from the name section. */
struct wx_print_local {
    uint32_t func, local;
    struct wx_name name;
};

struct wx_printer {
    const struct wx_module *m;
    struct wx_mem *mem;
    struct wx_arena *arena;
    struct wx_strbuf *out;
    unsigned indent;
    uint32_t n[WX_SPACE_COUNT];
    const struct wx_name *ids[WX_SPACE_COUNT]; /* "$name" as it is printed; empty = none */
    WX_VEC(struct wx_print_local) locals;      /* by function, then local */
    size_t local_at;                           /* first one of the function at hand or later */
    const struct wx_name *local_ids;           /* of the function at hand; NULL if it has none */
    bool failed;                               /* out of memory */
};

/* print_names.c */
/** Read the name section; a broken one gives what could be read. */
void wx_print_read_names(struct wx_printer *pr);
/** Names of a function's locals into local_ids; functions must come in ascending order. */
void wx_print_enter_func(struct wx_printer *pr, uint32_t func_idx, uint32_t n_locals);
/** A quoted string; `is_data` escapes everything past ASCII, otherwise only what may not be shown.
 */
void wx_print_string(struct wx_strbuf *out, const void *bytes, size_t len, bool is_data);

/* print.c */
static inline void wx_print(struct wx_printer *pr, const char *s)
{
    wx_strbuf_add(pr->out, s, strlen(s));
}
/** A new line at the present indentation. */
void wx_print_line(struct wx_printer *pr);
/** " $name" or " 3" */
void wx_print_index(struct wx_printer *pr, enum wx_space space, uint32_t idx);
void wx_print_valtype(struct wx_printer *pr, wx_valtype type);
/** Types as the binary format writes them. */
wx_valtype wx_print_read_valtype(struct wx_reader *r);
uint32_t wx_print_read_heaptype(struct wx_reader *r);
void wx_print_heaptype(struct wx_printer *pr, uint32_t heap);
/** " (param …) (result …)"; with names of the function at hand if `names`. */
void wx_print_signature(struct wx_printer *pr, const struct wx_functype *t, bool names);

/* print_instrs.c */
void wx_print_body(struct wx_printer *pr, const struct wx_func_def *f);
/**
 * " (i32.const 1)" for a single instruction, else " (WORD i32.const 1 i32.const 2 i32.add)",
 * without parentheses if word is NULL.
 */
void wx_print_constexpr(struct wx_printer *pr, const struct wx_constexpr *e, const char *word);

#endif
