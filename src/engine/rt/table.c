/* SPDX-License-Identifier: Apache-2.0 */
/* Tables. */
#include <string.h>

#include "base/bits.h"
#include "base/check.h"
#include "engine/rt/engine.h"

static struct wx_tabent entry_of(const struct wx_table *t, const uint64_t words[2])
{
    uint64_t ref = words[0];
    if (wx_type_slots(t->type.elem) == 2) {
        return (struct wx_tabent){.ref = ref, .ref1 = words[1]};
    }
    uint32_t heap = wx_type_heap(t->type.elem);
    bool is_func = heap == WX_HEAP_FUNC || heap >= WX_HEAP_INDEX || heap == WX_HEAP_NOFUNC;
    const struct wx_func *f = is_func ? (const struct wx_func *)(uintptr_t)ref : NULL;
    return (struct wx_tabent){.ref = ref, .sig_id = f ? f->sig_id : 0};
}

static bool resize(struct wx_table *t, uint64_t size, const uint64_t init_ref[2])
{
    if (size > t->cap) {
        uint64_t cap = t->cap + t->cap / 2 > size ? t->cap + t->cap / 2 : size;
        cap = cap > t->max ? t->max : cap;
        size_t bytes;
        struct wx_tabent *moved = wx_mul_ok(cap, sizeof *moved, &bytes)
                                      ? wx_realloc(&t->store->mem, t->elems, bytes)
                                      : NULL;
        if (!moved) {
            return false;
        }
        t->elems = moved;
        t->cap = cap;
    }
    struct wx_tabent e = entry_of(t, init_ref);
    for (uint64_t i = t->size; i < size; i++) {
        t->elems[i] = e;
    }
    t->size = size;
    return true;
}

wax_status wx_table_new(struct wx_store *store, const struct wx_tabletype *type,
                        const uint64_t init_ref[2], struct wx_table **ret_table, wax_error **err)
{
    uint64_t limit = store->engine->config.max_table_elems;
    limit = limit ? limit : WX_TABLE_MAX_ELEMS;
    if (type->limits.min > limit || (type->limits.has_max && type->limits.min > type->limits.max)) {
        (void)wx_fail(err, WAX_E_LIMIT, "a table of %llu elements is over the limit of %llu",
                      (unsigned long long)type->limits.min, (unsigned long long)limit);
        return WAX_E_LIMIT;
    }
    struct wx_table *t = wx_zalloc(&store->mem, sizeof *t);
    if (!t || !wx_vec_push(&store->mem, &store->tables, t)) {
        wx_free(&store->mem, t);
        return wx_fail_nomem(err, "a table");
    }
    t->store = store;
    t->type = *type;
    t->max = type->limits.has_max && type->limits.max < limit ? type->limits.max : limit;
    if (!resize(t, type->limits.min, init_ref)) {
        return wx_fail_nomem(err, "a table"); /* stays in the store, empty */
    }
    *ret_table = t;
    return WAX_OK;
}

uint64_t wx_table_grow(struct wx_table *table, uint64_t delta, const uint64_t init_ref[2])
{
    uint64_t old = table->size, size;
    if (!wx_add_ok(old, delta, &size) || size > table->max || !resize(table, size, init_ref)) {
        return UINT64_MAX;
    }
    return old;
}

const struct wx_tabent *wx_table_get(struct wx_table *table, uint64_t idx)
{
    if (table->fetch && (idx >= table->size || !table->elems[idx].ref)) {
        table->fetch(table, idx);
    }
    return idx < table->size ? &table->elems[idx] : NULL;
}

struct wx_func *wx_table_callee(struct wx_table *table, uint64_t idx, uint32_t sig_id,
                                enum wx_trap *ret_trap)
{
    const struct wx_tabent *e = wx_table_get(table, idx);
    if (!e || e->sig_id != sig_id) {
        *ret_trap = !e ? WX_TRAP_TABLE_OOB : e->sig_id ? WX_TRAP_SIGNATURE : WX_TRAP_INDIRECT_NULL;
        return NULL;
    }
    return (struct wx_func *)(uintptr_t)e->ref;
}

void wx_table_set(struct wx_table *table, uint64_t idx, const uint64_t ref[2])
{
    wx_assert(idx < table->size);
    table->elems[idx] = entry_of(table, ref);
}

static bool in_range(uint64_t size, uint64_t idx, uint64_t n)
{
    return n <= size && idx <= size - n;
}

enum wx_trap wx_table_fill(struct wx_table *table, uint64_t idx, const uint64_t ref[2], uint64_t n)
{
    if (!in_range(table->size, idx, n)) {
        return WX_TRAP_TABLE_OOB;
    }
    for (uint64_t i = 0; i < n; i++) {
        wx_table_set(table, idx + i, ref);
    }
    return WX_TRAP_NONE;
}

enum wx_trap wx_table_copy(struct wx_table *dst, uint64_t dst_idx, struct wx_table *src,
                           uint64_t src_idx, uint64_t n)
{
    if (!in_range(dst->size, dst_idx, n) || !in_range(src->size, src_idx, n)) {
        return WX_TRAP_TABLE_OOB;
    }
    if (n) {
        memmove(dst->elems + dst_idx, src->elems + src_idx, n * sizeof *dst->elems);
    }
    return WX_TRAP_NONE;
}

enum wx_trap wx_table_init(struct wx_instance *inst, uint32_t table_idx, uint32_t elem_idx,
                           uint64_t dst_idx, uint32_t src_idx, uint32_t n)
{
    struct wx_table *table = inst->tables[table_idx];
    const struct wx_elem_segment *seg = &inst->module->wasm->elems[elem_idx];
    uint64_t len = inst->dropped_elems[elem_idx] ? 0 : seg->n;
    if (!in_range(table->size, dst_idx, n) || !in_range(len, src_idx, n)) {
        return WX_TRAP_TABLE_OOB;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint64_t ref[2];
        if (!wx_elem_ref(inst, seg, src_idx + i, ref)) {
            return WX_TRAP_NOMEM;
        }
        wx_table_set(table, dst_idx + i, ref);
    }
    return WX_TRAP_NONE;
}

enum wx_trap wx_memory_init(struct wx_instance *inst, uint32_t memory_idx, uint32_t data_idx,
                            uint64_t dst, uint32_t src, uint32_t n)
{
    struct wx_memory *memory = inst->memories[memory_idx];
    const struct wx_data_segment *seg = &inst->module->wasm->datas[data_idx];
    uint64_t len = inst->dropped_datas[data_idx] ? 0 : seg->data_len;
    if (!wx_memory_in_bounds(memory, dst, n) || !in_range(len, src, n)) {
        return WX_TRAP_MEMORY_OOB;
    }
    wx_memory_write(memory, dst, inst->module->wasm->bytes + seg->data_off + src, n);
    return WX_TRAP_NONE;
}
