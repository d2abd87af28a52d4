/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions: who catches what, across calls, instances and host functions; exnref; memory. */
/*
 * All modules have the same types, tags, table and globals (below), so that a test is its bodies.
 * What the core suite tests already is left to it.
 */
#include "unit/bytes.h"

#include <pthread.h>

#include <waxwing/store.h>

#include "engine/interp/interp.h"
#include "engine/jit/jit.h"
#include "engine/rt/engine.h"
#include "support/sanitized.h"

/* Types, by what they are used for. */
#define T_VOID "\x00"     /* () -> () */
#define T_TO_I32 "\x01"   /* () -> i32 */
#define T_I32 "\x02"      /* (i32) -> () */
#define T_I32_I32 "\x03"  /* (i32) -> i32 */
#define T_BIG "\x04"      /* (i32 i64 f64) -> () */
#define T_EXN_I32 "\x05"  /* (exnref) -> i32 */
#define T_I32_EXN "\x06"  /* () -> (i32 exnref) */
#define T_TO_BIG "\x07"   /* () -> (i32 i64 f64) */
#define T_BIG_EXN "\x08"  /* () -> (i32 i64 f64 exnref) */
#define T_EXN_I64 "\x09"  /* (exnref i64) -> () */
#define T_NESTED "\x0a"   /* () -> (exnref i64) */
#define TYPES                                                                                      \
    "\x0b"                                                                                         \
    "\x60\0\0"                                                                                     \
    "\x60\0\1\x7f"                                                                                 \
    "\x60\1\x7f\0"                                                                                 \
    "\x60\1\x7f\1\x7f"                                                                             \
    "\x60\3\x7f\x7e\x7c\0"                                                                         \
    "\x60\1\x69\1\x7f"                                                                             \
    "\x60\0\2\x7f\x69"                                                                             \
    "\x60\0\3\x7f\x7e\x7c"                                                                         \
    "\x60\0\4\x7f\x7e\x7c\x69"                                                                     \
    "\x60\2\x69\x7e\0"                                                                             \
    "\x60\0\2\x69\x7e"
/* Tags. */
#define TAG_I32 "\x00"
#define TAG_NONE "\x01"
#define TAG_BIG "\x02"
#define TAG_NESTED "\x03"
#define TAGS "\x04\0" T_I32 "\0" T_VOID "\0" T_BIG "\0" T_EXN_I64
/* Table 0: 4 exnref, may grow. Globals: 0 mut exnref, 1 mut i32. */
#define TABLES "\x01\x69\x00\x04"
#define GLOBALS "\x02\x69\1\xd0\x69\x0b\x7f\1\x41\0\x0b"

/* Instructions. */
#define BLOCK(TYPE) "\x02" TYPE
#define LOOP(TYPE) "\x03" TYPE
#define IF(TYPE) "\x04" TYPE
#define ELSE "\x05"
#define TRY(TYPE) "\x06" TYPE
#define LEGACY_CATCH(TAG) "\x07" TAG
#define THROW(TAG) "\x08" TAG
#define RETHROW(LABEL) "\x09" LABEL
#define THROW_REF "\x0a"
#define END "\x0b"
#define BR(LABEL) "\x0c" LABEL
#define BR_IF(LABEL) "\x0d" LABEL
#define RETURN "\x0f"
#define CALL(FUNC) "\x10" FUNC
#define RETURN_CALL(FUNC) "\x12" FUNC
#define DELEGATE(LABEL) "\x18" LABEL
#define LEGACY_CATCH_ALL "\x19"
#define DROP "\x1a"
#define SELECT_EXN "\x1c\1\x69"
#define TRY_TABLE(TYPE, N) "\x1f" TYPE N
#define CATCH(TAG, LABEL) "\0" TAG LABEL
#define CATCH_REF(TAG, LABEL) "\1" TAG LABEL
#define CATCH_ALL(LABEL) "\2" LABEL
#define CATCH_ALL_REF(LABEL) "\3" LABEL
#define GET(N) "\x20" N
#define SET(N) "\x21" N
#define TEE(N) "\x22" N
#define GGET(N) "\x23" N
#define GSET(N) "\x24" N
#define TABLE_GET "\x25\0"
#define TABLE_SET "\x26\0"
#define TABLE_GROW "\xfc\x0f\0"
#define TABLE_SIZE "\xfc\x10\0"
#define TABLE_FILL "\xfc\x11\0"
#define I32(N) "\x41" N
#define I64(N) "\x42" N
#define F64_1 "\x44\0\0\0\0\0\0\xf0\x3f"
#define ADD "\x6a"
#define SUB "\x6b"
#define EQZ "\x45"
#define DIV_S "\x6d"
#define WRAP "\xa7"
#define TRUNC "\xaa"
#define NULL_EXN "\xd0\x69"
#define IS_NULL "\xd1"
#define AS_NON_NULL "\xd4"
#define BR_ON_NULL(LABEL) "\xd5" LABEL
#define BR_ON_NON_NULL(LABEL) "\xd6" LABEL
#define VOID "\x40"
#define R_I32 "\x7f"
#define R_EXN "\x69"
#define NO_LOCALS "\0"
#define ONE_I32 "\1\1\x7f"
#define ONE_EXN "\1\1\x69"
#define BIG_PAYLOAD I32("\x07") I64("\x08") F64_1 /* sum 16 */
/* With the three values on the stack: their sum as i32. */
#define SUM_BIG "\xb0\x7c\xa7\x6a" /* i64.trunc_f64_s, i64.add, wrap, i32.add */

