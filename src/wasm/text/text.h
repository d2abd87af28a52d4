/* SPDX-License-Identifier: Apache-2.0 */
/* The text format: to binary, and back. */
#ifndef WX_WASM_TEXT_TEXT_H
#define WX_WASM_TEXT_TEXT_H

#include <waxwing/script.h>

#include "base/strbuf.h"
#include "wasm/module.h"

/** Where an instruction or field of the binary module came from. */
struct wx_text_mark {
    uint32_t off;      /* in the module */
    uint32_t text_off; /* in the text */
};

/** A binary module made from text. Not validated: that is wx_module_decode()'s. */
struct wx_text_module {
    struct wx_strbuf bytes;
    struct wx_text_mark *marks; /* by ascending off */
    size_t n_marks;
};

/** Do the bytes look like text (rather than a binary module)? */
bool wx_text_detect(const void *bytes, size_t len);
/**
 * Encode a module given as text: "(module …)" or its fields alone.
 *
 * @param ret_module  to be freed by wx_text_module_fini(), also after a failure
 * @return WAX_OK; WAX_E_MALFORMED, WAX_E_UNSUPPORTED, WAX_E_LIMIT with line, column and excerpt in
 *         the error; WAX_E_NOMEM
 */
wax_status wx_text_encode(struct wx_mem *mem, const char *text, size_t len,
                          const struct wx_decode_limits *limits, struct wx_text_module *ret_module,
                          wax_error **err);
void wx_text_module_fini(struct wx_text_module *module);
/** Give an error about the binary module its place in the text. */
void wx_text_locate(const struct wx_text_module *module, const char *text, size_t len,
                    wax_error **err);
/** Line and column (in characters, from 1) of an offset. */
void wx_text_position(const char *text, size_t len, size_t off, uint32_t *ret_line,
                      uint32_t *ret_column);
/** Set line, column and excerpt of an error about text at `off`. */
void wx_text_point_at(const char *text, size_t len, size_t off, wax_error **err);

/** A script (.wast): its commands as <waxwing/script.h> describes them. */
struct wx_script {
    struct wx_mem *mem;
    struct wx_arena *arena; /* holds everything */
    const wax_script_command *commands;
    size_t n;
};
/** Text is copied. Modules in it are not parsed yet. @return as wx_text_encode() */
wax_status wx_script_parse(struct wx_mem *mem, const char *text, size_t len,
                           const struct wx_decode_limits *limits, struct wx_script **ret_script,
                           wax_error **err);
void wx_script_free(struct wx_script *script); /* NULL accepted */

/** Print a module as text; out collects it. @return WAX_OK; WAX_E_NOMEM */
wax_status wx_text_print(const struct wx_module *module, struct wx_strbuf *out, wax_error **err);

#endif
