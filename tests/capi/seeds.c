/* SPDX-License-Identifier: Apache-2.0 */
/* Small valid modules, one per group of features. */
/*
 * Each has several short exported functions without traps of their own, so that a changed byte
 * often leaves a valid module that does something else. Instructions are one line a group, in the
 * order of the stack.
 */
#include "seeds.h"

/* Numbers, blocks, loops, several results. */
static void numeric(struct wasm *w)
{
    wasm_init(w);
    WASM_SECTION(w, SEC_TYPE, 3, 0x60, 2, I32, I64, 1, I32, 0x60, 0, 2, I32, I64, 0x60, 0, 0);
    WASM_SECTION(w, SEC_FUNC, 3, 0, 1, 2);
    WASM_SECTION(w, SEC_GLOBAL, 1, I32, 1, 0x41, 5, 0x0b);
    wasm_section(w, SEC_EXPORT);
    wasm_u32(w, 3);
    wasm_export(w, "numbers", 0, 0);
    wasm_export(w, "pair", 0, 1);
    wasm_export(w, "control", 0, 2);
    wasm_end(w);
    wasm_section(w, SEC_CODE);
    wasm_u32(w, 3);
    wasm_body(w);
    WASM_PUT(w, 0x20, 0, 0x41, 7, 0x6a, 0x20, 1, 0xa7, 0x6c, 0x41, 3, 0x6d); /* + wrap * / */
    WASM_PUT(w, 0x41, 5, 0x6f, 0x41, 13, 0x73, 0x41, 2, 0x74, 0x67);         /* % ^ << clz */
    WASM_PUT(w, 0xb2, 0x43, 0, 0, 0x80, 0x3f, 0x92, 0x90);                   /* f32: + nearest */
    WASM_PUT(w, 0xbb, 0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0xa2, 0x9f);       /* f64: * sqrt */
    WASM_PUT(w, 0xfc, 2, 0xc0, 0xac, 0x42, 9, 0x89, 0x79, 0xa7);             /* sat, rotl, clz */
    wasm_end(w);
    WASM_BODY(w, 0x02, 1, 0x41, 1, 0x42, 2, 0x0b); /* a block with two results */
    wasm_body(w);
    WASM_PUT(w, 0x03, 0x40, 0x23, 0, 0x41, 1, 0x6b, 0x24, 0, 0x23, 0, 0x0d, 0, 0x0b); /* loop */
    WASM_PUT(w, 0x02, 0x40, 0x02, 0x40, 0x02, 0x40, 0x23, 0, 0x0e, 2, 0, 1, 2);       /* br_table */
    WASM_PUT(w, 0x0b, 0x0b, 0x0b, 0x23, 0, 0x04, I32, 0x41, 1, 0x05, 0x41, 2, 0x0b, 0x1a); /* if */
    wasm_end(w);
    wasm_end(w);
}

/* Two memories, bulk operations, segments of both kinds. */
static void memories(struct wasm *w)
{
    wasm_init(w);
    WASM_SECTION(w, SEC_TYPE, 2, 0x60, 0, 0, 0x60, 1, I32, 1, I64);
    WASM_SECTION(w, SEC_FUNC, 2, 0, 1);
    WASM_SECTION(w, SEC_MEMORY, 2, 1, 1, 4, 0, 1);
    wasm_section(w, SEC_EXPORT);
    wasm_u32(w, 3);
    wasm_export(w, "bulk", 0, 0);
    wasm_export(w, "access", 0, 1);
    wasm_export(w, "memory", 2, 0);
    wasm_end(w);
    WASM_SECTION(w, SEC_DATACOUNT, 2);
    wasm_section(w, SEC_CODE);
    wasm_u32(w, 2);
    wasm_body(w);
    WASM_PUT(w, 0x41, 8, 0x41, 1, 0x41, 16, 0xfc, 11, 0);           /* fill */
    WASM_PUT(w, 0x41, 32, 0x41, 8, 0x41, 16, 0xfc, 10, 1, 0);       /* copy between memories */
    WASM_PUT(w, 0x41, 0, 0x41, 0, 0x41, 4, 0xfc, 8, 0, 0);          /* init */
    WASM_PUT(w, 0xfc, 9, 0, 0x41, 1, 0x40, 0, 0x1a, 0x3f, 1, 0x1a); /* drop, grow, size */
    wasm_end(w);
    wasm_body(w);
    WASM_PUT(w, 0x20, 0, 0x20, 0, 0x28, 2, 4, 0x36, 2, 8);             /* load, store */
    WASM_PUT(w, 0x20, 0, 0x41, 7, 0x3a, 0x40, 1, 3);                   /* store8 to the second */
    WASM_PUT(w, 0x20, 0, 0x2c, 0, 1, 0x1a, 0x20, 0, 0x2b, 3, 0, 0x1a); /* load8_s, f64.load */
    WASM_PUT(w, 0x20, 0, 0x29, 3, 16);
    wasm_end(w);
    wasm_end(w);
    WASM_SECTION(w, SEC_DATA, 2, 1, 4, 1, 2, 3, 4, 0, 0x41, 16, 0x0b, 3, 'a', 'b', 'c');
}