struct func {
    const char *type;
    struct body body;
};
#define FUNC(TYPE, LITERAL) {TYPE, BODY(LITERAL)}

static struct bytes mod;

/* imports: the import section's contents or NULL; n_imported: functions among them. */
static void make_module(const char *imports, size_t imports_len, const char *tags, size_t tags_len,
                        const struct func *funcs, uint32_t n, uint32_t n_imported)
{
    struct body bodies[16];
    static struct bytes decl;
    mod.n = 0;
    SECTION(&mod, 1, TYPES);
    if (imports) {
        put_section(&mod, 2, imports, imports_len);
    }
    decl.n = 0;
    put_u32(&decl, n);
    for (uint32_t i = 0; i < n; i++) {
        put(&decl, funcs[i].type, 1);
        bodies[i] = funcs[i].body;
    }
    put_section(&mod, 3, decl.p, decl.n);
    SECTION(&mod, 4, TABLES);
    put_section(&mod, 13, tags, tags_len);
    SECTION(&mod, 6, GLOBALS);
    decl.n = 0;
    put(&decl, "\3\0\0", 3); /* "" = the first function, "t" = tag 0, "g" = the second function */
    put_u32(&decl, n_imported);
    put(&decl, "\1t\4\0\1g\0", 7);
    put_u32(&decl, n_imported + (n > 1));
    put_section(&mod, 7, decl.p, decl.n);
    put_code(&mod, bodies, n);
}
#define MAKE(FUNCS) make_module(NULL, 0, TAGS, sizeof TAGS - 1, FUNCS, WX_ARRAY_LEN(FUNCS), 0)
/* One imported function of type (i32) -> i32, index 0. */
#define IMPORT_FUNC "\1\0\0\0" T_I32_I32
#define MAKE_HOST(FUNCS)                                                                           \
    make_module(IMPORT_FUNC, sizeof IMPORT_FUNC - 1, TAGS, sizeof TAGS - 1, FUNCS,                 \
                WX_ARRAY_LEN(FUNCS), 1)

struct world {
    struct wx_engine *engine;
    struct wx_store *store;
    struct wx_rt_module *modules[2];
    struct wx_instance *inst; /* of the first module */
};

static const char *tier; /* all tests run in this one */

static struct wx_engine_config config_of_tier(void)
{
    return (struct wx_engine_config){.features = wx_features_default(), .tier = wx_tier_find(tier)};
}

static void open_store(struct world *w, bool fuel)
{
    memset(w, 0, sizeof *w);
    struct wx_engine_config config = config_of_tier();
    config.fuel = fuel;
    assert_int_equal(wx_engine_new(&config, &w->engine, NULL), WAX_OK);
    assert_int_equal(wx_store_new(w->engine, 0, 0, &w->store, NULL), WAX_OK);
}

static struct wx_instance *add_instance(struct world *w, int which, const struct wx_extern *imports)
{
    wax_error *err = NULL;
    struct wx_instance *inst = NULL;
    wax_status st = wx_rt_module_new(w->engine, mod.p, mod.n, &w->modules[which], &err);
    assert_string_equal(err ? wax_error_message(err) : "", "");
    assert_int_equal(st, WAX_OK);
    st = wx_instantiate(w->store, w->modules[which], imports, true, &inst, &err);
    assert_string_equal(err ? wax_error_message(err) : "", "");
    return inst;
}

static void open_world(struct world *w, wx_host_fn host, bool fuel)
{
    open_store(w, fuel);
    struct wx_extern import = {.kind = WX_EXT_FUNC};
    if (host) {
        const wx_valtype types[] = {WX_KIND_I32, WX_KIND_I32};
        const struct wx_sig *sig;
        assert_int_equal(wx_sig_intern(w->engine, types, 1, 1, &sig, NULL), WAX_OK);
        assert_int_equal(
            wx_func_new_host(w->store, sig, host, w, "host", &import.u.func, NULL), WAX_OK);
    }
    w->inst = add_instance(w, 0, &import);
}

static void close_world(struct world *w)
{
    wx_store_free(w->store);
    wx_rt_module_unref(w->modules[0]);
    wx_rt_module_unref(w->modules[1]);
    wx_engine_unref(w->engine);
}

static wax_status run(struct world *w, uint64_t arg, uint64_t *result, wax_error **err)
{
    struct wx_extern f;
    assert_true(wx_instance_export(w->inst, "", 0, &f));
    uint64_t results[4] = {0};
    wax_status st = wx_enter(w->store, f.u.func, &arg, results, err);
    *result = (uint32_t)results[0];
    return st;
}

