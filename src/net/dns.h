/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages: a question, and what addresses an answer has (RFC 1035, 3596, 6891). */
#ifndef WX_NET_DNS_H
#define WX_NET_DNS_H

#include "net/addr.h"

enum { WX_DNS_A = 1, WX_DNS_AAAA = 28 };

#define WX_DNS_MAX_BYTES 1232 /* of an answer over UDP, as we ask for */
#define WX_DNS_QUESTION_BYTES 300
#define WX_DNS_MAX_IPS 16

/** What was found for a name. */
struct wx_dns_found {
    struct wx_net_ip ips[WX_DNS_MAX_IPS];
    uint32_t ttl_s[WX_DNS_MAX_IPS];
    uint32_t n;
};

enum wx_dns_verdict {
    WX_DNS_FOUND,   /* perhaps no address of that type */
    WX_DNS_NO_NAME, /* there is no such name */
    WX_DNS_FAILED,  /* the server can not tell */
    WX_DNS_FOREIGN  /* no answer to this question */
};

/** A clean name as a question. @return its length */
size_t wx_dns_ask(uint8_t buf[WX_DNS_QUESTION_BYTES], uint16_t id, const char *name, uint16_t type);
/** Is this the answer to that question? Then its addresses are added. Any bytes are harmless. */
enum wx_dns_verdict wx_dns_answer(const uint8_t *p, size_t len, const uint8_t *question,
                                  size_t question_len, struct wx_dns_found *found);

#endif
