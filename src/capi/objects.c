/* SPDX-License-Identifier: Apache-2.0 */
/* Public memories, tables, globals. */
#include <string.h>

#include "capi/capi.h"

static struct wx_limits in_limits(const wax_limits *l)
{
    return (struct wx_limits){.min = l->min,
                              .max = l->max == UINT64_MAX ? 0 : l->max,
                              .has_max = l->max != UINT64_MAX,
                              .is64 = l->is64 != 0,
                              .shared = l->shared != 0,
                              .page_shift = 16};
}

wax_status wax_memory_new(wax_store *store, const wax_limits *limits, wax_memory **ret_memory,
                          wax_error **err)
{
    WX_REQUIRE(store && limits && ret_memory, err, "an argument is NULL");
    WX_REQUIRE(!limits->shared || limits->max != UINT64_MAX, err,
               "a shared memory needs a maximum");
    WX_REQUIRE(limits->min <= limits->max, err, "the minimum is over the maximum");
    struct wx_store *s = wx_in_wax_store(store);
    struct wx_limits type = in_limits(limits);
    struct wx_memory *m;
    wax_status st = wx_memory_new(s->engine, &type, s->max_memory_bytes, &m, err);
    if (st == WAX_OK) {
        st = wx_store_adopt_memory(s, m, err);
        wx_memory_unref(m); /* the store's now */
    }
    if (st == WAX_OK) {
        *ret_memory = wx_out_wax_memory(m);
    }
    return st;
}

uint64_t wax_memory_size(const wax_memory *memory)
{
    return memory ? wx_memory_size(wx_in_wax_memory(memory)) : 0;
}

wax_status wax_memory_grow(wax_memory *memory, uint64_t delta, uint64_t *ret_pages, wax_error **err)
{
    WX_REQUIRE(memory, err, "memory is NULL");
    uint64_t old = wx_memory_grow(wx_in_wax_memory(memory), delta);
    if (old == UINT64_MAX) {
        return wx_fail(err, WAX_E_LIMIT, "the memory can not grow by %llu pages",
                       (unsigned long long)delta);
    }
    if (ret_pages) {
        *ret_pages = old;
    }
    return WAX_OK;
}

static wax_status check_range(const struct wx_memory *m, uint64_t addr, size_t len, wax_error **err)
{
    if (!wx_memory_in_bounds(m, addr, len)) {
        return wx_fail(err, WAX_E_BOUNDS,
                       "%zu bytes at 0x%llx are outside the guest memory of %llu bytes", len,
                       (unsigned long long)addr, (unsigned long long)wx_memory_size(m));
    }
    return WAX_OK;
}

wax_status wax_memory_read(const wax_memory *memory, uint64_t addr, void *dst, size_t len,
                           wax_error **err)
{
    WX_REQUIRE(memory && (dst || !len), err, "an argument is NULL");
    const struct wx_memory *m = wx_in_wax_memory(memory);
    wax_status st = check_range(m, addr, len, err);
    if (st == WAX_OK) {
        wx_memory_read(m, addr, dst, len);
    }
    return st;
}

wax_status wax_memory_write(wax_memory *memory, uint64_t addr, const void *src, size_t len,
                            wax_error **err)
{
    WX_REQUIRE(memory && (src || !len), err, "an argument is NULL");
    struct wx_memory *m = wx_in_wax_memory(memory);
    wax_status st = check_range(m, addr, len, err);
    if (st == WAX_OK) {
        wx_memory_write(m, addr, src, len);
    }
    return st;
}

wax_status wax_table_new(wax_store *store, const wax_limits *limits, wax_valtype elem,
                         wax_table **ret_table, wax_error **err)
{
    WX_REQUIRE(store && limits && ret_table, err, "an argument is NULL");
    WX_REQUIRE(elem >= WAX_FUNCREF && elem <= WAX_EXNREF, err, "elem is no reference type");
    WX_REQUIRE(limits->min <= limits->max, err, "the minimum is over the maximum");
    static const uint64_t null[2] = {0, 0};
    struct wx_tabletype type = {.elem = wx_in_type(elem), .limits = in_limits(limits)};
    struct wx_table *t;
    wax_status st = wx_table_new(wx_in_wax_store(store), &type, null, &t, err);
    if (st == WAX_OK) {
        *ret_table = wx_out_wax_table(t);
    }
    return st;
}

