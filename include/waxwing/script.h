/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts (.wast): what the specification's tests are written in, as typed commands. */
#ifndef WAXWING_SCRIPT_H
#define WAXWING_SCRIPT_H

#include <waxwing/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A script that was read. Immutable; thread-safe. */
typedef struct wax_script wax_script;

/** What a value of a script stands for. */
enum {
    WAX_SCRIPT_NUMBER,   /* bits of `type`, or a NaN pattern */
    WAX_SCRIPT_VECTOR,   /* v128 in lanes, each bits or a NaN pattern */
    WAX_SCRIPT_REF_NULL, /* null of `type`, of any type if that is WAX_SCRIPT_ANY_TYPE */
    WAX_SCRIPT_REF_HOST, /* the host's reference number `number` */
    WAX_SCRIPT_REF,      /* any reference of `type` but null */
    WAX_SCRIPT_EITHER    /* one of `values` */
};
enum { WAX_SCRIPT_ANY_TYPE = -1 };
/** How a float is compared. */
enum { WAX_SCRIPT_EXACT, WAX_SCRIPT_NAN_CANONICAL, WAX_SCRIPT_NAN_ARITHMETIC };

/** A value a script passes or expects. */
typedef struct wax_script_value {
    int32_t kind;     /* WAX_SCRIPT_NUMBER ... */
    wax_valtype type; /* WAX_V128 for vectors */
    int32_t lane;     /* vectors: 8, 16, 32 or 64 bits */
    int32_t is_float; /* vectors: lanes are floats */
    uint8_t bits[16]; /* little-endian, lane 0 first */
    uint8_t nan[4];   /* WAX_SCRIPT_EXACT ... of the number, or of each float lane */
    uint64_t number;
    const struct wax_script_value *values; /* WAX_SCRIPT_EITHER */
    size_t n_values;
} wax_script_value;

/** A call of an exported function, or a look at an exported global. Absent names have data NULL. */
typedef struct wax_script_action {
    int32_t is_get;
    wax_name module; /* instance; absent: the current one */
    wax_name field;
    const wax_script_value *args;
    size_t n_args;
} wax_script_action;

/** What a command does. */
enum {
    WAX_SCRIPT_MODULE,            /* load and instantiate: module; name */
    WAX_SCRIPT_DEFINITION,        /* load only: module; name */
    WAX_SCRIPT_INSTANCE,          /* instantiate definition `of` (absent: the latest) as `name` */
    WAX_SCRIPT_REGISTER,          /* make exports of instance `of` importable as `as` */
    WAX_SCRIPT_ACTION,            /* action */
    WAX_SCRIPT_ASSERT_RETURN,     /* action gives expected[] */
    WAX_SCRIPT_ASSERT_TRAP,       /* action traps */
    WAX_SCRIPT_ASSERT_EXHAUSTION, /* action runs out of stack */
    WAX_SCRIPT_ASSERT_EXCEPTION,  /* action ends in an uncaught exception */
    WAX_SCRIPT_ASSERT_INVALID,    /* module is well-formed but not valid */
    WAX_SCRIPT_ASSERT_MALFORMED,  /* module is not well-formed */
    WAX_SCRIPT_ASSERT_UNLINKABLE, /* module is valid but its imports do not match */
    WAX_SCRIPT_ASSERT_UNINSTANTIABLE, /* module links but traps in its segments or start */
    WAX_SCRIPT_THREAD, /* start `name`, which runs body[] and sees instance `of` of this thread */
    WAX_SCRIPT_WAIT    /* for thread `name` */
};

/** One command. Absent names have data NULL. Everything lives as long as the script. */
typedef struct wax_script_command {
    int32_t kind; /* WAX_SCRIPT_MODULE ... */
    uint32_t line;
    wax_name name;
    wax_name of;
    wax_name as;
    int32_t is_text;   /* module: text (wax_module_from_text()) rather than binary */
    const void *bytes; /* module */
    size_t len;
    wax_script_action action;
    const wax_script_value *expected;
    size_t n_expected;
    wax_name message;                      /* what the reference interpreter says of a failure */
    const struct wax_script_command *body; /* threads */
    size_t n_body;
} wax_script_command;

/**
 * Free a script.
 *
 * @param script  taken; NULL accepted
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_script_free(wax_script *wax_own script);

/**
 * Read a script. Modules in it are only delimited, not parsed.
 *
 * @param engine      borrowed; its limits apply
 * @param text        len bytes, copied
 * @param len         their number
 * @param ret_script  given to the caller, freed by wax_script_free()
 * @return WAX_OK; WAX_E_MALFORMED with line, column and excerpt, WAX_E_LIMIT, WAX_E_NOMEM
 * @since 0.1
 * @source wasm reference interpreter, "Scripts"
 */
WAX_API WAX_MUST_USE wax_status wax_script_parse(wax_engine *engine, const char *text, size_t len,
                                                 wax_script *wax_own *ret_script, wax_error **err);

/**
 * The commands of a script, in order.
 *
 * @param script   borrowed
 * @param ret_n    their number
 * @return valid as long as the script
 * @since 0.1
 * @source wasm reference interpreter, "Scripts"
 */
WAX_API const wax_script_command *wax_script_commands(const wax_script *script, size_t *ret_n);

#ifdef __cplusplus
}
#endif
#endif