static void expect_of(struct world *w, uint64_t arg, uint32_t want)
{
    uint64_t got;
    wax_error *err = NULL;
    wax_status st = run(w, arg, &got, &err);
    assert_string_equal(err ? wax_error_message(err) : "", "");
    assert_int_equal(st, WAX_OK);
    assert_int_equal(got, want);
    assert_null(w->store->thread.error);
    assert_int_equal(w->store->thread.exn[0], 0);
}

static void expect(wx_host_fn host, uint64_t arg, uint32_t want)
{
    struct world w;
    open_world(&w, host, false);
    expect_of(&w, arg, want);
    close_world(&w);
}

/* An exception nobody caught: its first value, and the offsets of its trace. */
static void expect_uncaught(struct world *w, uint64_t arg, int32_t value, const uint64_t *offs,
                            size_t n)
{
    uint64_t got;
    wax_error *err = NULL;
    assert_int_equal(run(w, arg, &got, &err), WAX_EXCEPTION);
    assert_int_equal(wax_error_status(err), WAX_EXCEPTION);
    assert_ptr_equal(wax_error_tag(err), w->inst->tags[0]);
    assert_int_equal(wax_error_n_values(err), 1);
    assert_int_equal(wax_error_value(err, 0)->of.i32, value);
    assert_int_equal(wax_error_n_frames(err), n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(wax_error_frame(err, i)->module_off, offs[i]);
    }
    wax_error_free(err);
}

/* -------- catching -------- */

static void test_catch_in_the_same_function(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, NO_LOCALS BLOCK(R_I32) TRY_TABLE(VOID, "\1") CATCH(TAG_I32, "\0")
             GET("\0") THROW(TAG_I32) END I32("\0") END I32("\1") ADD END),
    };
    MAKE(funcs);
    expect(NULL, 41, 42);
}

/* f(n) = n ? f(n - 1) : throw 7; called with the catch outermost. */
static void test_catch_many_frames_up(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, NO_LOCALS BLOCK(R_I32) TRY_TABLE(VOID, "\1") CATCH(TAG_I32, "\0")
             GET("\0") CALL("\1") DROP END I32("\0") END END),
        FUNC(T_I32_I32, NO_LOCALS GET("\0") IF(VOID) ELSE I32("\7") THROW(TAG_I32) END
             GET("\0") I32("\1") SUB CALL("\1") I32("\1") ADD END),
    };
    MAKE(funcs);
    expect(NULL, 1, 7);
    expect(NULL, 50000, 7); /* deep recursion, then a throw */
}

/* Operands below the try are found again; the tag decides which clause; catch_all last. */
static void test_clauses_in_order(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, NO_LOCALS I32("\x0a") /* stays below */
             BLOCK(VOID) BLOCK(VOID) BLOCK(T_TO_BIG)
             TRY_TABLE(VOID, "\3") CATCH(TAG_BIG, "\0") CATCH(TAG_NONE, "\1") CATCH_ALL("\2")
             GET("\0") EQZ IF(VOID) BIG_PAYLOAD THROW(TAG_BIG) END
             GET("\0") I32("\1") SUB EQZ IF(VOID) THROW(TAG_NONE) END
             GET("\0") THROW(TAG_I32) END
             I32("\x3f") RETURN
             END SUM_BIG RETURN
             END I32("\2") RETURN
             END I32("\3") ADD END),
    };
    MAKE(funcs);
    struct world w;
    open_world(&w, NULL, false);
    expect_of(&w, 0, 16);
    expect_of(&w, 1, 2);
    expect_of(&w, 2, 13);
    close_world(&w);
}

static void test_label_of_the_body_returns(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, ONE_I32 TRY_TABLE(VOID, "\1") CATCH(TAG_I32, "\0")
             I32("\5") THROW(TAG_I32) END I32("\6") END),
    };
    MAKE(funcs);
    expect(NULL, 0, 5);
}

/* A catch to a loop's label: goes round until the local is used up. */
static void test_catch_to_a_loop(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, NO_LOCALS LOOP(VOID) GET("\0") IF(VOID)
             TRY_TABLE(VOID, "\1") CATCH_ALL("\1")
             GET("\0") I32("\1") SUB SET("\0") THROW(TAG_NONE) END END END I32("\x0b") END),
    };
    MAKE(funcs);
    expect(NULL, 1000, 11);
}

/* The callee replaced the frame whose try_table encloses the tail call. */
static void test_tail_call_leaves_its_try(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, NO_LOCALS BLOCK(R_I32) TRY_TABLE(VOID, "\1") CATCH(TAG_I32, "\0")
             GET("\0") CALL("\1") RETURN END I32("\0") END I32("\1") ADD END),
        FUNC(T_I32_I32, NO_LOCALS BLOCK(R_I32) TRY_TABLE(VOID, "\1") CATCH(TAG_I32, "\0")
             GET("\0") IF(VOID) I32("\x09") RETURN_CALL("\2") END
             I32("\x14") THROW(TAG_I32) END I32("\0") END I32("\x1e") ADD END),
        FUNC(T_I32_I32, NO_LOCALS GET("\0") THROW(TAG_I32) END),
    };
    MAKE(funcs);
    struct world w;
    open_world(&w, NULL, false);
    expect_of(&w, 1, 10); /* thrown by the third, caught by the first */
    expect_of(&w, 0, 50); /* behind the dead code the second catches again */
    close_world(&w);
}

