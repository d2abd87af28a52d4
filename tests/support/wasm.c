/* SPDX-License-Identifier: Apache-2.0 */
/* Modules written as bytes. */
#include "support/wasm.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_BYTES 5

void wasm_put(struct wasm *w, const void *bytes, size_t len)
{
    if (w->n + len > WASM_MAX) {
        abort();
    }
    memcpy(w->b + w->n, bytes, len);
    w->n += len;
}

void wasm_init(struct wasm *w)
{
    w->n = 0;
    w->n_open = 0;
    wasm_put(w, "\0asm\1\0\0", 8);
}

static void begin(struct wasm *w)
{
    if (w->n_open == 2) {
        abort();
    }
    w->open[w->n_open++] = w->n;
    wasm_put(w, "\x80\x80\x80\x80\0", SIZE_BYTES);
}

void wasm_section(struct wasm *w, uint8_t id)
{
    wasm_put(w, &id, 1);
    begin(w);
}

void wasm_body(struct wasm *w)
{
    begin(w);
    wasm_put(w, "\0", 1); /* no locals */
}

void wasm_end(struct wasm *w)
{
    if (w->n_open == 0) {
        abort();
    }
    if (w->n_open == 2) {
        wasm_put(w, "\x0b", 1);
    }
    size_t at = w->open[--w->n_open], size = w->n - at - SIZE_BYTES;
    for (int i = 0; i < SIZE_BYTES - 1; i++, size >>= 7) {
        w->b[at + (size_t)i] = (uint8_t)(0x80 | (size & 0x7f));
    }
}

void wasm_u32(struct wasm *w, uint32_t value)
{
    do {
        uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        wasm_put(w, &byte, 1);
        value >>= 7;
    } while (value);
}

void wasm_name(struct wasm *w, const char *name, size_t len)
{
    wasm_u32(w, (uint32_t)len);
    wasm_put(w, name, len);
}

void wasm_export(struct wasm *w, const char *name, uint8_t kind, uint32_t idx)
{
    wasm_name(w, name, strlen(name));
    wasm_put(w, &kind, 1);
    wasm_u32(w, idx);
}