/* Tables of both kinds, element segments, indirect calls. */
static void tables(struct wasm *w)
{
    wasm_init(w);
    WASM_SECTION(w, SEC_TYPE, 3, 0x60, 0, 1, I32, 0x60, 1, I32, 1, I32, 0x60, 1, EXTERNREF, 1, I32);
    WASM_SECTION(w, SEC_FUNC, 4, 0, 1, 2, 0);
    WASM_SECTION(w, SEC_TABLE, 2, FUNCREF, 1, 4, 16, EXTERNREF, 0, 2);
    wasm_section(w, SEC_EXPORT);
    wasm_u32(w, 4);
    wasm_export(w, "call", 0, 1);
    wasm_export(w, "refs", 0, 2);
    wasm_export(w, "bulk", 0, 3);
    wasm_export(w, "table", 1, 0);
    wasm_end(w);
    WASM_SECTION(w, SEC_ELEM, 3, 0, 0x41, 0, 0x0b, 2, 0, 3, 1, 0, 2, 0, 3, 3, 0, 1, 1);
    wasm_section(w, SEC_CODE);
    wasm_u32(w, 4);
    WASM_BODY(w, 0x41, 42);
    WASM_BODY(w, 0x20, 0, 0x41, 1, 0x71, 0x11, 0, 0);
    wasm_body(w);
    WASM_PUT(w, 0x41, 0, 0x20, 0, 0x26, 1, 0x41, 0, 0x25, 1, 0xd1);       /* set, get, is_null */
    WASM_PUT(w, 0xd0, EXTERNREF, 0x41, 2, 0xfc, 15, 1, 0x6a);             /* grow */
    WASM_PUT(w, 0xd0, FUNCREF, 0xd2, 0, 0x20, 0, 0xd1, 0x1c, 1, FUNCREF); /* select */
    WASM_PUT(w, 0xd1, 0x6a);
    wasm_end(w);
    wasm_body(w);
    WASM_PUT(w, 0x41, 2, 0x41, 0, 0x41, 2, 0xfc, 12, 1, 0, 0xfc, 13, 1); /* init, drop */
    WASM_PUT(w, 0x41, 1, 0x41, 2, 0x41, 2, 0xfc, 14, 0, 0);              /* copy */
    WASM_PUT(w, 0x41, 0, 0xd0, EXTERNREF, 0x41, 1, 0xfc, 17, 1);         /* fill */
    WASM_PUT(w, 0xfc, 16, 0, 0x41, 1, 0x11, 0, 0, 0x6a);                 /* size, call_indirect */
    wasm_end(w);
    wasm_end(w);
}

/* Imports of the embedder, tail calls, recursion, a start function. */
static void calls(struct wasm *w)
{
    wasm_init(w);
    WASM_SECTION(w, SEC_TYPE, 2, 0x60, 1, I32, 1, I32, 0x60, 0, 0);
    WASM_SECTION(w, SEC_IMPORT, 2, 1, 'e', 1, 'f', 0, 0, 1, 'e', 1, 'g', 3, I32, 0);
    WASM_SECTION(w, SEC_FUNC, 4, 0, 0, 0, 1);
    WASM_SECTION(w, SEC_TABLE, 1, FUNCREF, 0, 3);
    WASM_SECTION(w, SEC_GLOBAL, 1, I32, 1, 0x23, 0, 0x0b);
    wasm_section(w, SEC_EXPORT);
    wasm_u32(w, 3);
    wasm_export(w, "tail", 0, 1);
    wasm_export(w, "indirect", 0, 2);
    wasm_export(w, "deep", 0, 3);
    wasm_end(w);
    WASM_SECTION(w, SEC_START, 4);
    WASM_SECTION(w, SEC_ELEM, 1, 0, 0x41, 0, 0x0b, 3, 0, 1, 2);
    wasm_section(w, SEC_CODE);
    wasm_u32(w, 4);
    wasm_body(w);
    WASM_PUT(w, 0x20, 0, 0x45, 0x04, 0x40, 0x41, 1, 0x10, 0, 0x0f, 0x0b); /* 0: ask the host */
    WASM_PUT(w, 0x20, 0, 0x41, 1, 0x6b, 0x41, 31, 0x71, 0x12, 1);
    wasm_end(w);
    WASM_BODY(w, 0x20, 0, 0x41, 1, 0x13, 0, 0);
    wasm_body(w);
    WASM_PUT(w, 0x20, 0, 0x41, 15, 0x71, 0x04, I32);
    WASM_PUT(w, 0x20, 0, 0x41, 1, 0x6b, 0x10, 3, 0x41, 1, 0x6a, 0x05, 0x41, 0, 0x0b);
    wasm_end(w);
    WASM_BODY(w, 0x41, 3, 0x10, 3, 0x24, 1);
    wasm_end(w);
}