/* -------- legacy -------- */

static void test_delegate_through_levels(void **state)
{
    (void)state;
    const struct func funcs[] = {
        /* The innermost delegates past two handlers to the outermost try, arg 0; with 1 to the
         * middle one, whose delegate goes on to the outermost; with 2 nothing delegates. */
        FUNC(T_I32_I32, NO_LOCALS
             TRY(R_I32)                                            /* A */
             TRY(R_I32)                                            /* B: delegates to A */
             TRY(R_I32)                                            /* C */
             GET("\0") EQZ IF(VOID)
             TRY(VOID) I32("\1") THROW(TAG_I32) DELEGATE("\3") END /* from the if: C is 1, A is 3 */
             GET("\0") I32("\1") SUB EQZ IF(VOID)
             TRY(VOID) I32("\2") THROW(TAG_I32) DELEGATE("\2") END /* B */
             I32("\3") THROW(TAG_I32)
             LEGACY_CATCH(TAG_I32) I32("\x1e") ADD END             /* C */
             DELEGATE("\0")                                        /* B */
             LEGACY_CATCH(TAG_I32) I32("\x0a") ADD                 /* A */
             END END),
    };
    MAKE(funcs);
    struct world w;
    open_world(&w, NULL, false);
    expect_of(&w, 0, 11);
    expect_of(&w, 1, 12);
    expect_of(&w, 2, 33);
    close_world(&w);
}

/* delegate to the function leaves it, whatever encloses. */
static void test_delegate_to_the_caller(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, NO_LOCALS TRY(R_I32) GET("\0") CALL("\1")
             LEGACY_CATCH(TAG_I32) I32("\x0a") ADD END END),
        FUNC(T_I32_I32, NO_LOCALS TRY(R_I32) TRY(R_I32) I32("\1") THROW(TAG_I32) DELEGATE("\1")
             LEGACY_CATCH_ALL I32("\x14") END END),
    };
    MAKE(funcs);
    expect(NULL, 0, 11);
}

/* rethrow 1 throws the outer catch's exception, rethrow 0 the inner one's. */
static void test_rethrow_depth(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, NO_LOCALS TRY(R_I32) GET("\0") CALL("\1")
             LEGACY_CATCH(TAG_I32) I32("\x0a") ADD END END),
        FUNC(T_I32_I32, NO_LOCALS TRY(R_I32) I32("\1") THROW(TAG_I32)
             LEGACY_CATCH(TAG_I32)
             TRY(R_I32) I32("\2") THROW(TAG_I32)
             LEGACY_CATCH(TAG_I32) DROP
             GET("\0") IF(VOID) RETHROW("\2") END /* the if is 0, the inner try 1, the outer 2 */
             RETHROW("\0") END
             ADD END END),
    };
    MAKE(funcs);
    struct world w;
    open_world(&w, NULL, false);
    expect_of(&w, 0, 12);
    expect_of(&w, 1, 11);
    close_world(&w);
}

/* What a catch leaves goes over its hidden slots; several catches, big payload, rethrow of it. */
static void test_legacy_catch_with_big_payload(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, NO_LOCALS I32("\1") TRY(R_I32)
             TRY(R_I32) BIG_PAYLOAD THROW(TAG_BIG)
             LEGACY_CATCH(TAG_I32) LEGACY_CATCH(TAG_BIG) DROP DROP DROP RETHROW("\0") END
             LEGACY_CATCH(TAG_NONE) I32("\0")
             LEGACY_CATCH(TAG_BIG) SUM_BIG END
             ADD END),
    };
    MAKE(funcs);
    expect(NULL, 0, 17);
}

/* -------- exnref -------- */

/* Catch a big exception by reference into local 1, drop the payload. */
#define CATCH_BIG_TO(STORE)                                                                        \
    BLOCK(T_BIG_EXN) TRY_TABLE(VOID, "\1") CATCH_REF(TAG_BIG, "\0") BIG_PAYLOAD THROW(TAG_BIG)     \
    END "\0" END STORE DROP DROP DROP
/* Throw the reference on the stack and catch it again: the sum of its payload. */
#define SUM_OF(PUSH)                                                                               \
    BLOCK(T_TO_BIG) TRY_TABLE(VOID, "\1") CATCH(TAG_BIG, "\0") PUSH THROW_REF END "\0" END SUM_BIG

