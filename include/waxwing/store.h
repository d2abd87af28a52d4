/* SPDX-License-Identifier: Apache-2.0 */
/* Stores, linking, calling, and the objects instances share. */
#ifndef WAXWING_STORE_H
#define WAXWING_STORE_H

#include <waxwing/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Instances that live and run together. One thread at a time (calls from two threads at once answer
 * WAX_E_STATE); wax_store_cancel() may be called from any thread. Functions, tables, memories and
 * globals belong to their store and are valid until it is freed.
 */
typedef struct wax_store wax_store;
/** A module at work. Belongs to its store. */
typedef struct wax_instance wax_instance;
/** Names to externs: what imports are resolved from. One thread at a time. */
typedef struct wax_linker wax_linker;

/* -------- stores -------- */

WAX_API void wax_store_free(wax_store *wax_own store);
/**
 * Make an empty store.
 *
 * @param ret_store  given to the caller, freed by wax_store_free()
 * @return WAX_OK; WAX_E_NOMEM, WAX_E_IO
 * @since 0.1
 * @source wasm core 3.0, 4.2.3
 */
WAX_API WAX_MUST_USE wax_status wax_store_new(wax_engine *engine, wax_store *wax_own *ret_store,
                                              wax_error **err);
/** Stop what the store runs, soon and for good: later calls answer WAX_E_POISONED. Any thread. */
WAX_API void wax_store_cancel(wax_store *store);
/** Calls that run past this many nanoseconds from their start end with WAX_E_TIMEOUT; 0 = none. */
WAX_API void wax_store_set_timeout(wax_store *store, uint64_t timeout_ns);
/** Fuel left to later calls (engines with fuel on): wasm instructions, charged per block. */
WAX_API void wax_store_set_fuel(wax_store *store, uint64_t fuel);
WAX_API uint64_t wax_store_fuel(const wax_store *store);
/**
 * Make an external reference. Identity is that of the returned value.
 *
 * @param data       whatever the host wants to find again
 * @param finalize   called with data when the store is freed; may be NULL
 * @param ret_value  an externref value
 * @return WAX_OK; WAX_E_NOMEM
 * @since 0.1
 * @source wasm core 3.0, 4.2.1
 */
WAX_API wax_status wax_store_externref(wax_store *store, void *data, void (*finalize)(void *data),
                                       wax_value *ret_value, wax_error **err);
/** Data behind an externref of this store; NULL for null or foreign values. */
WAX_API void *wax_externref_data(const wax_store *store, const wax_value *value);

/* -------- host functions -------- */

/**
 * A host function: reads args, writes results (their types are set already). Returns WAX_OK, or an
 * error made with wax_host_fail(), which traps the guest, or with wax_host_throw(), which throws;
 * or WAX_EXCEPTION with the error of its own wax_call(), which throws that exception on. May call
 * back into the same store.
 *
 * @param memory  memory 0 of the calling instance, NULL if it has none; borrowed for the call
 */
typedef wax_status (*wax_host_fn)(void *data, wax_memory *memory, const wax_value *args,
                                  wax_value *results, wax_error **err);
