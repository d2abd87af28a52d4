/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages. */
/*
 * An answer must carry our number and our question; records count only if they belong to the name
 * asked for, or to what that is an alias of, in the order of the message. Names in it are expanded
 * with a bound on jumps, and every length is checked before it is used.
 */
#include "net/dns.h"

#include <string.h>

enum { HEADER = 12, CLASS_IN = 1, TYPE_CNAME = 5, TYPE_OPT = 41 };
enum { MAX_NAME = 255, MAX_JUMPS = 32 };
enum { FLAG_ANSWER = 0x8000, MASK_OPCODE = 0x7800, MASK_CODE = 0x000f };
enum { CODE_OK = 0, CODE_NO_NAME = 3 };

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static unsigned get16(const uint8_t *p) { return (unsigned)p[0] << 8 | p[1]; }

static uint32_t get32(const uint8_t *p) { return (uint32_t)get16(p) << 16 | get16(p + 2); }

/* Labels, each behind its length, and the root. @return bytes */
static size_t put_name(uint8_t *p, const char *name)
{
    uint8_t *at = p;
    while (*name) {
        size_t len = strcspn(name, ".");
        *at++ = (uint8_t)len;
        memcpy(at, name, len);
        at += len;
        name += len + (name[len] == '.');
    }
    *at++ = 0;
    return (size_t)(at - p);
}

size_t wx_dns_ask(uint8_t buf[WX_DNS_QUESTION_BYTES], uint16_t id, const char *name, uint16_t type)
{
    memset(buf, 0, WX_DNS_QUESTION_BYTES);
    put16(buf, id);
    put16(buf + 2, 0x0100); /* recursion is desired */
    put16(buf + 4, 1);      /* one question, */
    put16(buf + 10, 1);     /* one more record: how long an answer may be */
    size_t at = HEADER + put_name(buf + HEADER, name);
    put16(buf + at, type);
    put16(buf + at + 2, CLASS_IN);
    at += 4;
    put16(buf + at + 1, TYPE_OPT); /* behind the root */
    put16(buf + at + 3, WX_DNS_MAX_BYTES);
    return at + 11;
}

/* -------- answers -------- */

struct message {
    const uint8_t *p;
    size_t len, at;
};

/*
 * The name at m->at, in lower case, labels behind their lengths; m->at moves behind it. @return its
 * length with the root, 0 if it is malformed
 */
static size_t take_name(struct message *m, uint8_t ret[MAX_NAME + 1])
{
    size_t at = m->at, n = 0;
    bool jumped = false;
    for (int jumps = 0; jumps <= MAX_JUMPS;) {
        if (at >= m->len) {
            return 0;
        }
        unsigned len = m->p[at];
        if ((len & 0xc0) == 0xc0) {
            if (at + 2 > m->len) {
                return 0;
            }
            m->at = jumped ? m->at : at + 2;
            jumped = true;
            at = get16(m->p + at) & 0x3fff;
            jumps++;
            continue;
        }
        if (len > 63 || at + 1 + len > m->len || n + 1 + len > MAX_NAME) {
            return 0;
        }
        ret[n++] = (uint8_t)len;
        for (unsigned i = 0; i < len; i++) {
            uint8_t ch = m->p[at + 1 + i];
            ret[n++] = (uint8_t)(ch >= 'A' && ch <= 'Z' ? ch + 32 : ch);
        }
        at += 1 + len;
        if (len == 0) {
            m->at = jumped ? m->at : at;
            return n;
        }
    }
    return 0;
}

static void add(struct wx_dns_found *f, const uint8_t *p, bool v6, uint32_t ttl_s)
{
    if (f->n == WX_DNS_MAX_IPS) {
        return;
    }
    struct wx_net_ip ip = {.v6 = v6};
    memcpy(ip.b, p, v6 ? 16 : 4);
    wx_net_ip_normalise(&ip);
    f->ips[f->n] = ip;
    f->ttl_s[f->n++] = ttl_s;
}

/* One record; `name` is what is looked for, which an alias changes. @return false: malformed */
static bool take_record(struct message *m, uint16_t type, uint8_t name[MAX_NAME + 1],
                        size_t *name_len, struct wx_dns_found *f)
{
    uint8_t owner[MAX_NAME + 1];
    size_t len = take_name(m, owner);
    if (len == 0 || m->len - m->at < 10) {
        return false;
    }
    const uint8_t *r = m->p + m->at;
    unsigned rtype = get16(r), rclass = get16(r + 2), rlen = get16(r + 8);
    uint32_t ttl = get32(r + 4);
    m->at += 10;
    if (rlen > m->len - m->at) {
        return false;
    }
    size_t next = m->at + rlen;
    if (rclass == CLASS_IN && len == *name_len && memcmp(owner, name, len) == 0) {
        if (rtype == TYPE_CNAME) {
            *name_len = take_name(m, name);
            if (*name_len == 0) {
                return false;
            }
        } else if (rtype == type && rlen == (type == WX_DNS_AAAA ? 16u : 4u)) {
            add(f, m->p + m->at, type == WX_DNS_AAAA, ttl > INT32_MAX ? 0 : ttl);
        }
    }
    m->at = next;
    return true;
}

enum wx_dns_verdict wx_dns_answer(const uint8_t *p, size_t len, const uint8_t *question,
                                  size_t question_len, struct wx_dns_found *found)
{
    struct message m = {p, len, HEADER}, q = {question, question_len, HEADER};
    uint8_t name[MAX_NAME + 1], asked[MAX_NAME + 1];
    if (len < HEADER || get16(p) != get16(question) || !(get16(p + 2) & FLAG_ANSWER) ||
        (get16(p + 2) & MASK_OPCODE) || get16(p + 4) != 1) {
        return WX_DNS_FOREIGN;
    }
    size_t n = take_name(&m, name), n_asked = take_name(&q, asked);
    if (n == 0 || n != n_asked || memcmp(name, asked, n) != 0 || m.len - m.at < 4 ||
        memcmp(p + m.at, question + q.at, 4) != 0) {
        return WX_DNS_FOREIGN;
    }
    uint16_t type = (uint16_t)get16(p + m.at);
    m.at += 4;
    unsigned code = get16(p + 2) & MASK_CODE;
    if (code != CODE_OK) {
        return code == CODE_NO_NAME ? WX_DNS_NO_NAME : WX_DNS_FAILED;
    }
    for (unsigned i = get16(p + 6); i > 0; i--) { /* what a cut message has is what there is */
        if (!take_record(&m, type, name, &n, found)) {
            break;
        }
    }
    return WX_DNS_FOUND;
}