static void test_exnref_in_locals_and_globals(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, "\2\1\x69\1\x69" CATCH_BIG_TO(SET("\1"))
             GET("\1") TEE("\2") GSET("\0")
             NULL_EXN SET("\1")
             GET("\1") IS_NULL I32("\x0a") ADD /* 11 */
             GGET("\0") IS_NULL ADD            /* 0 */
             SUM_OF(GGET("\0")) ADD            /* 16 */
             SUM_OF(GET("\2")) ADD END),       /* 16 */
    };
    MAKE(funcs);
    expect(NULL, 0, 43);
}

static void test_exnref_in_tables(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, ONE_EXN CATCH_BIG_TO(SET("\1"))
             I32("\1") GET("\1") TABLE_SET
             GET("\1") I32("\2") TABLE_GROW            /* 4 */
             TABLE_SIZE ADD                            /* 6 */
             I32("\2") NULL_EXN I32("\3") TABLE_FILL
             I32("\4") TABLE_GET IS_NULL ADD           /* 1 */
             SUM_OF(I32("\1") TABLE_GET) ADD           /* 16 */
             SUM_OF(I32("\5") TABLE_GET AS_NON_NULL) ADD END),
    };
    MAKE(funcs);
    expect(NULL, 0, 43);
}

static void test_exnref_select_and_branches(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, ONE_EXN CATCH_BIG_TO(SET("\1"))
             GET("\1") NULL_EXN GET("\0") SELECT_EXN CALL("\1")    /* 16, or 2 */
             NULL_EXN GET("\1") GET("\0") SELECT_EXN CALL("\2")    /* 3, or 16 */
             ADD END),
        FUNC(T_EXN_I32, NO_LOCALS BLOCK(VOID) GET("\0") BR_ON_NULL("\0")
             SET("\0") SUM_OF(GET("\0")) RETURN END I32("\2") END),
        FUNC(T_EXN_I32, NO_LOCALS BLOCK("\x64\x69") GET("\0") BR_ON_NON_NULL("\0")
             I32("\3") RETURN END SET("\0") SUM_OF(GET("\0")) END),
    };
    MAKE(funcs);
    struct world w;
    open_world(&w, NULL, false);
    expect_of(&w, 1, 19);
    expect_of(&w, 0, 18);
    close_world(&w);
}

static void test_throw_ref_of_null_traps(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, NO_LOCALS BLOCK(VOID) TRY_TABLE(VOID, "\1") CATCH_ALL("\0")
             NULL_EXN THROW_REF END END I32("\0") END),
    };
    MAKE(funcs);
    struct world w;
    uint64_t got, off = OFFSET_OF(&mod, "\x69\x0a") + 1;
    wax_error *err = NULL;
    open_world(&w, NULL, false);
    assert_int_equal(run(&w, 0, &got, &err), WAX_TRAP);
    assert_int_equal(wax_error_trap_code(err), WX_TRAP_NULL_REF);
    assert_int_equal(wax_error_frame(err, 0)->module_off, off);
    wax_error_free(err);
    close_world(&w);
}

/* -------- memory -------- */

/* loop arg times: throw a big one; CLAUSE to the block around. */
#define LOOP_OF(BLOCKTYPE, CLAUSE, KEEP)                                                           \
    LOOP(VOID) BLOCK(BLOCKTYPE) TRY_TABLE(VOID, "\1") CLAUSE BIG_PAYLOAD THROW(TAG_BIG) END        \
    "\0" END KEEP DROP DROP DROP                                                                   \
    GET("\0") I32("\1") SUB TEE("\0") BR_IF("\0") END

#define MANY (SANITIZED ? 50000 : 1000000)

static void expect_bounded(uint64_t most_boxes)
{
    struct world w;
    open_world(&w, NULL, false);
    expect_of(&w, 1, 16);
    uint64_t before = wx_mem_used(&w.store->mem);
    expect_of(&w, MANY, 16);
    assert_true(w.store->exns.cells.n <= most_boxes);
    assert_true(wx_mem_used(&w.store->mem) - before <= most_boxes * 128);
    close_world(&w);
}

static void test_million_thrown_and_caught(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, NO_LOCALS LOOP_OF(T_TO_BIG, CATCH(TAG_BIG, "\0"), "") I32("\x10") END),
    };
    MAKE(funcs);
    expect_bounded(1); /* freed as they land */
}

/* By reference and dropped; the last one is in a global and good to the end. */
static void test_million_caught_by_reference(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, NO_LOCALS LOOP_OF(T_BIG_EXN, CATCH_REF(TAG_BIG, "\0"), GSET("\0"))
             SUM_OF(GGET("\0")) END),
    };
    MAKE(funcs);
    expect_bounded(256); /* then a sweep finds all but one dead */
}

