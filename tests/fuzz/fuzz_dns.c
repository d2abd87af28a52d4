/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as the answer of a name server to a question it has the number and name of. */
#include <string.h>

#include "fuzz.h"
#include "net/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t types[2] = {WX_DNS_A, WX_DNS_AAAA};
    uint8_t q[WX_DNS_QUESTION_BYTES], m[WX_DNS_MAX_BYTES];
    size_t n = size < sizeof m ? size : sizeof m;
    memcpy(m, data, n);
    for (int i = 0; i < 2; i++) {
        struct wx_dns_found found = {.n = 0};
        uint16_t id = n < 2 ? 0 : (uint16_t)(m[0] << 8 | m[1]);
        size_t len = wx_dns_ask(q, id, "a.test", types[i]);
        enum wx_dns_verdict v = wx_dns_answer(m, n, q, len, &found);
        if (found.n > WX_DNS_MAX_IPS || (found.n && v != WX_DNS_FOUND)) {
            fuzz_fail("%u addresses, verdict %d", found.n, v);
        }
        for (uint32_t k = 0; k < found.n; k++) {
            if (types[i] == WX_DNS_A && found.ips[k].v6) {
                fuzz_fail("an address of another family");
            }
        }
    }
    return 0;
}
