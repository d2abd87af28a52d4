/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups and type relations of a finished module. */
#include "wasm/module.h"

#include <string.h>

#include "base/arena.h"

const struct wx_decode_limits wx_decode_limits_default = {
    .max_module_bytes = UINT64_C(1) << 30,
    .max_types = 1000000,
    .max_funcs = 1000000,
    .max_imports = 1000000,
    .max_exports = 1000000,
    .max_globals = 1000000,
    .max_tables = 100000,
    .max_memories = 100,
    .max_tags = 1000000,
    .max_elems = 10000000,
    .max_datas = 100000,
    .max_customs = 10000,
    .max_func_bytes = 128u << 20,
    .max_locals = 50000,
    .max_params = 1000,
    .max_results = 1000,
    .max_br_table = 1u << 24,
    .max_nesting = 100000,
    .max_elem_items = 10000000,
};

void wx_module_free(struct wx_module *module)
{
    if (module) {
        struct wx_mem *mem = module->mem;
        wx_arena_free(module->arena);
        wx_free(mem, (void *)(uintptr_t)module->bytes);
        wx_free(mem, module);
    }
}

/* exports_sorted: indices of exports ordered by (length, bytes); see decode.c. */
static int compare_names(struct wx_name a, const char *p, size_t len)
{
    if (a.len != len) {
        return a.len < len ? -1 : 1;
    }
    return len ? memcmp(a.p, p, len) : 0;
}

const struct wx_export *wx_module_find_export(const struct wx_module *module, const char *name,
                                              size_t len)
{
    uint32_t low = 0, high = module->n_exports;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        const struct wx_export *e = &module->exports[module->exports_sorted[mid]];
        int c = compare_names(e->name, name, len);
        if (c == 0) {
            return e;
        }
        if (c < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NULL;
}

struct wx_name wx_module_func_name(const struct wx_module *module, uint32_t func_idx)
{
    struct wx_name none = {"", 0};
    if (func_idx >= module->n_funcs) {
        return none;
    }
    if (module->func_names && module->func_names[func_idx].len) {
        return module->func_names[func_idx];
    }
    for (uint32_t i = 0; i < module->n_exports; i++) {
        if (module->exports[i].kind == WX_EXT_FUNC && module->exports[i].idx == func_idx) {
            return module->exports[i].name;
        }
    }
    return none;
}

const struct wx_custom_section *wx_module_find_custom(const struct wx_module *module,
                                                      const char *name)
{
    for (uint32_t i = 0; i < module->n_customs; i++) {
        const struct wx_custom_section *c = &module->customs[i];
        if (compare_names(c->name, name, strlen(name)) == 0) {
            return c;
        }
    }
    return NULL;
}

static bool heap_matches(const struct wx_module *m, uint32_t sub, uint32_t super)
{
    if (sub == super || sub == WX_HEAP_BOT) {
        return true;
    }
    if (sub >= WX_HEAP_INDEX) {
        return super == WX_HEAP_FUNC ||
               (super >= WX_HEAP_INDEX &&
                m->types[sub - WX_HEAP_INDEX].canon == m->types[super - WX_HEAP_INDEX].canon);
    }
    switch (sub) {
    case WX_HEAP_NOFUNC: return super == WX_HEAP_FUNC || super >= WX_HEAP_INDEX;
    case WX_HEAP_NOEXTERN: return super == WX_HEAP_EXTERN;
    case WX_HEAP_NOEXN: return super == WX_HEAP_EXN;
    default: return false;
    }
}

bool wx_valtype_matches(const struct wx_module *m, wx_valtype sub, wx_valtype super)
{
    if (sub == super || wx_type_kind(sub) == WX_KIND_BOT) {
        return true;
    }
    if (!wx_type_is_ref(sub) || !wx_type_is_ref(super)) {
        return false;
    }
    if (wx_type_nullable(sub) && !wx_type_nullable(super)) {
        return false;
    }
    return heap_matches(m, wx_type_heap(sub), wx_type_heap(super));
}
