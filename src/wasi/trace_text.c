/* SPDX-License-Identifier: Apache-2.0 */
/* Calls as text: name(arguments) = result, decoded by the names of parameters (trace.def). */
/*
 * What goes in is written before the handler runs, since buffers may overlap; from the first
 * parameter that comes back on the rest follows when the call is over. Guest memory is read through
 * the checked functions only: an address outside of it is shown as such.
 */
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "wasi/env.h"
#include "wasi/fdtable.h"
#include "wasi/rights.h"
#include "wasi/trace.h"

#define MAX_STRING 256u /* bytes of a name that are shown */
#define MAX_DATA 64u    /* bytes of a buffer */
#define MAX_ITEMS 8u    /* elements of a list */

/* One parameter at hand. */
struct view {
    const struct wx_wasi_call *c;
    struct wx_trace_line *l;
    uint32_t i;
    bool ok; /* the call succeeded: what comes back is there */
};

static void WX_PRINTF(2, 3) put(struct wx_trace_line *l, const char *format, ...)
{
    static const char cut[] = "...";
    size_t room = sizeof l->text - l->len;
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(l->text + l->len, room, format, ap);
    va_end(ap);
    l->len += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
    if (n >= 0 && (size_t)n >= room) {
        memcpy(l->text + sizeof l->text - sizeof cut, cut, sizeof cut);
    }
}

/* Nothing that a terminal would act on. */
static void put_escaped(struct wx_trace_line *l, const uint8_t *b, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        static const char plain[] = "\n\t\r\"\\", escaped[] = "ntr\"\\";
        const char *at = b[i] ? strchr(plain, b[i]) : NULL;
        if (at) {
            put(l, "\\%c", escaped[at - plain]);
        } else if (b[i] < 0x20 || b[i] > 0x7e) {
            put(l, "\\x%02x", b[i]);
        } else {
            put(l, "%c", b[i]);
        }
    }
}

static uint64_t arg(const struct view *v) { return v->l->args[v->i]; }
static bool readable(const struct view *v, uint64_t p, uint64_t len)
{
    return wx_guest_check(v->c, (wx_gptr){p}, len) == 0;
}
static unsigned width(const struct view *v) { return v->c->is64 ? 8 : 4; }

static void put_outside(struct wx_trace_line *l, uint64_t p)
{
    put(l, "0x%llx (out of bounds)", (unsigned long long)p);
}

/* -------- names of numbers, sets of names: lists of words -------- */

/* The n-th word; NULL past the end. */
static const char *word(const char *words, uint64_t n, int *ret_len)
{
    for (; n && *words; n--) {
        words += strcspn(words, " ");
        words += *words == ' ';
    }
    *ret_len = (int)strcspn(words, " ");
    return *words ? words : NULL;
}

static void put_name(struct wx_trace_line *l, uint64_t value, const char *words)
{
    int len;
    const char *w = word(words, value, &len);
    if (w) {
        put(l, "%.*s", len, w);
    } else {
        put(l, "%llu", (unsigned long long)value);
    }
}

/* "a|b|0x100" into buf. */
static void set_text(char *buf, size_t size, uint64_t set, const char *words)
{
    size_t n = 0;
    buf[0] = '\0';
    for (uint64_t bit = 0; bit < 64 && n + 1 < size; bit++) {
        int len;
        const char *w = set >> bit & 1 ? word(words, bit, &len) : NULL;
        if (w) {
            set &= ~(UINT64_C(1) << bit);
            n += (size_t)snprintf(buf + n, size - n, "%s%.*s", n ? "|" : "", len, w);
        }
    }
    if ((set || !n) && n + 1 < size) {
        (void)snprintf(buf + n, size - n, set ? "%s0x%llx" : "%s0", n ? "|" : "",
                       (unsigned long long)set);
    }
}

static void put_set(struct wx_trace_line *l, uint64_t set, const char *words)
{
    char text[256];
    set_text(text, sizeof text, set, words);
    put(l, "%s", text);
}