/** Make the error of a failing host function; printf-like. Returns WAX_TRAP. */
WAX_API wax_status wax_host_fail(wax_error **err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * Make a function of the host.
 *
 * @param type  borrowed
 * @param data  handed to fn; must live as long as the store
 * @return WAX_OK; WAX_E_NOMEM
 * @since 0.1
 * @source wasm core 3.0, 4.2.6
 */
WAX_API wax_status wax_func_new(wax_store *store, const wax_functype *type, wax_host_fn fn,
                                void *data, wax_func **ret_func, wax_error **err);

/* -------- tags and exceptions -------- */

/**
 * Make a tag of the host: what exceptions are told apart by. Importable as an extern.
 *
 * @param type     parameters only; borrowed
 * @param ret_tag  belongs to the store
 * @return WAX_OK; WAX_E_INVALID if the type has results; WAX_E_NOMEM
 * @since 0.1
 * @source wasm core 3.0, 4.2.10
 */
WAX_API wax_status wax_tag_new(wax_store *store, const wax_functype *type, wax_tag **ret_tag,
                               wax_error **err);
/** Type of a tag; the arrays live as long as its store. */
WAX_API wax_status wax_tag_type(const wax_tag *tag, wax_functype *ret_type, wax_error **err);
/**
 * Make the error of a host function that throws: `return wax_host_throw(err, tag, args, n);`.
 *
 * @param err     of the host function; must not be NULL
 * @param tag     of the store the function is called in
 * @param args    n_args values of the tag's types, copied
 * @return WAX_EXCEPTION; WAX_E_INVALID, WAX_E_TYPE for values the tag does not take, WAX_E_STATE
 * for an exnref that is gone: returned from a host function these trap
 * @since 0.1
 * @source wasm core 3.0, 4.6.2 (throw)
 */
WAX_API wax_status wax_host_throw(wax_error **err, const wax_tag *tag, const wax_value *args,
                                  size_t n_args);
/** Tag of the exception behind WAX_EXCEPTION, NULL otherwise. Valid while its store lives. */
WAX_API const wax_tag *wax_error_tag(const wax_error *error);
/** Number of values that exception carries. */
WAX_API size_t wax_error_n_values(const wax_error *error);
/** One of them; NULL past the end. Lives as long as the error; references as in wax_value. */
WAX_API const wax_value *wax_error_value(const wax_error *error, size_t idx);

/* -------- linking -------- */

WAX_API void wax_linker_free(wax_linker *wax_own linker);
WAX_API WAX_MUST_USE wax_status wax_linker_new(wax_engine *engine, wax_linker *wax_own *ret_linker,
                                               wax_error **err);
/**
 * Define or replace (module, name). The extern must belong to the store later instantiated into.
 *
 * @return WAX_OK; WAX_E_NOMEM
 * @since 0.1
 * @source wasm core 3.0, 2.5.11
 */
WAX_API wax_status wax_linker_define(wax_linker *linker, wax_name module, wax_name name,
                                     const wax_extern *ext, wax_error **err);
/** All exports of an instance, importable under a module name. */
WAX_API wax_status wax_linker_define_instance(wax_linker *linker, wax_name module,
                                              wax_instance *instance, wax_error **err);
/**
 * Resolve the imports of a module and instantiate it; runs the start function.
 *
 * @param ret_instance  belongs to the store
 * @return WAX_OK; WAX_E_LINK naming the import; WAX_TRAP from segments or the start function;
 *         WAX_E_LIMIT, WAX_E_NOMEM
 * @since 0.1
 * @source wasm core 3.0, 4.5.4
 */
WAX_API wax_status wax_linker_instantiate(wax_linker *linker, wax_store *store, wax_module *module,
                                          wax_instance **ret_instance, wax_error **err);

/* -------- instances -------- */

/** Export by length-counted name. @return WAX_OK; WAX_E_NOT_FOUND, WAX_E_NOMEM */
WAX_API wax_status wax_instance_export(wax_instance *instance, wax_name name,
                                       wax_extern *ret_extern, wax_error **err);
/** Exported function by C string. @return WAX_OK; WAX_E_NOT_FOUND, WAX_E_TYPE if no function */
WAX_API wax_status wax_instance_func(wax_instance *instance, const char *name, wax_func **ret_func,
                                     wax_error **err);
/** Exported memory by C string, as wax_instance_func(). */
WAX_API wax_status wax_instance_memory(wax_instance *instance, const char *name,
                                       wax_memory **ret_memory, wax_error **err);

/* -------- calling -------- */

/** Type of a function; the arrays live as long as its store. */
WAX_API wax_status wax_func_type(wax_func *func, wax_functype *ret_type, wax_error **err);
/**
 * Call a function and wait for its end.
 *
 * @param args     n_args values of the parameter types
 * @param results  room for n_results values, written on success
 * @return WAX_OK; WAX_TRAP or WAX_EXIT with trap, exit code and back-trace in the error;
 *         WAX_EXCEPTION with the tag, the values and the back-trace of the throw;
 *         WAX_E_INVALID (wrong counts), WAX_E_TYPE (wrong argument type), WAX_E_CANCELLED,
 *         WAX_E_TIMEOUT, WAX_E_FUEL, WAX_E_POISONED, WAX_E_STATE
 * @since 0.1
 * @source wasm core 3.0, 4.5.5
 */
WAX_API wax_status wax_call(wax_func *func, const wax_value *args, size_t n_args,
                            wax_value *results, size_t n_results, wax_error **err);

/* -------- memories -------- */

WAX_API wax_status wax_memory_new(wax_store *store, const wax_limits *limits,
                                  wax_memory **ret_memory, wax_error **err);
/** Present size in bytes. Thread-safe. */
WAX_API uint64_t wax_memory_size(const wax_memory *memory);
/**
 * Grow a linear memory.
 *
 * @param delta      pages to add (64 KiB each); 0 is allowed
 * @param ret_pages  size before growing, in pages; may be NULL
 * @return WAX_OK; WAX_E_LIMIT past the declared or configured limit
 * @since 0.1
 * @source wasm core 3.0, 4.5.3 (growing memories)
 */
WAX_API wax_status wax_memory_grow(wax_memory *memory, uint64_t delta, uint64_t *ret_pages,
                                   wax_error **err);
/** Copy len bytes out of or into guest memory. @return WAX_OK; WAX_E_BOUNDS. Thread-safe. */
WAX_API wax_status wax_memory_read(const wax_memory *memory, uint64_t addr, void *dst, size_t len,
                                   wax_error **err);
WAX_API wax_status wax_memory_write(wax_memory *memory, uint64_t addr, const void *src, size_t len,
                                    wax_error **err);

/* -------- tables and globals -------- */

WAX_API wax_status wax_table_new(wax_store *store, const wax_limits *limits, wax_valtype elem,
                                 wax_table **ret_table, wax_error **err);
WAX_API uint64_t wax_table_size(const wax_table *table);
WAX_API wax_status wax_table_get(const wax_table *table, uint64_t idx, wax_value *ret_value,
                                 wax_error **err);
WAX_API wax_status wax_table_set(wax_table *table, uint64_t idx, const wax_value *value,
                                 wax_error **err);
WAX_API wax_status wax_table_grow(wax_table *table, uint64_t delta, const wax_value *init,
                                  wax_error **err);
WAX_API wax_status wax_global_new(wax_store *store, const wax_value *value, int32_t mut,
                                  wax_global **ret_global, wax_error **err);
WAX_API void wax_global_get(const wax_global *global, wax_value *ret_value);
/** @return WAX_OK; WAX_E_TYPE for another type or an immutable global */
WAX_API wax_status wax_global_set(wax_global *global, const wax_value *value, wax_error **err);

#ifdef __cplusplus
}
#endif
#endif