/* A shared memory, atomics, wait and notify. */
static void atomics(struct wasm *w)
{
    wasm_init(w);
    WASM_SECTION(w, SEC_TYPE, 2, 0x60, 1, I32, 1, I32, 0x60, 0, 1, I64);
    WASM_SECTION(w, SEC_FUNC, 2, 0, 1);
    WASM_SECTION(w, SEC_MEMORY, 1, 3, 1, 2);
    wasm_section(w, SEC_EXPORT);
    wasm_u32(w, 2);
    wasm_export(w, "wait", 0, 0);
    wasm_export(w, "rmw", 0, 1);
    wasm_end(w);
    wasm_section(w, SEC_CODE);
    wasm_u32(w, 2);
    wasm_body(w);
    WASM_PUT(w, 0x41, 0, 0x20, 0, 0xfe, 0x17, 2, 0);                /* store */
    WASM_PUT(w, 0x41, 0, 0x20, 0, 0x42, 10, 0xfe, 1, 2, 0);         /* wait 10 ns */
    WASM_PUT(w, 0x41, 0, 0x41, 1, 0xfe, 0, 2, 0, 0x6a, 0xfe, 3, 0); /* notify, fence */
    wasm_end(w);
    wasm_body(w);
    WASM_PUT(w, 0x41, 8, 0x42, 5, 0xfe, 0x1f, 3, 0);                /* i64 add */
    WASM_PUT(w, 0x41, 8, 0x42, 5, 0x42, 7, 0xfe, 0x49, 3, 0, 0x7c); /* cmpxchg */
    WASM_PUT(w, 0x41, 16, 0x41, 1, 0xfe, 0x20, 0, 0, 0xad, 0x7c);   /* rmw8 */
    WASM_PUT(w, 0x41, 8, 0xfe, 0x11, 3, 0, 0x7c);
    wasm_end(w);
    wasm_end(w);
}

/* Memory and table with 64-bit indices. */
static void wide(struct wasm *w)
{
    wasm_init(w);
    WASM_SECTION(w, SEC_TYPE, 2, 0x60, 1, I64, 1, I32, 0x60, 0, 1, I64);
    WASM_SECTION(w, SEC_FUNC, 2, 0, 1);
    WASM_SECTION(w, SEC_TABLE, 1, FUNCREF, 5, 2, 8);
    WASM_SECTION(w, SEC_MEMORY, 1, 5, 1, 8);
    wasm_section(w, SEC_EXPORT);
    wasm_u32(w, 3);
    wasm_export(w, "access", 0, 0);
    wasm_export(w, "grow", 0, 1);
    wasm_export(w, "memory", 2, 0);
    wasm_end(w);
    wasm_section(w, SEC_CODE);
    wasm_u32(w, 2);
    wasm_body(w);
    WASM_PUT(w, 0x20, 0, 0x41, 9, 0x36, 2, 8, 0x42, 16, 0x42, 0, 0x42, 24, 0xfc, 10, 0, 0);
    WASM_PUT(w, 0x20, 0, 0x28, 2, 4);
    wasm_end(w);
    wasm_body(w);
    WASM_PUT(w, 0x42, 1, 0x40, 0, 0xd0, FUNCREF, 0x42, 1, 0xfc, 15, 0, 0x7c);
    WASM_PUT(w, 0x42, 0, 0xd0, FUNCREF, 0x26, 0, 0xfc, 16, 0, 0x7c, 0x3f, 0, 0x7c);
    wasm_end(w);
    wasm_end(w);
}

const struct seed seeds[] = {
    {"numeric", numeric}, {"memories", memories}, {"tables", tables}, {"calls", calls},
    {"atomics", atomics}, {"wide", wide},         {NULL, NULL},
};