uint64_t wax_table_size(const wax_table *table) { return table ? wx_in_wax_table(table)->size : 0; }

static wax_status check_elem(const struct wx_table *t, uint64_t idx, wax_error **err)
{
    return idx < t->size ? WAX_OK
                         : wx_fail(err, WAX_E_BOUNDS, "element %llu is outside a table of %llu",
                                   (unsigned long long)idx, (unsigned long long)t->size);
}

wax_status wax_table_get(const wax_table *table, uint64_t idx, wax_value *ret_value,
                         wax_error **err)
{
    WX_REQUIRE(table && ret_value, err, "an argument is NULL");
    const struct wx_table *t = wx_in_wax_table(table);
    wax_status st = check_elem(t, idx, err);
    if (st == WAX_OK) {
        wx_out_value(&t->elems[idx].ref, t->type.elem, ret_value);
    }
    return st;
}

static wax_status check_ref(const struct wx_table *t, const wax_value *v, wax_error **err)
{
    wax_status st = wx_check_value(t->store, v, t->type.elem, "the element", err);
    return st == WAX_OK ? wx_check_exnref(t->store, v, err) : st;
}

wax_status wax_table_set(wax_table *table, uint64_t idx, const wax_value *value, wax_error **err)
{
    WX_REQUIRE(table && value, err, "an argument is NULL");
    struct wx_table *t = wx_in_wax_table(table);
    wax_status st = check_elem(t, idx, err);
    if (st == WAX_OK) {
        st = check_ref(t, value, err);
    }
    if (st == WAX_OK) {
        uint64_t ref[2];
        wx_in_value(value, ref);
        wx_table_set(t, idx, ref);
    }
    return st;
}

wax_status wax_table_grow(wax_table *table, uint64_t delta, const wax_value *init, wax_error **err)
{
    WX_REQUIRE(table && init, err, "an argument is NULL");
    struct wx_table *t = wx_in_wax_table(table);
    wax_status st = check_ref(t, init, err);
    uint64_t ref[2] = {0, 0};
    if (st == WAX_OK) {
        wx_in_value(init, ref);
        if (wx_table_grow(t, delta, ref) == UINT64_MAX) {
            st = wx_fail(err, WAX_E_LIMIT, "the table can not grow by %llu",
                         (unsigned long long)delta);
        }
    }
    return st;
}

wax_status wax_global_new(wax_store *store, const wax_value *value, int32_t mut,
                          wax_global **ret_global, wax_error **err)
{
    WX_REQUIRE(store && value && ret_global, err, "an argument is NULL");
    WX_REQUIRE(value->type >= WAX_I32 && value->type <= WAX_EXNREF, err, "no such value type");
    struct wx_globaltype type = {.type = wx_in_type(value->type), .mut = mut != 0};
    wax_status st = wx_check_value(wx_in_wax_store(store), value, type.type, "the global", err);
    if (st != WAX_OK) {
        return st;
    }
    uint64_t bits[2] = {0, 0};
    wx_in_value(value, bits);
    struct wx_global *g;
    st = wx_check_exnref(wx_in_wax_store(store), value, err);
    if (st == WAX_OK) {
        st = wx_global_new(wx_in_wax_store(store), &type, bits, &g, err);
    }
    if (st == WAX_OK) {
        *ret_global = wx_out_wax_global(g);
    }
    return st;
}

void wax_global_get(const wax_global *global, wax_value *ret_value)
{
    if (!global || !ret_value) {
        return;
    }
    const struct wx_global *g = wx_in_wax_global(global);
    wx_out_value(g->value, g->type.type, ret_value);
}

wax_status wax_global_set(wax_global *global, const wax_value *value, wax_error **err)
{
    WX_REQUIRE(global && value, err, "an argument is NULL");
    struct wx_global *g = wx_in_wax_global(global);
    if (!g->type.mut) {
        return wx_fail(err, WAX_E_TYPE, "the global is immutable");
    }
    wax_status st = wx_check_value(g->store, value, g->type.type, "the global", err);
    if (st == WAX_OK) {
        st = wx_check_exnref(g->store, value, err);
    }
    if (st == WAX_OK) {
        wx_in_value(value, g->value);
    }
    return st;
}