/* One in a table, one only inside another's payload: both outlive many sweeps. */
static void test_sweep_keeps_what_is_reachable(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, "\2\1\x69\1\x69" CATCH_BIG_TO(SET("\1"))
             I32("\2") GET("\1") TABLE_SET
             CATCH_BIG_TO(SET("\1")) /* wrapped as payload of another, that in the table too */
             BLOCK(R_EXN) TRY_TABLE(VOID, "\1") CATCH_ALL_REF("\0")
             GET("\1") I64("\1") THROW(TAG_NESTED) END "\0" END SET("\2")
             I32("\3") GET("\2") TABLE_SET
             NULL_EXN SET("\1") NULL_EXN SET("\2")
             LOOP_OF(T_BIG_EXN, CATCH_REF(TAG_BIG, "\0"), GSET("\0"))
             SUM_OF(I32("\2") TABLE_GET)
             SUM_OF(BLOCK(T_NESTED) TRY_TABLE(VOID, "\1") CATCH(TAG_NESTED, "\0")
                    I32("\3") TABLE_GET THROW_REF END "\0" END DROP)
             ADD END),
    };
    MAKE(funcs);
    expect(NULL, 20000, 32);
}

static void test_box_limit_is_a_trap(void **state)
{
    (void)state;
    /* f(): catch by reference, keep it in a local, call f(): all stay alive. */
    const struct func funcs[] = {
        FUNC(T_I32_I32, ONE_EXN CATCH_BIG_TO(SET("\1")) GET("\0") CALL("\0") END),
    };
    MAKE(funcs);
    struct world w;
    uint64_t got;
    wax_error *err = NULL;
    open_world(&w, NULL, false);
    w.store->mem.limit = wx_mem_used(&w.store->mem) + 200000;
    assert_int_equal(run(&w, 0, &got, &err), WAX_TRAP);
    assert_int_equal(wax_error_trap_code(err), WX_TRAP_NOMEM);
    wax_error_free(err);
    close_world(&w);
}

/* -------- instances -------- */

/* A module with the same bodies has tags of its own; importing one makes it the same. */
static void test_tags_have_identity(void **state)
{
    (void)state;
    struct world w;
    struct wx_extern imports[2];
    open_store(&w, false);
    const struct func thrower[] = {
        FUNC(T_I32_I32, NO_LOCALS GET("\0") THROW(TAG_I32) END),
    };
    MAKE(thrower);
    struct wx_instance *a = add_instance(&w, 0, NULL);
    assert_true(wx_instance_export(a, "", 0, &imports[0]));
    assert_true(wx_instance_export(a, "t", 1, &imports[1]));
    /* Imports function 0 and tag 0; tag 1 is its own, of the same type. */
    static const char from_a[] = "\2\0\0\0" T_I32_I32 "\0\1t\4\0" T_I32;
    static const char tags[] = "\1\0" T_I32;
    const struct func catcher[] = {
        FUNC(T_I32_I32, NO_LOCALS BLOCK(R_I32) BLOCK(R_I32)
             TRY_TABLE(R_I32, "\2") CATCH("\1", "\0") CATCH("\0", "\1") GET("\0") CALL("\0") END
             END I32("\x14") ADD RETURN END I32("\x0a") ADD END),
    };
    make_module(from_a, sizeof from_a - 1, tags, sizeof tags - 1, catcher, 1, 1);
    w.inst = add_instance(&w, 1, imports);
    expect_of(&w, 3, 13);
    close_world(&w);
}

/* -------- host functions -------- */

static enum wx_outcome host_throws(struct wx_thread *t, void *data, uint64_t *slots)
{
    struct world *w = data;
    uint64_t payload = (uint32_t)slots[0] + 1;
    return wx_throw(t, w->inst->tags[0], &payload, t->top);
}

static enum wx_outcome resume_throws(struct wx_thread *t, enum wx_wake why)
{
    (void)why;
    return host_throws(t, t->out.wait.data, t->out.wait.slots);
}

static enum wx_outcome host_waits_then_throws(struct wx_thread *t, void *data, uint64_t *slots)
{
    t->out.wait = (struct wx_wait){.kind = WX_WAIT_TIME,
                                   .deadline_ns = 1,
                                   .resume = resume_throws,
                                   .data = data,
                                   .slots = slots};
    return WX_WAIT;
}

static bool then_ran;
static enum wx_outcome then(struct wx_thread *t)
{
    (void)t;
    then_ran = true;
    return WX_DONE;
}

/* Runs the guest function exported as "g" with its argument. */
static enum wx_outcome host_calls(struct wx_thread *t, void *data, uint64_t *slots)
{
    struct world *w = data;
    struct wx_extern g;
    assert_true(wx_instance_export(w->inst, "g", 1, &g));
    t->out.call = (struct wx_guest_call){
        .func = g.u.func, .args = {slots[0]}, .then = then, .slots = slots};
    return WX_CALL;
}

/* The try covers the call and nothing else: its place must be exact. */
static const struct func host_funcs[] = {
    FUNC(T_I32_I32, NO_LOCALS BLOCK(R_I32) GET("\0")
         TRY_TABLE(T_I32_I32, "\1") CATCH(TAG_I32, "\0") CALL("\0") END END
         I32("\x0a") ADD END),
    FUNC(T_I32_I32, NO_LOCALS GET("\0") I32("\5") ADD THROW(TAG_I32) END),
};

