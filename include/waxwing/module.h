/* SPDX-License-Identifier: Apache-2.0 */
/* Modules: loading and looking inside. */
#ifndef WAXWING_MODULE_H
#define WAXWING_MODULE_H

#include <waxwing/engine.h>
#include <waxwing/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A validated module, immutable. Thread-safe; counted by the instances made from it. */
typedef struct wax_module wax_module;

/**
 * Give up a module. Instances made from it keep it alive.
 *
 * @param module  taken; NULL accepted
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_module_free(wax_module *wax_own module);

/**
 * Load and validate a module from bytes, which are copied: the binary format, or the text format
 * if they begin with '(' or ';;' (after white space).
 *
 * @param engine      borrowed; counted by the module
 * @param bytes       len bytes, borrowed for the call
 * @param len         their number
 * @param ret_module  given to the caller, freed by wax_module_free()
 * @return WAX_OK; WAX_E_MALFORMED, WAX_E_VALIDATION, WAX_E_UNSUPPORTED, WAX_E_LIMIT with offset,
 *         section and function (text: line, column and excerpt) in the error; WAX_E_NOMEM,
 *         WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 5 and 3
 */
WAX_API WAX_MUST_USE wax_status wax_module_from_bytes(wax_engine *engine, const void *bytes,
                                                      size_t len, wax_module *wax_own *ret_module,
                                                      wax_error **err);

/**
 * Load and validate a module in the text format: "(module ...)" or its fields alone.
 *
 * @param engine      borrowed; counted by the module
 * @param text        len bytes, borrowed for the call; need not end in NUL
 * @param len         their number
 * @param ret_module  given to the caller, freed by wax_module_free()
 * @return as wax_module_from_bytes()
 * @since 0.1
 * @source wasm core 3.0, 6
 */
WAX_API WAX_MUST_USE wax_status wax_module_from_text(wax_engine *engine, const char *text,
                                                     size_t len, wax_module *wax_own *ret_module,
                                                     wax_error **err);

/**
 * Translate the text format into the binary one, with a name section. Syntax and names are checked;
 * types are not: that is what loading does.
 *
 * @param engine     borrowed; its limits apply
 * @param text       len bytes, borrowed for the call
 * @param len        their number
 * @param ret_bytes  given to the caller, freed by wax_bytes_free()
 * @param ret_len    their number
 * @return WAX_OK; WAX_E_MALFORMED, WAX_E_UNSUPPORTED, WAX_E_LIMIT with line, column and excerpt in
 *         the error; WAX_E_NOMEM
 * @since 0.1
 * @source wasm core 3.0, 6
 */
WAX_API WAX_MUST_USE wax_status wax_text_to_binary(wax_engine *engine, const char *text, size_t len,
                                                   void *wax_own *ret_bytes, size_t *ret_len,
                                                   wax_error **err);
/**
 * Print a module in the text format: flat code, names from its name section. Reading the text back
 * gives the same module but for names of labels.
 *
 * @param module    borrowed
 * @param ret_text  given to the caller, freed by wax_bytes_free(); ends in a newline and a NUL
 * @param ret_len   its length without the NUL
 * @return WAX_OK; WAX_E_NOMEM
 * @since 0.1
 * @source wasm core 3.0, 6
 */
WAX_API WAX_MUST_USE wax_status wax_module_print(const wax_module *module, char *wax_own *ret_text,
                                                 size_t *ret_len, wax_error **err);

/**
 * Free bytes or text the library gave out.
 *
 * @param bytes  taken; NULL accepted
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_bytes_free(void *wax_own bytes);

/**
 * Load and validate a module from a regular file, binary or text as wax_module_from_bytes().
 *
 * @param engine      borrowed; counted by the module
 * @param path        host path, borrowed for the call
 * @param ret_module  given to the caller, freed by wax_module_free()
 * @return as wax_module_from_bytes(); WAX_E_NOT_FOUND if there is no such file, WAX_E_IO
 * @since 0.1
 * @source wasm core 3.0, 5 and 3
 */
WAX_API WAX_MUST_USE wax_status wax_module_from_file(wax_engine *engine, const char *path,
                                                     wax_module *wax_own *ret_module,
                                                     wax_error **err);

