/* SPDX-License-Identifier: Apache-2.0 */
/* Filling in one field of an instruction of aarch64. */
/*
 * Pure functions on bytes, so that they are compiled and tested on every processor. Fields are
 * named after the relocations of the ELF ABI for aarch64 (5.7 there), and mean what those do, but
 * for IMM12: the twelve bits of an addition or comparison as a number of their own, which must fit.
 */
#ifndef WX_ENGINE_JIT_PATCH_AARCH64_H
#define WX_ENGINE_JIT_PATCH_AARCH64_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"

/* FIELD(name, class, shift): shift of the value before it goes in. */
#define WX_A64_FIELDS(FIELD)                                                                       \
    FIELD(JUMP26, BRANCH26, 2)                                                                     \
    FIELD(CALL26, BRANCH26, 2)                                                                     \
    FIELD(CONDBR19, BRANCH19, 2)                                                                   \
    FIELD(LD_PREL_LO19, BRANCH19, 2)                                                               \
    FIELD(TSTBR14, BRANCH14, 2)                                                                    \
    FIELD(ADR_PREL_PG_HI21, PAGE21, 12)                                                            \
    FIELD(ADD_ABS_LO12_NC, LOW12, 0)                                                               \
    FIELD(LDST8_ABS_LO12_NC, LOW12, 0)                                                             \
    FIELD(LDST16_ABS_LO12_NC, LOW12, 1)                                                            \
    FIELD(LDST32_ABS_LO12_NC, LOW12, 2)                                                            \
    FIELD(LDST64_ABS_LO12_NC, LOW12, 3)                                                            \
    FIELD(LDST128_ABS_LO12_NC, LOW12, 4)                                                           \
    FIELD(MOVW_UABS_G0, MOVE16, 0)                                                                 \
    FIELD(MOVW_UABS_G0_NC, MOVE16_PART, 0)                                                         \
    FIELD(MOVW_UABS_G1, MOVE16, 16)                                                                \
    FIELD(MOVW_UABS_G1_NC, MOVE16_PART, 16)                                                        \
    FIELD(MOVW_UABS_G2, MOVE16, 32)                                                                \
    FIELD(MOVW_UABS_G2_NC, MOVE16_PART, 32)                                                        \
    FIELD(MOVW_UABS_G3, MOVE16_PART, 48)                                                           \
    FIELD(IMM12, NUMBER12, 0)                                                                      \
    FIELD(ABS64, WORD64, 0)

enum wx_a64_field {
#define WX_A64_ENUM(NAME, CLASS, SHIFT) WX_A64_##NAME,
    WX_A64_FIELDS(WX_A64_ENUM)
#undef WX_A64_ENUM
        WX_A64_COUNT
};

enum wx_a64_class {
    WX_A64_BRANCH26,    /* displacement in words: bits 0 to 25 */
    WX_A64_BRANCH19,    /* bits 5 to 23 */
    WX_A64_BRANCH14,    /* bits 5 to 18 */
    WX_A64_PAGE21,      /* displacement in pages: bits 29, 30, 5 to 23 */
    WX_A64_LOW12,       /* low bits of an address: bits 10 to 21 */
    WX_A64_NUMBER12,    /* the same bits; the value has no others */
    WX_A64_MOVE16,      /* bits 5 to 20; nothing above them */
    WX_A64_MOVE16_PART, /* bits 5 to 20, one of several moves */
    WX_A64_WORD64,      /* no instruction */
};

static inline bool wx_a64_is_signed(int64_t v, unsigned bits)
{
    return v >= -(INT64_C(1) << (bits - 1)) && v < INT64_C(1) << (bits - 1);
}

/* `bits` of v at bit `at` of an instruction. */
static inline void wx_a64_put(uint8_t *p, uint64_t v, unsigned bits, unsigned at)
{
    uint32_t mask = (UINT32_C(1) << bits) - 1;
    wx_put_u32(p, (wx_get_u32(p) & ~(mask << at)) | ((uint32_t)v & mask) << at);
}

/* Class and shift of a field. */
static inline enum wx_a64_class wx_a64_class_of(enum wx_a64_field field, unsigned *ret_shift)
{
    static const struct {
        uint8_t class, shift;
    } rows[WX_A64_COUNT] = {
#define WX_A64_ROW(NAME, CLASS, SHIFT) {WX_A64_##CLASS, SHIFT},
        WX_A64_FIELDS(WX_A64_ROW)
#undef WX_A64_ROW
    };
    *ret_shift = rows[field].shift;
    return (enum wx_a64_class)rows[field].class;
}

static inline bool wx_a64_put_disp(uint8_t *p, uint64_t place, uint64_t to, unsigned bits,
                                   unsigned at)
{
    int64_t disp = (int64_t)(to - place);
    if (disp & 3 || !wx_a64_is_signed(disp, bits + 2)) {
        return false;
    }
    wx_a64_put(p, (uint64_t)(disp >> 2), bits, at);
    return true;
}

/*
 * Fills the field of the instruction at p, which will run at `place`, with a value (an address or
 * an immediate). @return false, and nothing changed, if the value does not fit.
 */
static inline bool wx_patch_aarch64(uint8_t *p, enum wx_a64_field field, uint64_t place,
                                    uint64_t value)
{
    unsigned shift;
    enum wx_a64_class class = wx_a64_class_of(field, &shift);
    uint64_t v = value >> shift;
    switch (class) {
    case WX_A64_BRANCH26: return wx_a64_put_disp(p, place, value, 26, 0);
    case WX_A64_BRANCH19: return wx_a64_put_disp(p, place, value, 19, 5);
    case WX_A64_BRANCH14: return wx_a64_put_disp(p, place, value, 14, 5);
    case WX_A64_PAGE21: {
        int64_t pages = (int64_t)((value & ~UINT64_C(4095)) - (place & ~UINT64_C(4095))) / 4096;
        if (!wx_a64_is_signed(pages, 21)) {
            return false;
        }
        wx_a64_put(p, (uint64_t)pages, 2, 29);
        wx_a64_put(p, (uint64_t)(pages >> 2), 19, 5);
        return true;
    }
    case WX_A64_LOW12:
        if (value & ((UINT64_C(1) << shift) - 1)) {
            return false;
        }
        wx_a64_put(p, (value & 4095) >> shift, 12, 10);
        return true;
    case WX_A64_NUMBER12:
        if (value > 4095) {
            return false;
        }
        wx_a64_put(p, value, 12, 10);
        return true;
    case WX_A64_MOVE16:
        if (v > UINT16_MAX) {
            return false;
        }
        wx_a64_put(p, v, 16, 5);
        return true;
    case WX_A64_MOVE16_PART: wx_a64_put(p, v, 16, 5); return true;
    case WX_A64_WORD64: wx_put_u64(p, value); return true;
    }
    return false;
}

#endif
