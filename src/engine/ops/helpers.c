/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions that are a call into the runtime: bulk memory, tables, wait and notify. */
/*
 * Operands come and results go in `slots`; `c` and `d` are immediates. i32 operands have undefined
 * upper bits, so each is cut to its width here. Bounds are checked before anything changes.
 */
#include <string.h>

#include "engine/ops/handlers.h"
#include "engine/rt/store.h"

static enum wx_outcome trap_if(struct wx_instance *inst, enum wx_trap trap)
{
    return trap ? wx_trap(inst->thread, trap) : WX_DONE;
}

static uint64_t address(const struct wx_memory *m, uint64_t v)
{
    return m->type.is64 ? v : (uint32_t)v;
}

static uint64_t index_of(const struct wx_table *t, uint64_t v)
{
    return t->type.limits.is64 ? v : (uint32_t)v;
}

static enum wx_outcome memory_grow(struct wx_instance *inst, uint64_t *slots, uint64_t c,
                                   uint64_t d)
{
    (void)d;
    struct wx_memory *m = inst->memories[c];
    uint64_t old = wx_memory_grow(m, address(m, slots[0]));
    slots[0] = m->type.is64 ? old : (uint32_t)old;
    return WX_DONE;
}

/* R16: shared memory is written while guest threads look at it; keep the sanitizers out. */
__attribute__((no_sanitize("thread", "address"))) static void fill_racy(volatile uint8_t *p,
                                                                        uint8_t v, uint64_t n)
{
    while (n--) {
        *p++ = v;
    }
}

__attribute__((no_sanitize("thread", "address"))) static void
move_racy(volatile uint8_t *dst, const volatile uint8_t *src, uint64_t n)
{
    if (dst <= src) {
        while (n--) {
            *dst++ = *src++;
        }
    } else {
        while (n--) {
            dst[n] = src[n];
        }
    }
}

static enum wx_outcome memory_fill(struct wx_instance *inst, uint64_t *slots, uint64_t c,
                                   uint64_t d)
{
    (void)d;
    struct wx_memory *m = inst->memories[c];
    uint64_t to = address(m, slots[0]), n = address(m, slots[2]);
    if (!wx_memory_in_bounds(m, to, n)) {
        return wx_trap(inst->thread, WX_TRAP_MEMORY_OOB);
    }
    if (m->type.shared) {
        fill_racy(m->base + to, (uint8_t)slots[1], n);
    } else {
        memset(m->base + to, (int)(uint8_t)slots[1], n);
    }
    return WX_DONE;
}

static enum wx_outcome memory_copy(struct wx_instance *inst, uint64_t *slots, uint64_t c,
                                   uint64_t d)
{
    struct wx_memory *dst = inst->memories[c], *src = inst->memories[d];
    uint64_t to = address(dst, slots[0]), from = address(src, slots[1]);
    uint64_t n = dst->type.is64 && src->type.is64 ? slots[2] : (uint32_t)slots[2];
    if (!wx_memory_in_bounds(dst, to, n) || !wx_memory_in_bounds(src, from, n)) {
        return wx_trap(inst->thread, WX_TRAP_MEMORY_OOB);
    }
    if (dst->type.shared || src->type.shared) {
        move_racy(dst->base + to, src->base + from, n);
    } else {
        memmove(dst->base + to, src->base + from, n);
    }
    return WX_DONE;
}

static enum wx_outcome memory_init(struct wx_instance *inst, uint64_t *slots, uint64_t c,
                                   uint64_t d)
{
    uint64_t to = address(inst->memories[d], slots[0]);
    return trap_if(inst, wx_memory_init(inst, (uint32_t)d, (uint32_t)c, to, (uint32_t)slots[1],
                                        (uint32_t)slots[2]));
}

static enum wx_outcome data_drop(struct wx_instance *inst, uint64_t *slots, uint64_t c, uint64_t d)
{
    (void)slots, (void)d;
    inst->dropped_datas[c] = 1;
    return WX_DONE;
}

/* Do the elements take two slots? */
static bool is_wide(const struct wx_table *t) { return wx_type_slots(t->type.elem) == 2; }

