/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing bundles; byte-level mutants. */
#include "bundle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *read_all(const char *path, size_t *ret_len)
{
    FILE *f = fopen(path, "rb");
    uint8_t *p = NULL;
    size_t n = 0, cap = 0;
    while (f && !feof(f)) {
        if (n == cap) {
            uint8_t *grown = realloc(p, cap = cap ? cap * 2 : 65536);
            if (!grown) {
                free(p);
                fclose(f);
                return NULL;
            }
            p = grown;
        }
        n += fread(p + n, 1, cap - n, f);
        if (ferror(f)) {
            break;
        }
    }
    if (!f) {
        fprintf(stderr, "cannot open '%s': %s\n", path, strerror(errno));
        return NULL;
    }
    fclose(f);
    *ret_len = n;
    return p;
}

static bool add(struct bundle *b, const uint8_t *p, size_t len)
{
    if (b->n == b->cap) {
        uint32_t cap = b->cap ? b->cap * 2 : 64;
        uint8_t **grown_p = realloc(b->p, cap * sizeof *b->p);
        b->p = grown_p ? grown_p : b->p;
        size_t *grown_len = realloc(b->len, cap * sizeof *b->len);
        b->len = grown_len ? grown_len : b->len;
        if (!grown_p || !grown_len) {
            return false;
        }
        b->cap = cap;
    }
    b->p[b->n] = malloc(len ? len : 1);
    if (!b->p[b->n]) {
        return false;
    }
    memcpy(b->p[b->n], p, len);
    b->len[b->n++] = len;
    return true;
}

bool bundle_read(const char *path, struct bundle *b)
{
    size_t n, at = 0, path_len = strlen(path);
    uint8_t *p = read_all(path, &n);
    if (!p) {
        return false;
    }
    bool one = path_len > 5 && strcmp(path + path_len - 5, ".wasm") == 0;
    bool ok = true;
    if (one) {
        ok = add(b, p, n);
    }
    while (ok && !one && at < n) {
        uint32_t len = 0;
        if (n - at >= 4) {
            memcpy(&len, p + at, 4);
        }
        if (n - at < 4 || len > n - at - 4) {
            fprintf(stderr, "'%s' is cut off\n", path);
            ok = false;
            break;
        }
        ok = add(b, p + at + 4, len);
        at += 4 + len;
    }
    free(p);
    return ok;
}

bool bundle_read_one(const char *path, struct bundle *b)
{
    size_t n;
    uint8_t *p = read_all(path, &n);
    bool ok = p && add(b, p, n);
    free(p);
    return ok;
}

void bundle_fini(struct bundle *b)
{
    for (uint32_t i = 0; i < b->n; i++) {
        free(b->p[i]);
    }
    free(b->p);
    free(b->len);
    memset(b, 0, sizeof *b);
}

bool bundle_put(FILE *out, const uint8_t *p, size_t len)
{
    uint32_t n = (uint32_t)len;
    return fwrite(&n, 4, 1, out) == 1 && fwrite(p, 1, len, out) == len;
}

/* One change at a place behind the header. */
static void mutate_once(uint8_t *p, size_t *len, size_t cap, struct gen_rand *r)
{
    static const uint8_t bytes[] = {0x00, 0x01, 0x0b, 0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f,
                                    0x40, 0x80, 0xff, 0x20, 0x21, 0x10, 0x1a, 0xfd, 0xfc, 0xfe};
    uint64_t v = gen_rand_next(r);
    size_t at = *len > 8 ? 8 + (size_t)(v >> 16) % (*len - 8) : (size_t)(v >> 16) % *len;
    size_t n = 1 + (v >> 8) % 8;
    switch (v % 8) {
    case 0: p[at] ^= (uint8_t)(1u << (v >> 60)); break;
    case 1: p[at] = (uint8_t)(v >> 56); break;
    case 2: p[at] = bytes[(v >> 56) % sizeof bytes]; break;
    case 3: p[at] = (uint8_t)(p[at] + ((v >> 56) & 1 ? 1 : 255)); break;
    case 4: /* take bytes out */
        n = n < *len - at ? n : *len - at;
        memmove(p + at, p + at + n, *len - at - n);
        *len -= n;
        break;
    case 5: /* repeat bytes */
        n = n < *len - at ? n : *len - at;
        if (*len + n <= cap) {
            memmove(p + at + n, p + at, *len - at);
            *len += n;
        }
        break;
    case 6: { /* copy from elsewhere */
        size_t from = (size_t)gen_rand_next(r) % *len;
        n = n < *len - at ? n : *len - at;
        n = n < *len - from ? n : *len - from;
        memmove(p + at, p + from, n);
        break;
    }
    default: /* cut */
        if (v >> 60 == 0) {
            *len = at;
        } else {
            p[at] = 0x0b;
        }
    }
}

uint8_t *bundle_mutant(const uint8_t *p, size_t len, struct gen_rand *r, size_t *ret_len)
{
    size_t cap = len + 64;
    uint8_t *out = malloc(cap);
    if (!out) {
        return NULL;
    }
    memcpy(out, p, len);
    *ret_len = len;
    uint64_t n = 1 + gen_rand_next(r) % 4;
    for (uint64_t i = 0; i < n && *ret_len > 0; i++) {
        mutate_once(out, ret_len, cap, r);
    }
    return out;
}
