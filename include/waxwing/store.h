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
/**
 * Names to externs: what imports are resolved from. One thread at a time; nothing may be defined
 * while an environment that uses it lives (its threads look imports up).
 */
typedef struct wax_linker wax_linker;

/* -------- stores -------- */

/**
 * Free a store with all its instances and objects, running the finalizers of its references.
 * Not while a call is running.
 *
 * @param store  taken; NULL accepted
 * @since 0.1
 * @source wasm core 3.0, 4.2.3
 */
WAX_API void wax_store_free(wax_store *wax_own store);

/**
 * Make an empty store.
 *
 * @param engine     borrowed; counted by the store
 * @param ret_store  given to the caller, freed by wax_store_free()
 * @return WAX_OK; WAX_E_NOMEM, WAX_E_IO, WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 4.2.3
 */
WAX_API WAX_MUST_USE wax_status wax_store_new(wax_engine *engine, wax_store *wax_own *ret_store,
                                              wax_error **err);

/**
 * Stop what the store runs, soon and for good: the call answers WAX_E_CANCELLED, later ones
 * WAX_E_POISONED. Any thread; async-signal-safe.
 *
 * @param store  borrowed; NULL accepted
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_store_cancel(wax_store *store);

/**
 * Limit the time of later calls from the host, each from its own start; past it they end with
 * WAX_E_TIMEOUT. Needs WAX_SIGNALS_OWN: without, such calls answer WAX_E_UNSUPPORTED.
 *
 * @param store       borrowed; NULL accepted
 * @param timeout_ns  nanoseconds, 0 = none
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_store_set_timeout(wax_store *store, uint64_t timeout_ns);

/**
 * Set the fuel left to later calls: wasm instructions, charged per block. Counted in engines with
 * fuel on; a store starts with none. Guest threads share it: one starts with half of what its
 * parent has left, and what it leaves goes to the next thread that spawns or joins.
 *
 * @param store  borrowed; NULL accepted
 * @param fuel   instructions; past INT64_MAX is INT64_MAX
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_store_set_fuel(wax_store *store, uint64_t fuel);

/**
 * Fuel that is left.
 *
 * @param store  borrowed; NULL gives 0
 * @return instructions
 * @since 0.1
 * @source waxwing
 */
WAX_API uint64_t wax_store_fuel(const wax_store *store);

/**
 * Make an external reference. Its identity is that of the returned value.
 *
 * @param store      borrowed
 * @param data       whatever the host wants to find again
 * @param finalize   called with data when the store is freed; may be NULL
 * @param ret_value  an externref value, valid as long as the store
 * @return WAX_OK; WAX_E_NOMEM, WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 4.2.1
 */
WAX_API WAX_MUST_USE wax_status wax_store_externref(wax_store *store, void *data,
                                                    void (*finalize)(void *data),
                                                    wax_value *ret_value, wax_error **err);

/**
 * Find what an external reference of this store stands for.
 *
 * @param store  borrowed
 * @param value  borrowed
 * @return data given to wax_store_externref(); NULL for null, foreign and other values
 * @since 0.1
 * @source wasm core 3.0, 4.2.1
 */
WAX_API void *wax_externref_data(const wax_store *store, const wax_value *value);

/* -------- host functions -------- */

/**
 * A host function: reads args, writes results (their types are set already). Returns WAX_OK, or an
 * error made with wax_host_fail(), which traps the guest, or with wax_host_throw(), which throws;
 * or WAX_EXCEPTION with the error of its own wax_call(), which throws that exception on. May call
 * back into the same store; an exit or a cancellation of such a call that it passes on keeps its
 * meaning, too.
 *
 * @param memory  memory 0 of the calling instance, NULL if it has none; borrowed for the call
 */
typedef wax_status (*wax_host_fn)(void *data, wax_memory *memory, const wax_value *args,
                                  wax_value *results, wax_error **err);