void wx_trace_rights(char *buf, size_t size, uint64_t rights)
{
    static const char words[] =
        "fd_datasync fd_read fd_seek fd_fdstat_set_flags fd_sync fd_tell fd_write fd_advise "
        "fd_allocate path_create_directory path_create_file path_link_source path_link_target "
        "path_open fd_readdir path_readlink path_rename_source path_rename_target "
        "path_filestat_get path_filestat_set_size path_filestat_set_times fd_filestat_get "
        "fd_filestat_set_size fd_filestat_set_times path_symlink path_remove_directory "
        "path_unlink_file poll_fd_readwrite sock_shutdown sock_accept";
    uint64_t missing = WX_RIGHTS_ALL & ~rights;
    if (rights & ~WX_RIGHTS_ALL || __builtin_popcountll(missing) > 15) {
        set_text(buf, size, rights, words);
    } else if (!missing) {
        (void)snprintf(buf, size, "ALL");
    } else {
        char set[384];
        bool one = (missing & (missing - 1)) == 0;
        set_text(set, sizeof set, missing, words);
        (void)snprintf(buf, size, one ? "ALL&~%s" : "ALL&~(%s)", set);
    }
}

static void put_rights(struct wx_trace_line *l, uint64_t rights)
{
    char text[512];
    wx_trace_rights(text, sizeof text, rights);
    put(l, "%s", text);
}

static const char filetypes[] = "unknown block_device character_device directory regular_file "
                                "socket_dgram socket_stream symbolic_link";
static const char fdflags[] = "append dsync nonblock rsync sync";
static const char clocks[] = "realtime monotonic process_cputime thread_cputime";

#define PRINT(KIND) static void print_##KIND(struct view *v)
PRINT(CLOCK) { put_name(v->l, arg(v), clocks); }
PRINT(ADVICE) { put_name(v->l, arg(v), "normal sequential random willneed dontneed noreuse"); }
PRINT(WHENCE)
{
    bool snapshot0 = strcmp(v->c->abi->space, "wasi_unstable") == 0;
    put_name(v->l, arg(v), snapshot0 ? "cur end set" : "set cur end");
}
PRINT(SIGNAL)
{
    put_name(v->l, arg(v),
             "none hup int quit ill trap abrt bus fpe kill usr1 segv usr2 pipe alrm term stkflt "
             "chld cont stop tstp ttin ttou urg xcpu xfsz vtalrm prof winch poll pwr sys");
}
PRINT(LOOKUP) { put_set(v->l, arg(v), "symlink_follow"); }
PRINT(OFLAGS) { put_set(v->l, arg(v), "creat directory excl trunc"); }
PRINT(FDFLAGS) { put_set(v->l, arg(v), fdflags); }
PRINT(RIGHTS) { put_rights(v->l, arg(v)); }
PRINT(FSTFLAGS) { put_set(v->l, arg(v), "atim atim_now mtim mtim_now"); }
PRINT(RIFLAGS) { put_set(v->l, arg(v), "peek waitall data_truncated dontwait"); }
PRINT(SIFLAGS) { put_set(v->l, arg(v), "dontwait"); }
PRINT(SDFLAGS) { put_set(v->l, arg(v), "rd wr"); }

/* -------- numbers -------- */

PRINT(INT)
{
    bool is32 = v->c->abi->params[v->i] == 'i';
    put(v->l, "%lld", is32 ? (long long)(int32_t)arg(v) : (long long)arg(v));
}
PRINT(UINT) { put(v->l, "%llu", (unsigned long long)arg(v)); }
PRINT(HEX) { put(v->l, "0x%llx", (unsigned long long)arg(v)); }

/* The guest path of a preopened directory goes along. */
PRINT(FD)
{
    char name[MAX_DATA];
    size_t len;
    put(v->l, "%lld", (long long)(int32_t)arg(v));
    if (wx_fdtable_preopen(v->c->env->fds, (uint32_t)arg(v), name, sizeof name, &len) == 0) {
        put(v->l, "<");
        put_escaped(v->l, (const uint8_t *)name, len < sizeof name ? len : sizeof name);
        put(v->l, ">");
    }
}

/* A number of `size` bytes that came back. */
static void put_out(const struct view *v, unsigned size)
{
    uint64_t n = 0;
    if (wx_guest_read(v->c, (wx_gptr){arg(v)}, &n, size) != 0) {
        put_outside(v->l, arg(v));
    } else if (v->ok) {
        put(v->l, "[%llu]", (unsigned long long)n);
    } else {
        put(v->l, "0x%llx", (unsigned long long)arg(v));
    }
}
PRINT(OUT_U8) { put_out(v, 1); }
PRINT(OUT_U16) { put_out(v, 2); }
PRINT(OUT_U32) { put_out(v, 4); }
PRINT(OUT_U64) { put_out(v, 8); }
PRINT(OUT_SIZE) { put_out(v, width(v)); }

/* -------- bytes -------- */