/** What wax_module_compile() made. */
typedef struct wax_compiled {
    uint64_t n_funcs;    /* functions the module defines */
    uint64_t body_bytes; /* of their instructions in wasm */
    uint64_t code_bytes; /* of machine code; 0 if the engine's tier makes none */
} wax_compiled;

/**
 * Compile all functions of a module now, on the calling thread; without this each is compiled at
 * its first call. Other threads may use the module meanwhile.
 *
 * @param module        borrowed
 * @param ret_compiled  sums over all functions, those compiled before included; may be NULL
 * @return WAX_OK; WAX_E_LIMIT when the code memory of the module is full, WAX_E_NOMEM, with the
 *         function in the error; functions compiled by then stay compiled. WAX_E_INVALID
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_module_compile(wax_module *module, wax_compiled *ret_compiled,
                                                   wax_error **err);

/** One import or export; pointers live as long as the module. */
typedef struct wax_port {
    wax_name module; /* imports only */
    wax_name name;
    int32_t kind;      /* WAX_EXTERN_* */
    wax_functype func; /* functions and tags */
    wax_limits limits; /* memories and tables */
    wax_valtype value; /* globals; element type of tables */
    int32_t mut;       /* globals */
} wax_port;

/**
 * Number of imports.
 *
 * @param module  borrowed; NULL gives 0
 * @return imports
 * @since 0.1
 * @source wasm core 3.0, 2.5.11
 */
WAX_API size_t wax_module_n_imports(const wax_module *module);

/**
 * Number of exports.
 *
 * @param module  borrowed; NULL gives 0
 * @return exports
 * @since 0.1
 * @source wasm core 3.0, 2.5.10
 */
WAX_API size_t wax_module_n_exports(const wax_module *module);

/**
 * Describe an import.
 *
 * @param module    borrowed
 * @param idx       0 to wax_module_n_imports() - 1
 * @param ret_port  names and type arrays live as long as the module
 * @return WAX_OK; WAX_E_NOT_FOUND past the end, WAX_E_NOMEM, WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 2.5.11
 */
WAX_API WAX_MUST_USE wax_status wax_module_import(wax_module *module, size_t idx,
                                                  wax_port *ret_port, wax_error **err);

/**
 * Describe an export.
 *
 * @param module    borrowed
 * @param idx       0 to wax_module_n_exports() - 1
 * @param ret_port  name and type arrays live as long as the module
 * @return WAX_OK; WAX_E_NOT_FOUND past the end, WAX_E_NOMEM, WAX_E_INVALID
 * @since 0.1
 * @source wasm core 3.0, 2.5.10
 */
WAX_API WAX_MUST_USE wax_status wax_module_export(wax_module *module, size_t idx,
                                                  wax_port *ret_port, wax_error **err);

/**
 * Payload of the first custom section of a name.
 *
 * @param module   borrowed
 * @param name     of the section
 * @param ret_len  bytes of the payload, written if there is one; may be NULL
 * @return payload, valid as long as the module; NULL if there is no such section
 * @since 0.1
 * @source wasm core 3.0, 5.5.3
 */
WAX_API const void *wax_module_custom(const wax_module *module, const char *name, size_t *ret_len);

/** What a dynamically linked module asks for. Fields may be added at the end. */
typedef struct wax_dylink {
    uint64_t memory_bytes;    /* of its own, in the memory of all */
    uint64_t table_elems;     /* the same of the table */
    uint32_t memory_align;    /* power of two: 4 is 16 bytes */
    uint32_t table_align;     /* power of two */
    size_t n_needed, n_paths; /* for wax_module_needed(), wax_module_runpath() */
} wax_dylink;

/**
 * What a dynamically linked module asks for.
 *
 * @param module      borrowed; thread-safe
 * @param ret_dylink  filled in
 * @return WAX_OK; WAX_E_NOT_FOUND (it is not dynamically linked), WAX_E_MALFORMED (it has a broken
 *         section "dylink.0"), WAX_E_LIMIT, WAX_E_NOMEM
 * @since 0.1
 * @source tool-conventions, DynamicLinking.md
 */
WAX_API WAX_MUST_USE wax_status wax_module_dylink(const wax_module *module, wax_dylink *ret_dylink,
                                                  wax_error **err);

/**
 * Name of a library that a dynamically linked module needs.
 *
 * @param module  borrowed; thread-safe
 * @param idx     from 0
 * @return the name, valid as long as the module; empty past the last one
 * @since 0.1
 * @source tool-conventions, DynamicLinking.md
 */
