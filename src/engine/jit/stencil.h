/* SPDX-License-Identifier: Apache-2.0 */
/* The stencil table: bytes and relocations of every op body. */
#ifndef WX_ENGINE_JIT_STENCIL_H
#define WX_ENGINE_JIT_STENCIL_H

#include <stdint.h>

#ifdef __aarch64__
#include "engine/jit/patch_aarch64.h"
#endif
#include "engine/ops/handlers.h"

/* Stencils beyond the handlers, in the order of EXTRAS in tools/stencils/table.py. */
enum wx_stencil_extra {
    WX_S_FRAME = WX_H_COUNT, /* A = bytes of the frame: room for it, or out */
    WX_S_AFTER_CALL,         /* A = what the call added to fp */
    WX_S_COUNT
};

enum wx_thunk {
#define THUNK(NAME) WX_THUNK_##NAME,
#include "engine/jit/thunks.def"
#undef THUNK
    WX_THUNK_COUNT
};

/*
 * What to write where. On x86-64 displacements are from the end of the 4-byte field (addend
 * included), and immediates have the widths below. On aarch64 the kind says which value is meant
 * (any immediate is IMM64, addresses are not relative) and `field` which bits of the instruction
 * take it (patch_aarch64.h).
 */
enum wx_stencil_reloc_kind {
    WX_SR_NEXT,   /* rel32: end of the hot part */
    WX_SR_TARGET, /* rel32: the branch target */
    WX_SR_HOT,    /* rel32: hot part of this stencil */
    WX_SR_COLD,   /* rel32: cold part of this stencil */
    WX_SR_THUNK,  /* rip-relative: slot of a thunk; arg = enum wx_thunk */
    WX_SR_ENTRY,  /* rip-relative: entry slot of the callee, immediate A = struct wx_code */
    WX_SR_POOL,   /* rip-relative: constant pool */
    WX_SR_CONST,  /* rip-relative: 16 bytes behind the function, of immediate `arg` & 15, and of the
                     next  one if `arg` & 16 */
    /* Immediate `arg` (A = 0): */
    WX_SR_IMM8,  /* low 8 bits */
    WX_SR_IMM32, /* must fit unsigned 32 bits */
    WX_SR_IMM31, /* must fit signed 32 bits */
    WX_SR_IMM64,
};
#define WX_SR_IN_COLD 0x80
#define WX_STENCIL_PIECE 32u /* most hot parts are no longer: so much is copied at once */

struct wx_stencil_reloc {
    uint16_t off; /* in its part */
    uint8_t kind; /* enum wx_stencil_reloc_kind, | WX_SR_IN_COLD */
    uint8_t arg;
#ifdef __aarch64__
    int16_t addend;
    uint8_t field; /* enum wx_a64_field */
#else
    int32_t addend;
#endif
};

/*
 * A register to fill in: its low three bits into one byte, the fourth into another. Filling holes
 * is much of what compiling takes, so the row says everything without a branch.
 * On aarch64: five bits of the word number `at`, at bit `form`.
 */
struct wx_stencil_hole {
    uint8_t at, prefix; /* bytes, in the hole's part */
    uint8_t from;       /* where in WX_REG's word the register is: 4 * which of the six */
    uint8_t form;       /* enum wx_stencil_hole_form */
};
/* Where the bits go: the low ones as they are or three to the left, the fourth to that bit. */
enum wx_stencil_hole_form {
    WX_SH_X,      /* vector file, of which eight are used: there is no fourth bit */
    WX_SH_X_HIGH, /* the same, low bits to the left */
    WX_SH_0,
    WX_SH_0_HIGH,
    WX_SH_1,
    WX_SH_1_HIGH,
    WX_SH_2,
    WX_SH_2_HIGH,
    WX_SH_COUNT
};

/**
 * Hot part, which is copied in line, and cold part, which goes behind the function. Relocations:
 * first 32-bit immediates of the hot part, then all others. Holes: those of the hot part first.
 */
struct wx_stencil {
    uint32_t bytes;         /* first byte in wx_stencil_bytes; the cold part follows the hot one */
    uint16_t relocs, holes; /* first of each */
    uint16_t hot, cold;     /* bytes */
    uint16_t wide; /* the form with more room for immediates, 0 = none (aarch64: may have one, too;
                      the last one's branches reach 128 MB instead of 1 MB) */
    uint8_t n_imms, n_relocs; /* relocations of the first kind, of all others */
    uint8_t n_holes, n_cold_holes;
    uint8_t target; /* the only branch to the target in the hot part: its rel32; 0 = none */
};

#pragma GCC visibility push(hidden) /* else each access goes through a table of addresses */
/* 0: what the interpreter alone has; it claims one relocation, and so is never quick. */
extern const struct wx_stencil wx_stencil_table[];
extern const uint16_t wx_stencil_index[WX_S_COUNT]; /* body to stencil; equal ones are shared */
extern const struct wx_stencil_reloc wx_stencil_relocs[];
extern const struct wx_stencil_hole wx_stencil_holes[];
extern const uint8_t wx_stencil_bytes[]; /* WX_STENCIL_PIECE more than are used */
extern const uint8_t wx_stencil_pool[];
extern const uint32_t wx_stencil_pool_len;
#pragma GCC visibility pop

#endif
