/* SPDX-License-Identifier: Apache-2.0 */
/* Modules written as bytes: sections and bodies get their sizes here, the rest is said plainly. */
#ifndef WAXWING_TESTS_WASM_H
#define WAXWING_TESTS_WASM_H

#include <stddef.h>
#include <stdint.h>

#define WASM_MAX 8192

/** A module being written. Sizes are padded LEBs, so nothing has to move. */
struct wasm {
    uint8_t b[WASM_MAX];
    size_t n;
    size_t open[2]; /* where the sizes of the open section and body go */
    int n_open;
};

/* Value types, as the binary format has them. */
enum { I32 = 0x7f, I64 = 0x7e, F32 = 0x7d, F64 = 0x7c, FUNCREF = 0x70, EXTERNREF = 0x6f };
enum { SEC_TYPE = 1, SEC_IMPORT, SEC_FUNC, SEC_TABLE, SEC_MEMORY, SEC_GLOBAL, SEC_EXPORT };
enum { SEC_START = 8, SEC_ELEM, SEC_CODE, SEC_DATA, SEC_DATACOUNT };

void wasm_init(struct wasm *w);
/** Begin a section; ended by wasm_end(). */
void wasm_section(struct wasm *w, uint8_t id);
/** Begin a body without locals of its own; ended by wasm_end(), which adds the `end`. */
void wasm_body(struct wasm *w);
/** End the innermost section or body. */
void wasm_end(struct wasm *w);
void wasm_put(struct wasm *w, const void *bytes, size_t len);
void wasm_u32(struct wasm *w, uint32_t value);
/** A name with its length, which may hold NULs. */
void wasm_name(struct wasm *w, const char *name, size_t len);
/** An export: name, kind (0 function … 3 global), index. */
void wasm_export(struct wasm *w, const char *name, uint8_t kind, uint32_t idx);

/** Bytes as they are. */
#define WASM_PUT(W, ...)                                                                           \
    wasm_put((W), (const uint8_t[]){__VA_ARGS__}, sizeof(uint8_t[]){__VA_ARGS__})
/** A whole section of plain bytes. */
#define WASM_SECTION(W, ID, ...)                                                                   \
    do {                                                                                           \
        wasm_section((W), (ID));                                                                   \
        WASM_PUT((W), __VA_ARGS__);                                                                \
        wasm_end(W);                                                                               \
    } while (0)
/** A whole body without locals. */
#define WASM_BODY(W, ...)                                                                          \
    do {                                                                                           \
        wasm_body(W);                                                                              \
        WASM_PUT((W), __VA_ARGS__);                                                                \
        wasm_end(W);                                                                               \
    } while (0)

#endif
