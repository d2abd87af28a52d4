/* SPDX-License-Identifier: Apache-2.0 */
/* call_dynamic, reflect_signature: functions whose types are known at run time only. */
#include <string.h>

#include "wasi/dl.h"
#include "wasi/handlers.h"
#include "wasix/callable.h"

struct wx_table *wx_callable_table(const struct wx_guest_thread *self)
{
    static const char name[] = "__indirect_function_table";
    struct wx_extern ext;
    if (self->group) {
        return wx_dl_table(self);
    }
    bool found = wx_instance_export(self->instance, name, sizeof name - 1, &ext) &&
                 ext.kind == WX_EXT_TABLE && ext.u.table->type.elem == WX_FUNCREF;
    return found ? ext.u.table : NULL;
}

struct wx_func *wx_callable_find(struct wx_table *table, uint64_t idx)
{
    const struct wx_tabent *e = wx_table_get(table, idx);
    return e ? (struct wx_func *)(uintptr_t)e->ref : NULL;
}

/* -------- values -------- */

uint32_t wx_value_bytes(wx_valtype type)
{
    switch (wx_type_kind(type)) {
    case WX_KIND_I32:
    case WX_KIND_F32: return 4;
    case WX_KIND_I64:
    case WX_KIND_F64: return 8;
    case WX_KIND_V128: return 16;
    default: return 0;
    }
}

bool wx_values_bytes(const wx_valtype *types, uint32_t n, uint64_t *ret_bytes)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bytes = wx_value_bytes(types[i]);
        if (!bytes) {
            return false;
        }
        sum += bytes;
    }
    *ret_bytes = sum;
    return true;
}

void wx_values_load(const struct wx_memory *m, uint64_t addr, uint64_t len, const wx_valtype *types,
                    uint32_t n, uint64_t *slots)
{
    uint64_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bytes = wx_value_bytes(types[i]), n_slots = wx_type_slots(types[i]);
        memset(slots, 0, n_slots * sizeof *slots);
        if (at + bytes <= len) {
            wx_memory_read(m, addr + at, slots, bytes);
        }
        at += bytes;
        slots += n_slots;
    }
}

void wx_values_store(struct wx_memory *m, uint64_t addr, uint64_t len, const wx_valtype *types,
                     uint32_t n, const uint64_t *slots)
{
    uint64_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bytes = wx_value_bytes(types[i]);
        if (at + bytes <= len) {
            wx_memory_write(m, addr + at, slots, bytes);
        }
        at += bytes;
        slots += wx_type_slots(types[i]);
    }
}

void wx_values_clear(struct wx_memory *m, uint64_t addr, uint64_t len)
{
    static const uint64_t zeros[8];
    while (len) {
        uint64_t n = len < sizeof zeros ? len : sizeof zeros;
        wx_memory_write(m, addr, zeros, n);
        addr += n;
        len -= n;
    }
}

/* -------- calling -------- */

enum { VALUES, VALUES_LEN, RESULTS, RESULTS_LEN }; /* state of a call */

static void fill(struct wx_thread *t, const struct wx_guest_call *call, uint64_t *slots)
{
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, call->data, call->slots);
    const struct wx_sig *sig = call->func->sig;
    wx_values_load(c.memory, call->state[VALUES], call->state[VALUES_LEN], sig->types,
                   sig->n_params, slots);
}

static enum wx_outcome called(struct wx_thread *t)
{
    const struct wx_guest_call *call = &t->out.call;
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, call->data, call->slots);
    const struct wx_sig *sig = call->func->sig;
    wx_values_store(c.memory, call->state[RESULTS], call->state[RESULTS_LEN],
                    sig->types + sig->n_params, sig->n_results, call->results);
    return wx_wasi_finish(&c, 0);
}

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

wx_wasi_ret wx_wasi_call_dynamic(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_table *table = wx_callable_table(c->self);
    if (!table) {
        return WX_WERRNO_NOTSUP;
    }
    struct wx_func *f = wx_callable_find(table, a[0]);
    uint64_t params, results;
    if (!f || a[5] > 1 || !wx_values_bytes(f->sig->types, f->sig->n_params, &params) ||
        !wx_values_bytes(f->sig->types + f->sig->n_params, f->sig->n_results, &results) ||
        (a[5] && (a[2] != params || a[4] != results))) {
        return WX_WERRNO_INVAL;
    }
    params = least(params, a[2]);
    results = least(results, a[4]);
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[1]}, params);
    e = e ? e : wx_guest_check(c, (wx_gptr){a[3]}, results);
    if (e) {
        return e;
    }
    c->t->out.call = (struct wx_guest_call){.func = f,
                                            .fill = fill,
                                            .then = called,
                                            .data = c->binding,
                                            .slots = c->slots,
                                            .state = {a[1], params, a[3], results}};
    return WX_RET_CALL;
}

/* -------- reflection -------- */

static uint8_t code_of(wx_valtype type)
{
    switch (wx_type_kind(type)) {
    case WX_KIND_I32: return 0;
    case WX_KIND_I64: return 1;
    case WX_KIND_F32: return 2;
    case WX_KIND_F64: return 3;
    default: return 4;
    }
}

static void write_types(struct wx_wasi_call *c, uint64_t addr, const wx_valtype *types, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        (void)wx_guest_write_u8(c, (wx_gptr){addr + i}, code_of(types[i])); /* checked */
    }
}

wx_wasi_ret wx_wasi_reflect_signature(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_table *table = wx_callable_table(c->self);
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[5]}, 6);
    if (e || !table) {
        return e ? e : WX_WERRNO_NOTSUP;
    }
    const struct wx_func *f = wx_callable_find(table, a[0]);
    const struct wx_sig *sig = f ? f->sig : NULL;
    uint16_t out[3] = {a[0] < table->size && !wx_closure_owns(c->self, a[0]),
                       sig ? (uint16_t)sig->n_params : 0, sig ? (uint16_t)sig->n_results : 0};
    (void)wx_guest_write(c, (wx_gptr){a[5]}, out, sizeof out); /* checked */
    uint64_t bytes;
    if (!sig || !wx_values_bytes(sig->types, sig->n_params + sig->n_results, &bytes)) {
        return WX_WERRNO_INVAL;
    }
    if (a[2] < sig->n_params || a[4] < sig->n_results) {
        return WX_WERRNO_OVERFLOW;
    }
    e = wx_guest_check(c, (wx_gptr){a[1]}, sig->n_params);
    e = e ? e : wx_guest_check(c, (wx_gptr){a[3]}, sig->n_results);
    if (!e) {
        write_types(c, a[1], sig->types, sig->n_params);
        write_types(c, a[3], sig->types + sig->n_params, sig->n_results);
    }
    return e;
}