/**
 * Make the error of a failing host function.
 *
 * @param err     as the host function got it; may be NULL
 * @param format  printf format of the message, cut at 511 bytes; its arguments follow
 * @return WAX_TRAP, to be returned
 * @since 0.1
 * @source waxwing
 */
WAX_API wax_status wax_host_fail(wax_error **err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * Make a function of the host.
 *
 * @param store     borrowed
 * @param type      borrowed for the call
 * @param fn        called on the thread that runs the guest
 * @param data      handed to fn; must live as long as the store
 * @param ret_func  belongs to the store
 * @return WAX_OK; WAX_E_NOMEM, WAX_E_INVALID (a type that is none)
 * @since 0.1
 * @source wasm core 3.0, 4.2.6
 */
WAX_API WAX_MUST_USE wax_status wax_func_new(wax_store *store, const wax_functype *type,
                                             wax_host_fn fn, void *data, wax_func **ret_func,
                                             wax_error **err);

/* -------- tags and exceptions -------- */

/**
 * Make a tag of the host: what exceptions are told apart by. Importable as an extern.
 *
 * @param store    borrowed
 * @param type     parameters only; borrowed for the call
 * @param ret_tag  belongs to the store
 * @return WAX_OK; WAX_E_INVALID if the type has results; WAX_E_NOMEM
 * @since 0.1
 * @source wasm core 3.0, 4.2.10
 */
WAX_API WAX_MUST_USE wax_status wax_tag_new(wax_store *store, const wax_functype *type,
                                            wax_tag **ret_tag, wax_error **err);

/**
 * Type of a tag.
 *
 * @param tag       borrowed
 * @param ret_type  its arrays live as long as the store
 * @return WAX_OK; WAX_E_NOMEM, WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 4.2.10
 */
WAX_API WAX_MUST_USE wax_status wax_tag_type(const wax_tag *tag, wax_functype *ret_type,
                                             wax_error **err);

/**
 * Make the error of a host function that throws: `return wax_host_throw(err, tag, args, n);`.
 *
 * @param err     of the host function; must not be NULL
 * @param tag     of the store the function is called in
 * @param args    n_args values of the types of the tag, copied
 * @param n_args  must be the number of its parameters
 * @return WAX_EXCEPTION; WAX_E_INVALID, WAX_E_TYPE for values the tag does not take, WAX_E_STATE
 *         for an exnref that is gone: returned from a host function these trap
 * @since 0.1
 * @source wasm core 3.0, 4.6.2 (throw)
 */
WAX_API wax_status wax_host_throw(wax_error **err, const wax_tag *tag, const wax_value *args,
                                  size_t n_args);

/**
 * Tag of the exception behind WAX_EXCEPTION.
 *
 * @param error  borrowed; NULL accepted
 * @return valid while its store lives; NULL if it is no exception
 * @since 0.1
 * @source wasm core 3.0, 4.6.2 (throw)
 */
WAX_API const wax_tag *wax_error_tag(const wax_error *error);

/**
 * Number of values that exception carries.
 *
 * @param error  borrowed; NULL accepted
 * @return values, 0 if it is no exception
 * @since 0.1
 * @source wasm core 3.0, 4.6.2 (throw)
 */
WAX_API size_t wax_error_n_values(const wax_error *error);

/**
 * One value of that exception.
 *
 * @param error  borrowed; NULL accepted
 * @param idx    0 to wax_error_n_values() - 1
 * @return valid until the error is freed, references as in wax_value; NULL past the end
 * @since 0.1
 * @source wasm core 3.0, 4.6.2 (throw)
 */
WAX_API const wax_value *wax_error_value(const wax_error *error, size_t idx);

/* -------- linking -------- */

/**
 * Free a linker. What was instantiated by it stays.
 *
 * @param linker  taken; NULL accepted
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_linker_free(wax_linker *wax_own linker);

/**
 * Make an empty linker.
 *
 * @param engine      borrowed; counted by the linker
 * @param ret_linker  given to the caller, freed by wax_linker_free()
 * @return WAX_OK; WAX_E_NOMEM, WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 2.5.11
 */
WAX_API WAX_MUST_USE wax_status wax_linker_new(wax_engine *engine, wax_linker *wax_own *ret_linker,
                                               wax_error **err);

/**
 * Define or replace what an import of this name resolves to. It must belong to the store that is
 * later instantiated into; memories may come from others.
 *
 * @param linker  borrowed
 * @param module  copied; may hold any bytes
 * @param name    copied; may hold any bytes
 * @param ext     borrowed for the call; the object it names for as long as the linker
 * @return WAX_OK; WAX_E_NOMEM, WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 2.5.11
 */
WAX_API WAX_MUST_USE wax_status wax_linker_define(wax_linker *linker, wax_name module,
                                                  wax_name name, const wax_extern *ext,
                                                  wax_error **err);

/**
 * Define or replace an import by a host function that is made anew in each store the linker
 * instantiates into: guest threads, which have stores of their own, can import it. With threads the
 * function is called on any of them, several at a time; what it calls back in the same store runs
 * on the same thread.
 *
 * @param linker  borrowed
 * @param module  copied; may hold any bytes
 * @param name    copied; may hold any bytes
 * @param type    borrowed for the call
 * @param fn      called on the thread of the guest that calls
 * @param data    handed to fn; must outlive every store that was instantiated into
 * @return WAX_OK; WAX_E_INVALID (a type that is none), WAX_E_NOMEM
 * @since 0.1
 * @source wasm core 3.0, 2.5.11
 */
WAX_API WAX_MUST_USE wax_status wax_linker_define_func(wax_linker *linker, wax_name module,
                                                       wax_name name, const wax_functype *type,
                                                       wax_host_fn fn, void *data, wax_error **err);

/**
 * Inside a host function: the instance that called it, to find exports to call back. With guest
 * threads it is the calling thread's own.
 *
 * @return borrowed for the call; NULL outside, or if the host called its function itself
 * @since 0.1
 * @source waxwing
 */
WAX_API wax_instance *wax_calling_instance(void);

/**
 * Define all exports of an instance under a module name.
 *
 * @param linker    borrowed
 * @param module    copied
 * @param instance  borrowed for as long as the linker
 * @return WAX_OK; WAX_E_NOMEM (some may be defined then), WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 2.5.11
 */
WAX_API WAX_MUST_USE wax_status wax_linker_define_instance(wax_linker *linker, wax_name module,
                                                           wax_instance *instance, wax_error **err);

/**
 * Resolve the imports of a module and instantiate it; runs the start function.
 *
 * @param linker        borrowed
 * @param store         borrowed; what is made belongs to it
 * @param module        borrowed; counted by the instance
 * @param ret_instance  belongs to the store
 * @return WAX_OK; WAX_E_LINK naming the import; WAX_TRAP from segments or the start function;
 *         WAX_E_LIMIT, WAX_E_NOMEM, WAX_E_INVALID; the ends of wax_call()
 * @since 0.1
 * @source wasm core 3.0, 4.5.4
 */
WAX_API WAX_MUST_USE wax_status wax_linker_instantiate(wax_linker *linker, wax_store *store,
                                                       wax_module *module,
                                                       wax_instance **ret_instance,
                                                       wax_error **err);

/* -------- instances -------- */

/**
 * Find an export by its length-counted name.
 *
 * @param instance    borrowed
 * @param name        any bytes; borrowed for the call
 * @param ret_extern  belongs to the store
 * @return WAX_OK; WAX_E_NOT_FOUND, WAX_E_NOMEM, WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 2.5.10
 */
WAX_API WAX_MUST_USE wax_status wax_instance_export(wax_instance *instance, wax_name name,
                                                    wax_extern *ret_extern, wax_error **err);

/**
 * Find an exported function by name.
 *
 * @param instance  borrowed
 * @param name      C string, borrowed for the call
 * @param ret_func  belongs to the store
 * @return WAX_OK; WAX_E_NOT_FOUND, WAX_E_TYPE if it is something else, WAX_E_NOMEM, WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 2.5.10
 */
WAX_API WAX_MUST_USE wax_status wax_instance_func(wax_instance *instance, const char *name,
                                                  wax_func **ret_func, wax_error **err);

/**
 * Find an exported memory by name.
 *
 * @param instance    borrowed
 * @param name        C string, borrowed for the call
 * @param ret_memory  belongs to the store
 * @return as wax_instance_func()
 * @since 0.1
 * @source wasm core 3.0, 2.5.10
 */
WAX_API WAX_MUST_USE wax_status wax_instance_memory(wax_instance *instance, const char *name,
                                                    wax_memory **ret_memory, wax_error **err);

/* -------- calling -------- */

/**
 * Type of a function.
 *
 * @param func      borrowed
 * @param ret_type  its arrays live as long as the store
 * @return WAX_OK; WAX_E_NOMEM, WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 4.2.6
 */
WAX_API WAX_MUST_USE wax_status wax_func_type(wax_func *func, wax_functype *ret_type,
                                              wax_error **err);

/**
 * Call a function and wait for its end.
 *
 * @param func       borrowed
 * @param args       n_args values of the parameter types
 * @param n_args     must be the number of parameters
 * @param results    room for n_results values, written on success
 * @param n_results  must be the number of results
 * @return WAX_OK; WAX_TRAP or WAX_EXIT with trap, exit code and back-trace in the error;
 *         WAX_EXCEPTION with the tag, the values and the back-trace of the throw; WAX_E_INVALID
 *         (wrong counts), WAX_E_TYPE (wrong argument type), WAX_E_CANCELLED, WAX_E_TIMEOUT,
 *         WAX_E_FUEL, WAX_E_POISONED, WAX_E_STATE (running on another thread), WAX_E_UNSUPPORTED
 *         (a timeout without signals), WAX_E_NOMEM, WAX_E_IO
 * @since 0.1
 * @source wasm core 3.0, 4.5.5
 */
WAX_API WAX_MUST_USE wax_status wax_call(wax_func *func, const wax_value *args, size_t n_args,
                                         wax_value *results, size_t n_results, wax_error **err);

/* -------- memories -------- */

/**
 * Make a memory.
 *
 * @param store       borrowed
 * @param limits      in pages; a shared memory must have a maximum
 * @param ret_memory  belongs to the store
 * @return WAX_OK; WAX_E_LIMIT past the configured limit, WAX_E_NOMEM, WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 4.5.3 (allocating memories)
 */
WAX_API WAX_MUST_USE wax_status wax_memory_new(wax_store *store, const wax_limits *limits,
                                               wax_memory **ret_memory, wax_error **err);

/**
 * Present size of a memory. Thread-safe.
 *
 * @param memory  borrowed; NULL gives 0
 * @return bytes
 * @since 0.1
 * @source wasm core 3.0, 4.2.8
 */
WAX_API uint64_t wax_memory_size(const wax_memory *memory);

/**
 * Grow a memory. Thread-safe if it is shared.
 *
 * @param memory     borrowed
 * @param delta      pages to add (64 KiB each); 0 is allowed
 * @param ret_pages  size before growing, in pages; may be NULL
 * @return WAX_OK; WAX_E_LIMIT past the declared or configured limit, or if the host refuses;
 *         WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 4.5.3 (growing memories)
 */
WAX_API WAX_MUST_USE wax_status wax_memory_grow(wax_memory *memory, uint64_t delta,
                                                uint64_t *ret_pages, wax_error **err);

/**
 * Copy out of guest memory. Thread-safe; a race with the guest is the guest's.
 *
 * @param memory  borrowed
 * @param addr    guest address
 * @param dst     len bytes, written on success
 * @param len     bytes; 0 is allowed up to the end
 * @return WAX_OK; WAX_E_BOUNDS, WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 4.2.8
 */
WAX_API WAX_MUST_USE wax_status wax_memory_read(const wax_memory *memory, uint64_t addr, void *dst,
                                                size_t len, wax_error **err);

/**
 * Copy into guest memory. Thread-safe; a race with the guest is the guest's.
 *
 * @param memory  borrowed
 * @param addr    guest address
 * @param src     len bytes, borrowed for the call
 * @param len     bytes; 0 is allowed up to the end
 * @return WAX_OK; WAX_E_BOUNDS (nothing is written then), WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 4.2.8
 */
WAX_API WAX_MUST_USE wax_status wax_memory_write(wax_memory *memory, uint64_t addr, const void *src,
                                                 size_t len, wax_error **err);

/* -------- tables and globals -------- */

/**
 * Make a table of null references.
 *
 * @param store      borrowed
 * @param limits     in elements
 * @param elem       WAX_FUNCREF, WAX_EXTERNREF or WAX_EXNREF
 * @param ret_table  belongs to the store
 * @return WAX_OK; WAX_E_LIMIT past the configured limit, WAX_E_NOMEM, WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 4.5.3 (allocating tables)
 */
WAX_API WAX_MUST_USE wax_status wax_table_new(wax_store *store, const wax_limits *limits,
                                              wax_valtype elem, wax_table **ret_table,
                                              wax_error **err);

/**
 * Present size of a table.
 *
 * @param table  borrowed; NULL gives 0
 * @return elements
 * @since 0.1
 * @source wasm core 3.0, 4.2.7
 */
WAX_API uint64_t wax_table_size(const wax_table *table);

/**
 * Read an element.
 *
 * @param table      borrowed
 * @param idx        element
 * @param ret_value  a reference, valid as long as the store
 * @return WAX_OK; WAX_E_BOUNDS, WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 4.2.7
 */
WAX_API WAX_MUST_USE wax_status wax_table_get(const wax_table *table, uint64_t idx,
                                              wax_value *ret_value, wax_error **err);

/**
 * Write an element.
 *
 * @param table  borrowed
 * @param idx    element
 * @param value  a reference of the element type and of this store
 * @return WAX_OK; WAX_E_BOUNDS, WAX_E_TYPE, WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 4.2.7
 */
WAX_API WAX_MUST_USE wax_status wax_table_set(wax_table *table, uint64_t idx,
                                              const wax_value *value, wax_error **err);

/**
 * Grow a table.
 *
 * @param table  borrowed
 * @param delta  elements to add; 0 is allowed
 * @param init   what they are at first
 * @return WAX_OK; WAX_E_LIMIT past the declared or configured limit, WAX_E_TYPE, WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 4.5.3 (growing tables)
 */
WAX_API WAX_MUST_USE wax_status wax_table_grow(wax_table *table, uint64_t delta,
                                               const wax_value *init, wax_error **err);

/**
 * Make a global.
 *
 * @param store       borrowed
 * @param value       its type and first value
 * @param mut         1 = may be written
 * @param ret_global  belongs to the store
 * @return WAX_OK; WAX_E_TYPE (a function of another store), WAX_E_NOMEM, WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 4.5.3 (allocating globals)
 */
WAX_API WAX_MUST_USE wax_status wax_global_new(wax_store *store, const wax_value *value,
                                               int32_t mut, wax_global **ret_global,
                                               wax_error **err);

/**
 * Read a global.
 *
 * @param global     borrowed; NULL accepted
 * @param ret_value  written, with its type
 * @since 0.1
 * @source wasm core 3.0, 4.2.9
 */
WAX_API void wax_global_get(const wax_global *global, wax_value *ret_value);

/**
 * Write a global.
 *
 * @param global  borrowed
 * @param value   of its type
 * @return WAX_OK; WAX_E_TYPE for another type or an immutable global, WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 4.2.9
 */
WAX_API WAX_MUST_USE wax_status wax_global_set(wax_global *global, const wax_value *value,
                                               wax_error **err);

#ifdef __cplusplus
}
#endif
#endif
