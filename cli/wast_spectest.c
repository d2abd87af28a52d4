/* SPDX-License-Identifier: Apache-2.0 */
/* The host module "spectest" every spec script may import. */
#include <string.h>

#include "wast.h"

static wax_status print_nothing(void *data, wax_memory *memory, const wax_value *args,
                                wax_value *results, wax_error **err)
{
    (void)data, (void)memory, (void)args, (void)results, (void)err;
    return WAX_OK;
}

static wax_status define(struct wast *w, const char *name, const wax_extern *ext, wax_error **err)
{
    return wax_linker_define(w->linker, (wax_name){"spectest", 8}, (wax_name){name, strlen(name)},
                             ext, err);
}

static wax_status functions(struct wast *w, wax_error **err)
{
    static const struct {
        const char *name;
        uint32_t n;
        wax_valtype params[2];
    } funcs[] = {
        {"print", 0, {0}},
        {"print_i32", 1, {WAX_I32}},
        {"print_i64", 1, {WAX_I64}},
        {"print_f32", 1, {WAX_F32}},
        {"print_f64", 1, {WAX_F64}},
        {"print_i32_f32", 2, {WAX_I32, WAX_F32}},
        {"print_f64_f64", 2, {WAX_F64, WAX_F64}},
    };
    for (size_t i = 0; i < sizeof funcs / sizeof *funcs; i++) {
        wax_functype type = {funcs[i].n, 0, funcs[i].params, NULL};
        wax_extern ext = {.kind = WAX_EXTERN_FUNC};
        wax_status st = wax_func_new(w->store, &type, print_nothing, NULL, &ext.of.func, err);
        if (st != WAX_OK || (st = define(w, funcs[i].name, &ext, err)) != WAX_OK) {
            return st;
        }
    }
    return WAX_OK;
}

static wax_status globals(struct wast *w, wax_error **err)
{
    const struct {
        const char *name;
        wax_value value;
    } list[] = {
        {"global_i32", {WAX_I32, {.i32 = 666}}},
        {"global_i64", {WAX_I64, {.i64 = 666}}},
        {"global_f32", {WAX_F32, {.f32 = 666.6f}}},
        {"global_f64", {WAX_F64, {.f64 = 666.6}}},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        wax_extern ext = {.kind = WAX_EXTERN_GLOBAL};
        wax_status st = wax_global_new(w->store, &list[i].value, 0, &ext.of.global, err);
        if (st != WAX_OK || (st = define(w, list[i].name, &ext, err)) != WAX_OK) {
            return st;
        }
    }
    return WAX_OK;
}

static wax_status tables_and_memories(struct wast *w, wax_error **err)
{
    for (int is64 = 0; is64 < 2; is64++) {
        wax_extern ext = {.kind = WAX_EXTERN_TABLE};
        wax_limits limits = {10, 20, is64, 0};
        wax_status st = wax_table_new(w->store, &limits, WAX_FUNCREF, &ext.of.table, err);
        if (st != WAX_OK || (st = define(w, is64 ? "table64" : "table", &ext, err)) != WAX_OK) {
            return st;
        }
    }
    for (int shared = 0; shared < 2; shared++) {
        wax_extern ext = {.kind = WAX_EXTERN_MEMORY};
        wax_limits limits = {1, 2, 0, shared};
        wax_status st = wax_memory_new(w->store, &limits, &ext.of.memory, err);
        if (st != WAX_OK ||
            (st = define(w, shared ? "shared_memory" : "memory", &ext, err)) != WAX_OK) {
            return st;
        }
    }
    return WAX_OK;
}

wax_status wast_spectest(struct wast *w, wax_error **err)
{
    wax_status st = functions(w, err);
    if (st == WAX_OK) {
        st = globals(w, err);
    }
    return st == WAX_OK ? tables_and_memories(w, err) : st;
}
