/* SPDX-License-Identifier: Apache-2.0 */
/* perf maps and jitdump files. */
#include "engine/rt/profile.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "base/check.h"
#include "os/clock.h"
#include "os/dump.h"
#include "os/thread.h"
#include "os/vm.h"

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#endif

/* -------- names -------- */

#define MAX_NAME 400u

/* Readers split lines at blanks and print names to terminals: neither blanks nor control
 * characters. */
static size_t add_clean(char *out, size_t at, struct wx_name name, size_t max)
{
    for (uint32_t i = 0; i < name.len && max > 0; i++, max--) {
        uint8_t c = (uint8_t)name.p[i];
        out[at] = name.p[i];
        if (c <= ' ' || c == 0x7f) {
            out[at] = '_';
        }
        at++;
    }
    return at;
}

static size_t add_text(char *out, size_t at, const char *s)
{
    size_t n = strlen(s);
    memcpy(out + at, s, n + 1); /* the NUL is written over by what follows */
    return at + n;
}

/* "module!function", "module!func[7]" without a name. */
static void make_name(char out[MAX_NAME], const struct wx_module *m, uint32_t func_idx,
                      const char *what)
{
    char number[32];
    size_t at = m->module_name.len ? add_clean(out, 0, m->module_name, MAX_NAME / 4)
                                   : add_text(out, 0, "wasm");
    out[at++] = '!';
    struct wx_name func = what ? (struct wx_name){0} : wx_module_func_name(m, func_idx);
    if (func.len) {
        at = add_clean(out, at, func, MAX_NAME / 2);
    } else {
        (void)snprintf(number, sizeof number, "func[%u]", func_idx);
        at = add_text(out, at, what ? what : number);
    }
    out[at] = '\0';
}

/* -------- jitdump: the format of tools/perf/Documentation/jitdump-specification.txt -------- */

struct dump_header {
    uint32_t magic, version, total_size, elf_machine, pad, pid;
    uint64_t timestamp, flags;
};
struct dump_record {
    uint32_t id, total_size;
    uint64_t timestamp;
};
struct dump_load {
    struct dump_record head;
    uint32_t pid, tid;
    uint64_t vma, code_addr, code_size, code_index;
}; /* name with its NUL and the code follow */
struct dump_places {
    struct dump_record head;
    uint64_t code_addr, n_entries;
}; /* entries follow */
struct dump_place {
    uint64_t code_addr;
    int32_t line, discriminator;
}; /* a file name with its NUL follows */
_Static_assert(sizeof(struct dump_header) == 40, "format");
_Static_assert(sizeof(struct dump_load) == 56, "format");
_Static_assert(sizeof(struct dump_places) == 32, "format");
_Static_assert(sizeof(struct dump_place) == 16, "format");

enum { RECORD_LOAD = 0, RECORD_PLACES = 2 };
/* Of one function; compiling runs on the host's stack, and a huge function has none behind these.
 */
#define MAX_PLACES 256u

static uint64_t next_index; /* atomic: each function of a process has a number of its own */

static struct dump_record record(uint32_t id, size_t size)
{
    return (struct dump_record){id, (uint32_t)size, wx_clock_now()};
}

/* Entries of the places with the module's offset for a line; the first names the file. */
static size_t put_places(char *out, const char *file, uint64_t code,
                         const struct wx_profile_place *places, uint32_t n)
{
    size_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct dump_place e = {code + places[i].code_off, (int32_t)places[i].module_off, 0};
        const char *name = i == 0 ? file : "\xff"; /* as the one before */
        memcpy(out + at, &e, sizeof e);
        at += sizeof e;
        memcpy(out + at, name, strlen(name) + 1);
        at += strlen(name) + 1;
    }
    return at;
}

