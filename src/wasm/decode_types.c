/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding of types: value types, function types, limits. */
#include "wasm/decoder.h"

#include <string.h>

#include "base/bits.h"

bool wx_decode_need(struct wx_decoder *d, struct wx_reader *r, enum wx_feature feature,
                    const char *what)
{
    if (!wx_features_has(d->features, feature)) {
        wx_reader_fail(r, WAX_E_UNSUPPORTED, "%s needs feature '%s', which is off", what,
                       wx_feature_name(feature));
        wx_error_set_hint(r->err, "enable it with --feature +%s", wx_feature_name(feature));
        return false;
    }
    wx_decode_note(d, feature, wx_reader_off(r));
    return true;
}

/* Heap type given by its (sign-extended) binary code. */
static uint32_t heap_of(struct wx_decoder *d, struct wx_reader *r, int64_t code, uint64_t off)
{
    if (code >= 0) {
        if (!wx_decode_need(d, r, WX_FEATURE_FUNCTION_REFERENCES, "typed function reference")) {
            return WX_HEAP_FUNC;
        }
        if ((uint64_t)code >= d->next_type) {
            wx_reader_fail_at(r, WAX_E_VALIDATION, off, "unknown type %lld", (long long)code);
            return WX_HEAP_FUNC;
        }
        return WX_HEAP_INDEX + (uint32_t)code;
    }
    uint32_t byte = (uint32_t)(code & 0x7f);
    if (wx_reader_off(r) - off != 1) { /* abstract ones are bytes, not numbers with more digits */
        wx_reader_fail_at(r, WAX_E_MALFORMED, off, "malformed heap type %lld", (long long)code);
        return WX_HEAP_FUNC;
    }
    switch (byte) {
    case WX_HEAP_FUNC:
    case WX_HEAP_EXTERN:
        (void)wx_decode_need(d, r, WX_FEATURE_REFERENCE_TYPES, "reference type");
        return byte;
    case WX_HEAP_EXN:
    case WX_HEAP_NOEXN:
        (void)wx_decode_need(d, r, WX_FEATURE_EXCEPTIONS, "exception reference");
        return byte;
    case WX_HEAP_NOFUNC:
    case WX_HEAP_NOEXTERN:
        (void)wx_decode_need(d, r, WX_FEATURE_FUNCTION_REFERENCES, "bottom reference type");
        return byte;
    case 0x6a:
    case 0x6b:
    case 0x6c:
    case 0x6d:
    case 0x6e:
    case 0x71:
        (void)wx_decode_need(d, r, WX_FEATURE_GC, "garbage-collected reference type");
        return WX_HEAP_FUNC;
    default:
        wx_reader_fail_at(r, WAX_E_MALFORMED, off, "malformed heap type 0x%02x", byte);
        return WX_HEAP_FUNC;
    }
}

uint32_t wx_decode_heaptype(struct wx_decoder *d, struct wx_reader *r)
{
    uint64_t off = wx_reader_off(r);
    int64_t code = wx_read_s33(r);
    return wx_reader_ok(r) ? heap_of(d, r, code, off) : WX_HEAP_FUNC;
}

wx_valtype wx_decode_valtype(struct wx_decoder *d, struct wx_reader *r)
{
    uint64_t off = wx_reader_off(r);
    uint8_t byte = wx_read_u8(r);
    switch (byte) {
    case WX_KIND_I32:
    case WX_KIND_I64:
    case WX_KIND_F32:
    case WX_KIND_F64: return byte;
    case WX_KIND_V128: (void)wx_decode_need(d, r, WX_FEATURE_SIMD, "v128"); return byte;
    case 0x63:
    case 0x64:
        if (wx_decode_need(d, r, WX_FEATURE_FUNCTION_REFERENCES, "typed reference")) {
            uint32_t heap = wx_decode_heaptype(d, r);
            return WX_REF(heap, byte == 0x63);
        }
        return WX_FUNCREF;
    default:
        if (!wx_reader_ok(r)) {
            return WX_KIND_I32;
        }
        if (byte < 0x69 || byte > 0x74) {
            wx_reader_fail_at(r, WAX_E_MALFORMED, off, "malformed value type 0x%02x", byte);
            return WX_KIND_I32;
        }
        return WX_REF(heap_of(d, r, (int64_t)byte - 0x80, off), 1);
    }
}

wx_valtype wx_decode_reftype(struct wx_decoder *d, struct wx_reader *r)
{
    uint64_t off = wx_reader_off(r);
    wx_valtype t = wx_decode_valtype(d, r);
    if (wx_reader_ok(r) && !wx_type_is_ref(t)) {
        wx_reader_fail_at(r, WAX_E_MALFORMED, off, "malformed reference type");
        return WX_FUNCREF;
    }
    return t;
}