/* Quoted, at most `max` of them; they were checked. */
static void put_bytes(const struct view *v, uint64_t p, uint64_t len, uint64_t max)
{
    uint8_t b[MAX_STRING];
    uint64_t n = len < max ? len : max;
    (void)wx_guest_read(v->c, (wx_gptr){p}, b, n);
    put(v->l, "\"");
    put_escaped(v->l, b, n);
    put(v->l, n < len ? "\"..." : "\"");
}

/* A pointer and, behind it, the length. */
static void put_string(struct view *v, uint64_t len, uint64_t max)
{
    if (!readable(v, arg(v), len)) {
        put_outside(v->l, arg(v));
        put(v->l, ", %llu", (unsigned long long)len);
    } else {
        put_bytes(v, arg(v), len, max);
    }
}
PRINT(STR)
{
    put_string(v, v->l->args[v->i + 1], MAX_STRING);
    v->i++;
}

/* Bytes of no interest to read. */
PRINT(BYTES)
{
    uint64_t len = v->l->args[v->i + 1];
    if (readable(v, arg(v), len)) {
        print_HEX(v);
    } else {
        put_outside(v->l, arg(v));
    }
    v->i++;
    put(v->l, ", %llu", (unsigned long long)len);
}

PRINT(OUT_STR)
{
    if (v->ok) {
        print_STR(v);
    } else {
        print_BYTES(v);
    }
}

static bool next_size(const struct view *v, uint64_t *ret);

PRINT(OUT_TEXT)
{
    uint64_t n;
    if (v->ok && next_size(v, &n)) {
        put_string(v, n, MAX_STRING);
        v->i++;
        put(v->l, ", %llu", (unsigned long long)arg(v));
    } else {
        print_BYTES(v);
    }
}

/* Buffers, of which the first `total` bytes count. */
static void put_iovs(struct view *v, uint64_t total)
{
    uint64_t p = arg(v), n = v->l->args[++v->i], size = UINT64_C(2) * width(v);
    if (n > UINT32_MAX || !readable(v, p, n * size)) {
        put_outside(v->l, p);
        put(v->l, ", %llu", (unsigned long long)n);
        return;
    }
    put(v->l, "[");
    for (uint64_t i = 0; i < n && i < MAX_ITEMS; i++) {
        uint64_t buf, len;
        (void)wx_guest_read_size(v->c, (wx_gptr){p + i * size}, &buf);
        (void)wx_guest_read_size(v->c, (wx_gptr){p + i * size + width(v)}, &len);
        uint64_t show = len < total ? len : total;
        total -= show;
        put(v->l, i ? ", {" : "{");
        if (!readable(v, buf, len)) {
            put_outside(v->l, buf);
        } else {
            put_bytes(v, buf, show, MAX_DATA);
        }
        put(v->l, ", %llu}", (unsigned long long)len);
    }
    put(v->l, n > MAX_ITEMS ? ", ...], %llu" : "], %llu", (unsigned long long)n);
}
PRINT(IOVS_IN) { put_iovs(v, UINT64_MAX); }
PRINT(IOVS_OUT)
{
    uint64_t n = 0;
    put_iovs(v, v->ok && next_size(v, &n) ? n : 0);
}

/* -------- structures -------- */

/* What came back, if it did; else the address is written. */
static bool get_struct(struct view *v, void *b, uint64_t size)
{
    if (!readable(v, arg(v), size)) {
        put_outside(v->l, arg(v));
        return false;
    }
    if (!v->ok) {
        print_HEX(v);
        return false;
    }
    return wx_guest_read(v->c, (wx_gptr){arg(v)}, b, size) == 0;
}

PRINT(FILESTAT)
{
    uint8_t b[64];
    bool snapshot0 = strcmp(v->c->abi->space, "wasi_unstable") == 0;
    if (!get_struct(v, b, snapshot0 ? 56 : 64)) {
        return;
    }
    put(v->l, "{ino=%llu, type=", (unsigned long long)wx_get_u64(b + 8));
    put_name(v->l, b[16], filetypes);
    put(v->l, ", nlink=%llu, size=%llu}",
        (unsigned long long)(snapshot0 ? wx_get_u32(b + 20) : wx_get_u64(b + 24)),
        (unsigned long long)wx_get_u64(b + (snapshot0 ? 24 : 32)));
}