WAX_API wax_name wax_module_needed(const wax_module *module, size_t idx);

/**
 * Directories a dynamically linked module has its libraries looked for in, separated by ':'.
 *
 * @param module  borrowed; thread-safe
 * @param idx     from 0
 * @return as wax_module_needed()
 * @since 0.1
 * @source tool-conventions, DynamicLinking.md
 */
WAX_API wax_name wax_module_runpath(const wax_module *module, size_t idx);

/**
 * Name one of the features a module needs beyond wasm 1.0.
 *
 * @param module  borrowed
 * @param idx     from 0
 * @return "simd" and so on, valid for ever; NULL past the end
 * @since 0.1
 * @source waxwing
 */
WAX_API const char *wax_module_feature(const wax_module *module, size_t idx);

/** What a function of a module has done so far, in all instances of the module. */
typedef struct wax_heat {
    uint32_t func;  /* index, imports counted */
    wax_name name;  /* from the name section or an export; empty without */
    uint64_t calls; /* how often it was entered */
    uint64_t loops; /* iterations of its loops */
} wax_heat;

/**
 * Read the counters of a function, in engines with heat on. Thread-safe; threads of the guest count
 * without waiting for each other, so that a few counts get lost.
 *
 * @param module    borrowed
 * @param idx       from 0, the functions the module defines in their order
 * @param ret_heat  written if there is one; the name lives as long as the module
 * @return 1; 0 past the end or when the engine does not count
 * @since 0.1
 * @source waxwing
 */
WAX_API int wax_module_heat(const wax_module *module, size_t idx, wax_heat *ret_heat);

/** A proposal that can be switched on and off; texts are valid for ever. */
typedef struct wax_feature {
    const char *name;     /* as in wax_engine_options.features: "simd" */
    const char *standing; /* in the specification: "2.0", "phase 3" */
    const char *about;    /* what it brings */
    int32_t on;           /* 1 = by default */
} wax_feature;

/**
 * Describe one of the features the library knows.
 *
 * @param idx          from 0
 * @param ret_feature  written if there is one
 * @return 1; 0 past the end
 * @since 0.1
 * @source waxwing
 */
WAX_API int wax_feature_info(size_t idx, wax_feature *ret_feature);

/** WASI versions, as bits. */
enum { WAX_WASI_UNSTABLE = 1, WAX_WASI_PREVIEW1 = 2, WAX_WASIX_32V1 = 4, WAX_WASIX_64V1 = 8 };

/**
 * WASI versions a module imports functions from.
 *
 * @param module  borrowed; NULL gives 0
 * @return WAX_WASI_* bits, 0 = none
 * @since 0.1
 * @source wasi preview1, wasix_32v1
 */
WAX_API uint32_t wax_module_wasi(const wax_module *module);

/**
 * The one WASI version all function imports belong to.
 *
 * @param module  borrowed; NULL gives 0
 * @return one WAX_WASI_* bit; 0 if they are mixed, none, or of other namespaces too
 * @since 0.1
 * @source wasi preview1, wasix_32v1
 */
WAX_API uint32_t wax_module_wasi_strict(const wax_module *module);

/** How much a finding matters. */
enum {
    WAX_FINDING_NOTE = 0,   /* good to know */
    WAX_FINDING_LIMIT = 1,  /* the module runs, and something in it will not work */
    WAX_FINDING_MISSING = 2 /* the module does not run without it */
};

/** Something about a module; texts are valid during the call. Fields may be added at the end. */
typedef struct wax_finding {
    int32_t level;       /* WAX_FINDING_* */
    const char *subject; /* "wasix_32v1.proc_fork", "_start": names are the guest's */
    const char *message; /* "is not there yet: it answers ENOSYS" */
    const char *hint;    /* what would help; "" if nothing is known */
} wax_finding;

/** Receives one finding. */
typedef void (*wax_finding_fn)(void *data, const wax_finding *finding);

/**
 * Say what keeps a module from running in an environment: imports nobody provides or of another
 * type, exports that are missing, and what would help. What an embedder's linker would define
 * counts as missing.
 *
 * @param module  borrowed; NULL gives no finding
 * @param fn      called for each finding, on this thread
 * @param data    given to it
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_module_explain(const wax_module *module, wax_finding_fn fn, void *data);

#ifdef __cplusplus
}
#endif
#endif