static enum wx_outcome table_get(struct wx_instance *inst, uint64_t *slots, uint64_t c, uint64_t d)
{
    (void)d;
    struct wx_table *t = inst->tables[c];
    const struct wx_tabent *e = wx_table_get(t, index_of(t, slots[0]));
    if (!e) {
        return wx_trap(inst->thread, WX_TRAP_TABLE_OOB);
    }
    slots[0] = e->ref;
    if (is_wide(t)) {
        slots[1] = e->ref1;
    }
    return WX_DONE;
}

static enum wx_outcome table_set(struct wx_instance *inst, uint64_t *slots, uint64_t c, uint64_t d)
{
    (void)d;
    struct wx_table *t = inst->tables[c];
    uint64_t idx = index_of(t, slots[0]);
    if (idx >= t->size) {
        return wx_trap(inst->thread, WX_TRAP_TABLE_OOB);
    }
    wx_table_set(t, idx, slots + 1);
    return WX_DONE;
}

static enum wx_outcome table_size(struct wx_instance *inst, uint64_t *slots, uint64_t c, uint64_t d)
{
    (void)d;
    slots[0] = inst->tables[c]->size;
    return WX_DONE;
}

static enum wx_outcome table_grow(struct wx_instance *inst, uint64_t *slots, uint64_t c, uint64_t d)
{
    (void)d;
    struct wx_table *t = inst->tables[c];
    uint64_t delta = index_of(t, slots[is_wide(t) ? 2 : 1]);
    slots[0] = index_of(t, wx_table_grow(t, delta, slots));
    return WX_DONE;
}

static enum wx_outcome table_fill(struct wx_instance *inst, uint64_t *slots, uint64_t c, uint64_t d)
{
    (void)d;
    struct wx_table *t = inst->tables[c];
    uint64_t n = index_of(t, slots[is_wide(t) ? 3 : 2]);
    return trap_if(inst, wx_table_fill(t, index_of(t, slots[0]), slots + 1, n));
}

static enum wx_outcome table_copy(struct wx_instance *inst, uint64_t *slots, uint64_t c, uint64_t d)
{
    struct wx_table *dst = inst->tables[c], *src = inst->tables[d];
    bool wide = dst->type.limits.is64 && src->type.limits.is64;
    return trap_if(inst, wx_table_copy(dst, index_of(dst, slots[0]), src, index_of(src, slots[1]),
                                       wide ? slots[2] : (uint32_t)slots[2]));
}

static enum wx_outcome table_init(struct wx_instance *inst, uint64_t *slots, uint64_t c, uint64_t d)
{
    uint64_t to = index_of(inst->tables[d], slots[0]);
    return trap_if(inst, wx_table_init(inst, (uint32_t)d, (uint32_t)c, to, (uint32_t)slots[1],
                                       (uint32_t)slots[2]));
}

static enum wx_outcome elem_drop(struct wx_instance *inst, uint64_t *slots, uint64_t c, uint64_t d)
{
    (void)slots, (void)d;
    inst->dropped_elems[c] = 1;
    return WX_DONE;
}

static enum wx_outcome ref_func(struct wx_instance *inst, uint64_t *slots, uint64_t c, uint64_t d)
{
    (void)d;
    struct wx_func *f = wx_instance_func(inst, (uint32_t)c);
    slots[0] = (uint64_t)(uintptr_t)f;
    return f ? WX_DONE : wx_trap(inst->thread, WX_TRAP_NOMEM);
}

/* Address of an atomic access: memory c, offset d. Sets *ret_addr or returns the trap. */
static enum wx_trap atomic_address(const struct wx_memory *m, uint64_t idx, uint64_t off,
                                   uint64_t width, uint64_t *ret_addr)
{
    uint64_t addr;
    bool fits = !__builtin_add_overflow(address(m, idx), off, &addr);
    if (addr & (width - 1)) {
        return WX_TRAP_UNALIGNED_ATOMIC;
    }
    if (!fits || !wx_memory_in_bounds(m, addr, width)) {
        return WX_TRAP_MEMORY_OOB;
    }
    *ret_addr = addr;
    return WX_TRAP_NONE;
}