static int dump_code(const struct wx_profile *p, const char *name, const void *code, size_t len,
                     const struct wx_profile_place *places, uint32_t n)
{
    char entries[MAX_PLACES * (sizeof(struct dump_place) + 2) + MAX_NAME];
    char file[MAX_NAME];
    (void)snprintf(file, sizeof file, "%.*s.wasm", (int)strcspn(name, "!"), name);
    n = n < MAX_PLACES ? n : MAX_PLACES;
    size_t n_bytes = put_places(entries, file, (uint64_t)(uintptr_t)code, places, n);
    struct dump_places head = {record(RECORD_PLACES, sizeof head + n_bytes),
                               (uint64_t)(uintptr_t)code, n};
    size_t name_len = strlen(name) + 1;
    struct dump_load load = {
        .head = record(RECORD_LOAD, sizeof load + name_len + len),
        .pid = (uint32_t)wx_os_pid(),
        .tid = (uint32_t)wx_os_tid(),
        .vma = (uint64_t)(uintptr_t)code,
        .code_addr = (uint64_t)(uintptr_t)code,
        .code_size = len,
        .code_index = wx_add_relaxed(&next_index, 1),
    };
    struct wx_dump_part parts[] = {
        {&head, n ? sizeof head : 0},
        {entries, n ? n_bytes : 0},
        {&load, sizeof load},
        {name, name_len},
        {code, len},
    };
    return wx_dump_append(p->fd, parts, WX_ARRAY_LEN(parts));
}

/* -------- both -------- */

wax_status wx_profile_open(struct wx_profile *p, enum wx_profile_kind kind, const char *dir,
                           const struct wx_log *log, wax_error **err)
{
    char path[4096];
    struct dump_header h = {
        .magic = 0x4A695444, /* "JiTD" as a number of this machine's byte order */
        .version = 1,
        .total_size = sizeof h,
        .elf_machine = MACHINE,
        .pid = (uint32_t)wx_os_pid(),
        .timestamp = wx_clock_now(),
    };
    *p = (struct wx_profile){.kind = kind, .fd = -1, .log = *log};
    int n = snprintf(path, sizeof path,
                     kind == WX_PROFILE_PERFMAP ? "%s/perf-%d.map" : "%s/jit-%d.dump",
                     dir ? dir : "/tmp", (int)wx_os_pid());
    if (n < 0 || (size_t)n >= sizeof path) {
        return wx_fail(err, WAX_E_INVALID, "the profile's directory has too long a name");
    }
    bool dump = kind == WX_PROFILE_JITDUMP;
    int e = wx_dump_open(path, &h, dump ? sizeof h : 0, &p->fd);
    if (e == 0 && dump) {
        e = wx_vm_map_marker(p->fd, &p->marker);
    }
    if (e == EPERM || e == EACCES) {
        wx_profile_close(p);
        (void)wx_fail(err, WAX_E_DENIED, "cannot write profile '%s': %s", path, strerror(e));
        wx_error_set_hint(err, "it takes a directory of yours that may hold executable files");
        return WAX_E_DENIED;
    }
    if (e) {
        wx_profile_close(p);
        return wx_fail_errno(err, e, "cannot write profile '%s'", path);
    }
    return WAX_OK;
}

void wx_profile_close(struct wx_profile *p)
{
    if (p->kind != WX_PROFILE_NONE) {
        wx_vm_unmap_marker(p->marker);
        wx_dump_close(&p->fd);
        p->kind = WX_PROFILE_NONE;
    }
}

static void say(struct wx_profile *p, const char *name, const void *code, size_t len,
                const struct wx_profile_place *places, uint32_t n)
{
    int e;
    if (wx_load_relaxed(&p->failed)) { /* no more than a hint */
        return;
    }
    if (p->kind == WX_PROFILE_PERFMAP) {
        char line[MAX_NAME + 48];
        int size =
            snprintf(line, sizeof line, "%lx %zx %s\n", (unsigned long)(uintptr_t)code, len, name);
        e = wx_dump_append(p->fd, &(struct wx_dump_part){line, (size_t)size}, 1);
    } else {
        e = dump_code(p, name, code, len, places, n);
    }
    if (e && wx_xchg_acqrel(&p->failed, 1) == 0) {
        wx_logf(&p->log, WX_LOG_WARN, "profile", "the profile ends here: %s", strerror(e));
    }
}

void wx_profile_func(struct wx_profile *p, const struct wx_module *m, uint32_t func_idx,
                     const void *code, size_t len, const struct wx_profile_place *places,
                     uint32_t n_places)
{
    char name[MAX_NAME];
    make_name(name, m, func_idx, NULL);
    say(p, name, code, len, places, n_places);
}

void wx_profile_code(struct wx_profile *p, const struct wx_module *m, const char *what,
                     const void *code, size_t len)
{
    char name[MAX_NAME];
    make_name(name, m, 0, what);
    say(p, name, code, len, NULL, 0);
}