static void test_host_throw_is_caught(void **state)
{
    (void)state;
    MAKE_HOST(host_funcs);
    expect(host_throws, 1, 12);
    expect(host_waits_then_throws, 1, 12);
    then_ran = false;
    expect(host_calls, 1, 16);
    assert_false(then_ran);
}

static void test_host_throw_uncaught(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, NO_LOCALS "\1" GET("\0") CALL("\0") "\1" END),
        FUNC(T_I32_I32, NO_LOCALS "\1\1" GET("\0") THROW(TAG_I32) END),
    };
    MAKE_HOST(funcs);
    uint64_t at_call = OFFSET_OF(&mod, "\x20\0\x10\0"), at_throw = OFFSET_OF(&mod, "\x20\0\x08\0");
    const uint64_t offs[] = {at_throw + 2, at_call + 2};
    struct world w;
    open_world(&w, host_throws, false);
    expect_uncaught(&w, 1, 2, &offs[1], 1);
    close_world(&w);
    open_world(&w, host_waits_then_throws, false);
    expect_uncaught(&w, 1, 2, &offs[1], 1);
    close_world(&w);
    open_world(&w, host_calls, false); /* frames of both activations */
    expect_uncaught(&w, 1, 1, offs, 2);
    expect_uncaught(&w, 3, 3, offs, 2); /* and again */
    close_world(&w);
}

/* A host function in tail position: its frame's try does not apply. */
static void test_tail_called_host_throw(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, NO_LOCALS BLOCK(R_I32) TRY_TABLE(R_I32, "\1") CATCH(TAG_I32, "\0")
             GET("\0") CALL("\2") END END I32("\1") ADD END),
        FUNC(T_I32_I32, NO_LOCALS BLOCK(R_I32) TRY_TABLE(R_I32, "\1") CATCH(TAG_I32, "\0")
             GET("\0") RETURN_CALL("\0") END END I32("\x20") ADD END),
    };
    MAKE_HOST(funcs);
    expect(host_throws, 1, 3);
    expect(host_waits_then_throws, 1, 3);
}

/* A stop that comes while an exception is on its way wins. */
static enum wx_outcome host_cancels_and_throws(struct wx_thread *t, void *data, uint64_t *slots)
{
    wx_store_cancel(t->store);
    return host_throws(t, data, slots);
}

static void test_cancel_while_unwinding(void **state)
{
    (void)state;
    MAKE_HOST(host_funcs);
    struct world w;
    uint64_t got;
    open_world(&w, host_cancels_and_throws, false);
    assert_int_equal(run(&w, 1, &got, NULL), WAX_E_CANCELLED);
    assert_int_equal(run(&w, 1, &got, NULL), WAX_E_POISONED);
    close_world(&w);
}

/* -------- errors, fuel, faults -------- */

static void test_uncaught_names_tag_and_values(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, NO_LOCALS GET("\0") CALL("\1") END),
        FUNC(T_I32_I32, NO_LOCALS "\1" GET("\0") THROW(TAG_I32) END),
    };
    MAKE(funcs);
    const uint64_t offs[] = {OFFSET_OF(&mod, "\x20\0\x08") + 2, OFFSET_OF(&mod, "\x20\0\x10") + 2};
    struct world w;
    uint64_t got;
    wax_error *err = NULL;
    open_world(&w, NULL, false);
    expect_uncaught(&w, 9, 9, offs, 2);
    assert_int_equal(run(&w, (uint32_t)-3, &got, &err), WAX_EXCEPTION);
    assert_string_equal(wax_error_message(err), "uncaught exception 't' (i32 -3)");
    assert_int_equal(wax_error_trap_code(err), WX_TRAP_EXCEPTION);
    wax_error_free(err);
    close_world(&w);
}

/* A trap in a catch is where it is, not where the exception was. */
static void test_trap_in_a_catch_is_exact(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, NO_LOCALS TRY(R_I32) GET("\0") CALL("\1")
             LEGACY_CATCH(TAG_I32) I32("\0") DIV_S END END),
        FUNC(T_I32_I32, NO_LOCALS GET("\0") THROW(TAG_I32) END),
    };
    MAKE(funcs);
    struct world w;
    uint64_t got, off = OFFSET_OF(&mod, "\x41\0\x6d") + 2;
    wax_error *err = NULL;
    open_world(&w, NULL, false);
    assert_int_equal(run(&w, 1, &got, &err), WAX_TRAP);
    assert_int_equal(wax_error_trap_code(err), WX_TRAP_DIV_ZERO);
    assert_int_equal(wax_error_n_frames(err), 1);
    assert_int_equal(wax_error_frame(err, 0)->module_off, off);
    wax_error_free(err);
    close_world(&w);
}

static void test_fuel_ends_a_loop_of_throws(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, NO_LOCALS LOOP(VOID) TRY_TABLE(VOID, "\1") CATCH_ALL("\0")
             THROW(TAG_NONE) END END I32("\0") END),
    };
    MAKE(funcs);
    struct world w;
    uint64_t got;
    open_world(&w, NULL, true);
    wx_store_set_fuel(w.store, 100000);
    assert_int_equal(run(&w, 1, &got, NULL), WAX_E_FUEL);
    close_world(&w);
}