/* -------- function types -------- */

/* Give equal types one canonical index; a reference to the type itself counts as equal. */
static bool canonicalize(struct wx_decoder *d, struct wx_functype *t, uint32_t idx)
{
    uint32_t n = t->n_params + t->n_results;
    uint32_t *key = wx_alloc(d->mem, ((size_t)n + 1) * sizeof *key);
    if (!key) {
        return false;
    }
    key[0] = t->n_params;
    for (uint32_t i = 0; i < n; i++) {
        wx_valtype v = t->types[i];
        uint32_t heap = wx_type_heap(v);
        if (wx_type_is_ref(v) && heap >= WX_HEAP_INDEX) {
            uint32_t to = heap - WX_HEAP_INDEX;
            uint32_t as = to == idx ? WX_HEAP_INDEX - 1 : WX_HEAP_INDEX + d->m->types[to].canon;
            v = WX_REF(as, wx_type_nullable(v));
        }
        key[i + 1] = v;
    }
    size_t len = ((size_t)n + 1) * sizeof *key;
    uintptr_t known = (uintptr_t)wx_map_get(&d->canon, key, len);
    bool ok = true;
    if (known) {
        t->canon = (uint32_t)known - 1;
    } else {
        t->canon = idx;
        ok = wx_map_put(&d->canon, key, len, (void *)((uintptr_t)idx + 1));
    }
    wx_free(d->mem, key);
    return ok;
}

static void read_types(struct wx_decoder *d, wx_valtype *out, uint32_t n, uint32_t *ret_slots)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = wx_decode_valtype(d, &d->r);
        *ret_slots += wx_type_slots(out[i]);
    }
}

static void read_functype(struct wx_decoder *d, struct wx_functype *t, uint32_t idx)
{
    struct wx_reader *r = &d->r;
    uint32_t n_params = wx_read_count(r, 1, d->limits.max_params, "parameters");
    /* The result count comes after the parameters: look ahead by reading into scratch first. */
    wx_valtype *params = wx_arena_array(d->m->arena, n_params, sizeof *params);
    if (!params) {
        wx_reader_fail(r, WAX_E_NOMEM, "out of memory for types");
        return;
    }
    read_types(d, params, n_params, &t->n_param_slots);
    uint32_t n_results = wx_read_count(r, 1, d->limits.max_results, "results");
    if (n_results > 1) {
        (void)wx_decode_need(d, r, WX_FEATURE_MULTI_VALUE, "more than one result");
    }
    wx_valtype *types = params;
    if (n_results) {
        types = wx_arena_array(d->m->arena, (size_t)n_params + n_results, sizeof *types);
        if (!types) {
            wx_reader_fail(r, WAX_E_NOMEM, "out of memory for types");
            return;
        }
        memcpy(types, params, n_params * sizeof *types);
        read_types(d, types + n_params, n_results, &t->n_result_slots);
    }
    t->n_params = n_params;
    t->n_results = n_results;
    t->types = types;
    if (wx_reader_ok(r) && !canonicalize(d, t, idx)) {
        wx_reader_fail(r, WAX_E_NOMEM, "out of memory for types");
    }
}

/* One recursive type group: only the form that means a plain function type is supported. */
static void read_rectype(struct wx_decoder *d, struct wx_functype *t, uint32_t idx)
{
    struct wx_reader *r = &d->r;
    uint64_t off = wx_reader_off(r);
    uint8_t form = wx_read_u8(r);
    if (form == 0x60) {
        read_functype(d, t, idx);
    } else if (form == 0x5e || form == 0x5f || form == 0x50 || form == 0x4f || form == 0x4e) {
        (void)wx_decode_need(d, r, WX_FEATURE_GC, "struct, array, sub or recursive type");
    } else if (wx_reader_ok(r)) {
        wx_reader_fail_at(r, WAX_E_MALFORMED, off, "malformed type form 0x%02x", form);
    }
}

void wx_decode_type_section(struct wx_decoder *d)
{
    struct wx_reader *r = &d->r;
    uint32_t n = wx_read_count(r, 1, d->limits.max_types, "types");
    struct wx_functype *types = wx_arena_array(d->m->arena, n, sizeof *types);
    if (!types) {
        wx_reader_fail(r, WAX_E_NOMEM, "out of memory for types");
        return;
    }
    d->m->types = types;
    for (uint32_t i = 0; i < n && wx_reader_ok(r); i++) {
        d->next_type = i + 1;
        read_rectype(d, &types[i], i);
        d->m->n_types = i + 1;
    }
}

