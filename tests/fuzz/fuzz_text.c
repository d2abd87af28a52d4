/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as text: parsed, validated, printed and parsed again to the same bytes; also as a script.
 */
#include <string.h>

#include "fuzz.h"
#include "wasm/text/text.h"

/* What was printed must parse, and print alike. */
static void print_twice(struct wx_mem *mem, const struct wx_module *m, const struct wx_features *f)
{
    struct wx_strbuf first, second;
    struct wx_text_module t;
    struct wx_module *again = NULL;
    wx_strbuf_init(&first, mem);
    wx_strbuf_init(&second, mem);
    if (wx_text_print(m, &first, NULL) != WAX_OK ||
        wx_text_encode(mem, first.p, first.len, &wx_decode_limits_default, &t, NULL) != WAX_OK ||
        wx_module_decode(mem, (const uint8_t *)t.bytes.p, t.bytes.len, f, &wx_decode_limits_default,
                         &again, NULL) != WAX_OK ||
        wx_text_print(again, &second, NULL) != WAX_OK || first.len != second.len ||
        memcmp(first.p, second.p, first.len) != 0) {
        fuzz_fail("a printed module parses or prints otherwise");
    }
    wx_module_free(again);
    wx_text_module_fini(&t);
    wx_strbuf_fini(&first);
    wx_strbuf_fini(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wx_mem mem;
    wx_mem_init(&mem, NULL, 0);
    struct wx_features f = fuzz_all_features();
    const char *text = (const char *)data;
    struct wx_text_module t;
    struct wx_module *m = NULL;
    struct wx_script *script = NULL;
    wax_error *e = NULL;
    if (wx_text_encode(&mem, text, size, &wx_decode_limits_default, &t, &e) == WAX_OK &&
        wx_module_decode(&mem, (const uint8_t *)t.bytes.p, t.bytes.len, &f,
                         &wx_decode_limits_default, &m, &e) == WAX_OK) {
        print_twice(&mem, m, &f);
    } else {
        wx_text_locate(&t, text, size, &e);
    }
    wx_module_free(m);
    wx_text_module_fini(&t);
    wax_error_free(e);
    if (wx_script_parse(&mem, text, size, &wx_decode_limits_default, &script, NULL) == WAX_OK) {
        wx_script_free(script);
    }
    if (mem.n_live) {
        fuzz_fail("%llu allocations are left", (unsigned long long)mem.n_live);
    }
    return 0;
}