PRINT(FDSTAT)
{
    uint8_t b[24];
    if (!get_struct(v, b, sizeof b)) {
        return;
    }
    put(v->l, "{type=");
    put_name(v->l, b[0], filetypes);
    put(v->l, ", flags=");
    put_set(v->l, wx_get_u16(b + 2), fdflags);
    put(v->l, ", rights=");
    put_rights(v->l, wx_get_u64(b + 8));
    put(v->l, ", inheriting=");
    put_rights(v->l, wx_get_u64(b + 16));
    put(v->l, "}");
}

PRINT(PRESTAT)
{
    uint8_t b[8];
    if (get_struct(v, b, sizeof b)) {
        put(v->l, "{dir, %u}", wx_get_u32(b + 4));
    }
}

/* Names of the entries that are in whole; other threads may have written what is read here. */
PRINT(DIRENTS)
{
    uint64_t used, p = arg(v), n = 0;
    if (!v->ok || !next_size(v, &used) || !readable(v, p, used)) {
        print_BYTES(v);
        return;
    }
    put(v->l, "[");
    for (uint64_t at = 0; at + 24 <= used && n <= MAX_ITEMS; n++) {
        uint32_t len;
        (void)wx_guest_read_u32(v->c, (wx_gptr){p + at + 16}, &len);
        if (at + 24 + len > used) {
            break;
        }
        if (n < MAX_ITEMS) {
            put(v->l, n ? ", " : "");
            put_bytes(v, p + at + 24, len, MAX_DATA);
        }
        at += 24 + (uint64_t)len;
    }
    v->i++;
    put(v->l, n > MAX_ITEMS ? ", ...], %llu" : "], %llu", (unsigned long long)arg(v));
}

static void put_sub(const struct view *v, const uint8_t *b, bool snapshot0)
{
    const uint8_t *u = b + (snapshot0 ? 24 : 16);
    put(v->l, "{#%llx, ", (unsigned long long)wx_get_u64(b));
    if (b[8] == 0) {
        put_name(v->l, wx_get_u32(u), clocks);
        put(v->l, wx_get_u16(u + 24) & 1 ? " at %llu}" : " +%llu}",
            (unsigned long long)wx_get_u64(u + 8));
    } else if (b[8] <= 2) {
        put(v->l, "%s %u}", b[8] == 1 ? "read" : "write", wx_get_u32(b + 16));
    } else {
        put(v->l, "tag %u}", b[8]);
    }
}

PRINT(SUBS)
{
    bool snapshot0 = strcmp(v->c->abi->space, "wasi_unstable") == 0;
    uint64_t p = arg(v), n = v->l->args[v->i + 2], size = snapshot0 ? 56 : 48;
    if (n > UINT32_MAX || !readable(v, p, n * size)) {
        put_outside(v->l, p);
        return;
    }
    put(v->l, "[");
    for (uint64_t i = 0; i < n && i < MAX_ITEMS; i++) {
        uint8_t b[56];
        (void)wx_guest_read(v->c, (wx_gptr){p + i * size}, b, size);
        put(v->l, i ? ", " : "");
        put_sub(v, b, snapshot0);
    }
    put(v->l, n > MAX_ITEMS ? ", ...]" : "]");
}

PRINT(EVENTS)
{
    uint64_t p = arg(v), n;
    if (!v->ok || !next_size(v, &n) || n > UINT32_MAX || !readable(v, p, n * 32)) {
        if (readable(v, p, 1)) {
            print_HEX(v);
        } else {
            put_outside(v->l, p);
        }
        return;
    }
    put(v->l, "[");
    for (uint64_t i = 0; i < n && i < MAX_ITEMS; i++) {
        uint8_t b[32];
        (void)wx_guest_read(v->c, (wx_gptr){p + i * 32}, b, sizeof b);
        put(v->l, "%s{#%llx, ", i ? ", " : "", (unsigned long long)wx_get_u64(b));
        put_name(v->l, b[10], "clock read write");
        if (wx_get_u16(b + 8)) {
            put(v->l, ", %s", wx_werrno_name(wx_get_u16(b + 8)));
        } else if (b[10]) {
            put(v->l, ", %llu bytes%s", (unsigned long long)wx_get_u64(b + 16),
                wx_get_u16(b + 24) & 1 ? ", hangup" : "");
        }
        put(v->l, "}");
    }
    put(v->l, n > MAX_ITEMS ? ", ...]" : "]");
}

/* -------- the table -------- */

