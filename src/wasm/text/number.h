/* SPDX-License-Identifier: Apache-2.0 */
/* Number literals of the text format, to and from bits. */
#ifndef WX_WASM_TEXT_NUMBER_H
#define WX_WASM_TEXT_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

enum wx_num_result {
    WX_NUM_OK,
    WX_NUM_SYNTAX, /* no number of that kind */
    WX_NUM_RANGE   /* a number, but not one of that width */
};

/** Unsigned integer of at most `bits` bits, no sign. */
enum wx_num_result wx_text_nat(const char *s, uint32_t len, unsigned bits, uint64_t *ret);
/** Integer of `bits` bits, signed or unsigned; *ret is cut to the width. */
enum wx_num_result wx_text_int(const char *s, uint32_t len, unsigned bits, uint64_t *ret);
/**
 * Float of 32 or 64 bits as its bits: decimal and hexadecimal forms correctly rounded (ties to
 * even), inf, nan, nan:0xN. Independent of the locale.
 */
enum wx_num_result wx_text_float(const char *s, uint32_t len, unsigned bits, uint64_t *ret);
/**
 * Text of a float that wx_text_float() reads back to the same bits: decimal where a short one is
 * exact, else hexadecimal. `buf` has room for WX_FLOAT_TEXT_MAX bytes. Returns the length.
 */
#define WX_FLOAT_TEXT_MAX 48
uint32_t wx_text_float_print(uint64_t bits, unsigned width, char *buf);

#endif