/* -------- limits, tables, memories, globals -------- */

static struct wx_limits read_limits(struct wx_decoder *d, uint8_t allowed_flags)
{
    struct wx_reader *r = &d->r;
    uint64_t off = wx_reader_off(r);
    uint8_t flags = wx_read_u8(r);
    struct wx_limits l = {.page_shift = 16};
    if (flags & ~allowed_flags) {
        wx_reader_fail_at(r, WAX_E_MALFORMED, off, "malformed limits flags 0x%02x", flags);
        return l;
    }
    l.has_max = (flags & 1) != 0;
    l.shared = (flags & 2) != 0;
    l.is64 = (flags & 4) != 0;
    if (l.is64) {
        (void)wx_decode_need(d, r, WX_FEATURE_MEMORY64, "64-bit limits");
    }
    if (l.shared) {
        (void)wx_decode_need(d, r, WX_FEATURE_THREADS, "shared memory");
    }
    /* Since memory64 they have 64 bits whatever the address type, and validation bounds them. */
    bool wide = wx_features_has(d->features, WX_FEATURE_MEMORY64);
    l.min = wide ? wx_read_u64(r) : wx_read_u32(r);
    l.max = !l.has_max ? 0 : wide ? wx_read_u64(r) : wx_read_u32(r);
    if (flags & 8) {
        (void)wx_decode_need(d, r, WX_FEATURE_CUSTOM_PAGE_SIZES, "custom page size");
        uint64_t at = wx_reader_off(r);
        uint32_t shift = wx_read_u32(r);
        if (shift != 0 && shift != 16) {
            wx_reader_fail_at(r, shift < 64 ? WAX_E_VALIDATION : WAX_E_MALFORMED, at,
                              "invalid custom page size 2^%u", shift);
        }
        l.page_shift = (uint8_t)(shift & 31);
    }
    if (wx_reader_ok(r) && l.has_max && l.min > l.max) {
        wx_reader_fail_at(r, WAX_E_VALIDATION, off,
                          "size minimum must not be greater than maximum (%llu > %llu)",
                          (unsigned long long)l.min, (unsigned long long)l.max);
    }
    return l;
}

struct wx_tabletype wx_decode_tabletype(struct wx_decoder *d)
{
    struct wx_tabletype t = {.elem = wx_decode_reftype(d, &d->r)};
    uint64_t off = wx_reader_off(&d->r);
    t.limits = read_limits(d, 1 | 4);
    const struct wx_limits *l = &t.limits;
    if (wx_reader_ok(&d->r) && !l->is64 &&
        (l->min > UINT32_MAX || (l->has_max && l->max > UINT32_MAX))) {
        wx_reader_fail_at(&d->r, WAX_E_VALIDATION, off, "table size must be at most %u elements",
                          UINT32_MAX);
    }
    return t;
}

struct wx_limits wx_decode_memtype(struct wx_decoder *d)
{
    struct wx_reader *r = &d->r;
    uint64_t off = wx_reader_off(r);
    struct wx_limits l = read_limits(d, 1 | 2 | 4 | 8);
    unsigned address_bits = l.is64 ? 64 : 32;
    unsigned page_bits = address_bits - l.page_shift;
    /* Whole address space at most: 2^16 pages, or 2^48 with 64-bit addresses; one byte less where
       pages are bytes, so that sizes fit an address. */
    uint64_t most = page_bits == 64 ? UINT64_MAX : UINT64_C(1) << page_bits;
    most -= page_bits == 32 && l.page_shift == 0;
    if (wx_reader_ok(r) && (l.min > most || (l.has_max && l.max > most))) {
        wx_reader_fail_at(r, WAX_E_VALIDATION, off, "memory size must be at most %llu pages",
                          (unsigned long long)most);
    }
    if (wx_reader_ok(r) && l.shared && !l.has_max) {
        wx_reader_fail_at(r, WAX_E_VALIDATION, off, "shared memory must have maximum");
    }
    return l;
}

struct wx_globaltype wx_decode_globaltype(struct wx_decoder *d)
{
    struct wx_globaltype g = {.type = wx_decode_valtype(d, &d->r)};
    uint64_t off = wx_reader_off(&d->r);
    uint8_t mut = wx_read_u8(&d->r);
    if (mut > 1) {
        wx_reader_fail_at(&d->r, WAX_E_MALFORMED, off, "malformed mutability 0x%02x", mut);
    }
    g.mut = mut == 1;
    return g;
}
