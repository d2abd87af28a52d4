/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 validation. */
#include "base/utf8.h"

#include <stdint.h>

/* Bytes of the sequence starting at p (0 = malformed); *ret_low/high bound the second byte. */
static size_t sequence_len(uint8_t lead, uint8_t *ret_low, uint8_t *ret_high)
{
    *ret_low = 0x80;
    *ret_high = 0xbf;
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
        return 2;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        *ret_low = lead == 0xe0 ? 0xa0 : 0x80;  /* overlong */
        *ret_high = lead == 0xed ? 0x9f : 0xbf; /* surrogates */
        return 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        *ret_low = lead == 0xf0 ? 0x90 : 0x80;
        *ret_high = lead == 0xf4 ? 0x8f : 0xbf;
        return 4;
    }
    return 0;
}

bool wx_utf8_valid(const char *s, size_t len)
{
    const uint8_t *p = (const uint8_t *)s;
    const uint8_t *end = p + len;
    while (p != end) {
        uint8_t low, high;
        size_t n = sequence_len(*p, &low, &high);
        if (n == 0 || (size_t)(end - p) < n) {
            return false;
        }
        for (size_t i = 1; i < n; i++) {
            if (p[i] < (i == 1 ? low : 0x80) || p[i] > (i == 1 ? high : 0xbf)) {
                return false;
            }
        }
        p += n;
    }
    return true;
}