static enum wx_outcome notify(struct wx_instance *inst, uint64_t *slots, uint64_t c, uint64_t d)
{
    struct wx_memory *m = inst->memories[c];
    uint64_t addr;
    enum wx_trap trap = atomic_address(m, slots[0], d, 4, &addr);
    if (trap) {
        return wx_trap(inst->thread, trap);
    }
    slots[0] = m->type.shared ? wx_waitq_notify(m, addr, (uint32_t)slots[1], NULL, NULL) : 0;
    return WX_DONE;
}

static enum wx_outcome wait(struct wx_instance *inst, uint64_t *slots, uint64_t c, uint64_t d,
                            bool is64)
{
    struct wx_memory *m = inst->memories[c];
    uint64_t addr;
    enum wx_trap trap = atomic_address(m, slots[0], d, is64 ? 8 : 4, &addr);
    if (!trap && !m->type.shared) {
        trap = WX_TRAP_UNSHARED_WAIT;
    }
    if (trap) {
        return wx_trap(inst->thread, trap);
    }
    return wx_waitq_wait(inst->thread, m, addr, slots[1], is64, (int64_t)slots[2], slots);
}

static enum wx_outcome wait32(struct wx_instance *inst, uint64_t *slots, uint64_t c, uint64_t d)
{
    return wait(inst, slots, c, d, false);
}

static enum wx_outcome wait64(struct wx_instance *inst, uint64_t *slots, uint64_t c, uint64_t d)
{
    return wait(inst, slots, c, d, true);
}

/* c = tag index; the payload is on top of the stack. */
static enum wx_outcome throw_tag(struct wx_instance *inst, uint64_t *slots, uint64_t c, uint64_t d)
{
    (void)d;
    const struct wx_tag *tag = inst->tags[c];
    return wx_throw(inst->thread, tag, slots, slots + tag->sig->n_param_slots);
}

static enum wx_outcome throw_ref(struct wx_instance *inst, uint64_t *slots, uint64_t c, uint64_t d)
{
    (void)c, (void)d;
    return wx_throw_ref(inst->thread, slots);
}

/* Globals of two slots that no register holds: c = index. */
static enum wx_outcome global_get_pair(struct wx_instance *inst, uint64_t *slots, uint64_t c,
                                       uint64_t d)
{
    (void)d;
    memcpy(slots, inst->globals[c], 2 * sizeof *slots);
    return WX_DONE;
}

static enum wx_outcome global_set_pair(struct wx_instance *inst, uint64_t *slots, uint64_t c,
                                       uint64_t d)
{
    (void)d;
    memcpy(inst->globals[c], slots, 2 * sizeof *slots);
    return WX_DONE;
}

const wx_helper_fn wx_helpers[WX_HELPER_COUNT] = {
    [WX_HELPER_MEMORY_GROW] = memory_grow,
    [WX_HELPER_MEMORY_FILL] = memory_fill,
    [WX_HELPER_MEMORY_COPY] = memory_copy,
    [WX_HELPER_MEMORY_INIT] = memory_init,
    [WX_HELPER_DATA_DROP] = data_drop,
    [WX_HELPER_TABLE_GET] = table_get,
    [WX_HELPER_TABLE_SET] = table_set,
    [WX_HELPER_TABLE_SIZE] = table_size,
    [WX_HELPER_TABLE_GROW] = table_grow,
    [WX_HELPER_TABLE_FILL] = table_fill,
    [WX_HELPER_TABLE_COPY] = table_copy,
    [WX_HELPER_TABLE_INIT] = table_init,
    [WX_HELPER_ELEM_DROP] = elem_drop,
    [WX_HELPER_REF_FUNC] = ref_func,
    [WX_HELPER_NOTIFY] = notify,
    [WX_HELPER_WAIT32] = wait32,
    [WX_HELPER_WAIT64] = wait64,
    [WX_HELPER_THROW] = throw_tag,
    [WX_HELPER_THROW_REF] = throw_ref,
    [WX_HELPER_GLOBAL_GET_PAIR] = global_get_pair,
    [WX_HELPER_GLOBAL_SET_PAIR] = global_set_pair,
};