static void *cancel_soon(void *store)
{
    struct timespec ms20 = {.tv_nsec = 20000000};
    nanosleep(&ms20, NULL);
    wx_store_cancel(store);
    return NULL;
}

static void test_cancel_ends_a_loop_of_throws(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, NO_LOCALS LOOP(VOID) TRY_TABLE(VOID, "\1") CATCH_ALL("\0")
             GET("\0") CALL("\1") DROP END END I32("\0") END),
        FUNC(T_I32_I32, NO_LOCALS BIG_PAYLOAD THROW(TAG_BIG) END),
    };
    MAKE(funcs);
    struct world w;
    uint64_t got;
    pthread_t thread;
    open_world(&w, NULL, false);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, w.store), 0);
    assert_int_equal(run(&w, 1, &got, NULL), WAX_E_CANCELLED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close_world(&w);
}

/* Every allocation fails once: an error or a trap, never a wrong result, and nothing leaks. */
static void test_every_allocation_fails_once(void **state)
{
    (void)state;
    const struct func funcs[] = {
        FUNC(T_I32_I32, ONE_EXN CATCH_BIG_TO(SET("\1")) I32("\1") GET("\1") TABLE_SET
             GET("\1") GSET("\0") SUM_OF(GGET("\0")) SUM_OF(I32("\1") TABLE_GET) ADD END),
    };
    MAKE(funcs);
    bool succeeded = false;
    for (int64_t fail_at = 1; !succeeded && fail_at < 1000; fail_at++) {
        struct wx_engine_config config = config_of_tier();
        config.fail_alloc_at = fail_at;
        struct world w = {0};
        struct wx_extern f;
        uint64_t arg = 0, result = 0;
        bool ok = wx_engine_new(&config, &w.engine, NULL) == WAX_OK &&
                  wx_store_new(w.engine, 0, 0, &w.store, NULL) == WAX_OK &&
                  wx_rt_module_new(w.engine, mod.p, mod.n, &w.modules[0], NULL) == WAX_OK &&
                  wx_instantiate(w.store, w.modules[0], NULL, true, &w.inst, NULL) == WAX_OK &&
                  wx_instance_export(w.inst, "", 0, &f);
        if (ok) {
            wax_error *err = NULL;
            wax_status st = wx_enter(w.store, f.u.func, &arg, &result, &err);
            assert_true(st == WAX_OK ? (uint32_t)result == 32 : st == WAX_TRAP);
            succeeded = st == WAX_OK && wx_load_relaxed(&w.engine->mem.fail_at) > 0;
            wax_error_free(err);
        }
        wx_store_free(w.store);
        wx_rt_module_unref(w.modules[0]);
        wx_engine_unref(w.engine);
    }
    assert_true(succeeded);
}

/* usage: test_exceptions TIER */
int main(int argc, char **argv)
{
    tier = argc > 1 ? argv[1] : "interp";
    wx_interp_register();
    wx_jit_register();
    if (!wx_tier_find(tier)) {
        return 77; /* the host allows no executable memory */
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catch_in_the_same_function),
        cmocka_unit_test(test_catch_many_frames_up),
        cmocka_unit_test(test_clauses_in_order),
        cmocka_unit_test(test_label_of_the_body_returns),
        cmocka_unit_test(test_catch_to_a_loop),
        cmocka_unit_test(test_tail_call_leaves_its_try),
        cmocka_unit_test(test_delegate_through_levels),
        cmocka_unit_test(test_delegate_to_the_caller),
        cmocka_unit_test(test_rethrow_depth),
        cmocka_unit_test(test_legacy_catch_with_big_payload),
        cmocka_unit_test(test_exnref_in_locals_and_globals),
        cmocka_unit_test(test_exnref_in_tables),
        cmocka_unit_test(test_exnref_select_and_branches),
        cmocka_unit_test(test_throw_ref_of_null_traps),
        cmocka_unit_test(test_million_thrown_and_caught),
        cmocka_unit_test(test_million_caught_by_reference),
        cmocka_unit_test(test_sweep_keeps_what_is_reachable),
        cmocka_unit_test(test_box_limit_is_a_trap),
        cmocka_unit_test(test_tags_have_identity),
        cmocka_unit_test(test_host_throw_is_caught),
        cmocka_unit_test(test_host_throw_uncaught),
        cmocka_unit_test(test_tail_called_host_throw),
        cmocka_unit_test(test_cancel_while_unwinding),
        cmocka_unit_test(test_uncaught_names_tag_and_values),
        cmocka_unit_test(test_trap_in_a_catch_is_exact),
        cmocka_unit_test(test_fuel_ends_a_loop_of_throws),
        cmocka_unit_test(test_cancel_ends_a_loop_of_throws),
        cmocka_unit_test(test_every_allocation_fails_once),
    };
    return cmocka_run_group_tests_name("exceptions", tests, NULL, NULL);
}