/* clang-format off */
#define KINDS(IN, OUT)                                                                             \
    IN(INT) IN(UINT) IN(HEX) IN(FD) IN(CLOCK) IN(ADVICE) IN(WHENCE) IN(SIGNAL) IN(LOOKUP)          \
    IN(OFLAGS) IN(FDFLAGS) IN(RIGHTS) IN(FSTFLAGS) IN(RIFLAGS) IN(SIFLAGS) IN(SDFLAGS) IN(STR)     \
    IN(IOVS_IN) IN(SUBS)                                                                           \
    OUT(OUT_U8) OUT(OUT_U16) OUT(OUT_U32) OUT(OUT_U64) OUT(OUT_SIZE) OUT(BYTES) OUT(OUT_STR)       \
    OUT(OUT_TEXT) OUT(IOVS_OUT) OUT(FILESTAT) OUT(FDSTAT) OUT(PRESTAT) OUT(DIRENTS) OUT(EVENTS)
/* clang-format on */
#define NUMBER(KIND) K_##KIND,
enum { KINDS(NUMBER, NUMBER) N_KINDS };
static const struct {
    void (*print)(struct view *v);
    bool out;
} kinds[N_KINDS] = {
#define IN_ROW(KIND) {print_##KIND, false},
#define OUT_ROW(KIND) {print_##KIND, true},
    KINDS(IN_ROW, OUT_ROW)};

static const struct {
    uint8_t kind;
    char call[20], param[21];
} params[] = {
#define TRACE_CLASS(KEY, NAME)
#define TRACE_CALLS(PREFIX, CLASSES)
#define TRACE_ARG(CALL, NAME, KIND) {K_##KIND, CALL, NAME},
#include "wasi/trace.def"
};

/* What the i-th parameter of the call is; plain hexadecimal if nothing is known of it. */
static unsigned kind_of(const struct wx_abi_func *f, uint32_t i)
{
    int len;
    const char *name = word(wx_abi_param_names(f->row), i, &len);
    for (size_t k = 0; name && k < sizeof params / sizeof *params; k++) {
        if (strncmp(f->name, params[k].call, strlen(params[k].call)) == 0 &&
            strncmp(name, params[k].param, (size_t)len) == 0 && params[k].param[len] == '\0') {
            return params[k].kind;
        }
    }
    return K_HEX;
}

/* The size that came back in the first parameter for one that follows. */
static bool next_size(const struct view *v, uint64_t *ret)
{
    for (uint32_t i = v->i + 1; v->c->abi->params[i]; i++) {
        if (kind_of(v->c->abi, i) == K_OUT_SIZE) {
            return wx_guest_read_size(v->c, (wx_gptr){v->l->args[i]}, ret) == 0;
        }
    }
    return false;
}

void wx_trace_print_in(const struct wx_wasi_call *c)
{
    struct view v = {c, c->self->line, 0, false};
    put(v.l, "%s(", c->abi->name);
    for (; c->abi->params[v.i]; v.i++) {
        unsigned kind = kind_of(c->abi, v.i);
        if (kinds[kind].out) {
            break;
        }
        put(v.l, v.i ? ", " : "");
        kinds[kind].print(&v);
    }
    v.l->next = v.i;
}

static void put_result(const struct wx_wasi_call *c, struct wx_trace_line *l, wx_wasi_ret ret)
{
    switch (ret) {
    case WX_RET_EXIT: put(l, "?"); break;
    case WX_RET_TRAP: put(l, "trap"); break;
    case WX_RET_CALL: put(l, "? (calls the guest)"); break;
    case WX_RET_ABANDONED: put(l, "? (interrupted)"); break;
    case WX_RET_DONE: put(l, "%d", c->abi->results[0] ? (int32_t)(uint32_t)c->slots[0] : 0); break;
    case 0: put(l, "success"); break;
    default: put(l, "%s (%d)", wx_werrno_name((uint32_t)ret), ret); break;
    }
}

void wx_trace_print_out(const struct wx_wasi_call *c, wx_wasi_ret ret)
{
    struct view v = {c, c->self->line, c->self->line->next, ret == 0 || ret == WX_RET_DONE};
    for (; c->abi->params[v.i]; v.i++) {
        put(v.l, v.i ? ", " : "");
        kinds[kind_of(c->abi, v.i)].print(&v);
    }
    /* The result is never what is cut off. */
    if (v.l->len > sizeof v.l->text - 64) {
        v.l->len = sizeof v.l->text - 64;
        put(v.l, "...");
    }
    put(v.l, ") = ");
    put_result(c, v.l, ret);
}
