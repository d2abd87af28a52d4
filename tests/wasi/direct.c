/* SPDX-License-Identifier: Apache-2.0 */
/* The guest without code. */
#include "direct.h"

#include "../support/entries.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPACE_WASI "wasi"
#define SPACE_UNSTABLE "wasi_unstable"
#define SPACE_PREVIEW1 "wasi_snapshot_preview1"
#define SPACE_WASIX32 "wasix_32v1"
#define SPACE_WASIX64 "wasix_64v1"
const struct abi_row abi_rows[] = {
#define ABI(SPACE, NAME, PARAMS, RESULTS, HANDLER, NAMES) {SPACE_##SPACE, NAME, PARAMS, RESULTS},
#include "wasi/abi.def"
};
const size_t n_abi_rows = sizeof abi_rows / sizeof *abi_rows;

/* -------- the module -------- */

struct bytes {
    uint8_t p[1 << 16];
    size_t n;
};

static void put(struct bytes *b, const void *p, size_t n)
{
    assert_true(b->n + n <= sizeof b->p);
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

static void put_u8(struct bytes *b, uint8_t v) { put(b, &v, 1); }

static void put_u32(struct bytes *b, uint32_t v)
{
    for (; v > 0x7f; v >>= 7) {
        put_u8(b, (uint8_t)(v | 0x80));
    }
    put_u8(b, (uint8_t)v);
}

static void put_name(struct bytes *b, const char *s)
{
    put_u32(b, (uint32_t)strlen(s));
    put(b, s, strlen(s));
}

static void put_types(struct bytes *b, const char *letters)
{
    put_u32(b, (uint32_t)strlen(letters));
    for (; *letters; letters++) {
        put_u8(b, *letters == 'i' ? 0x7f : 0x7e);
    }
}

static void put_section(struct bytes *b, uint8_t id, uint32_t count, const struct bytes *items)
{
    static struct bytes section;
    section.n = 0;
    put_u32(&section, count);
    put(&section, items->p, items->n);
    put_u8(b, id);
    put_u32(b, (uint32_t)section.n);
    put(b, section.p, section.n);
}

/* What function pointers need: a table that can grow, with the imports from 1 on, a stack pointer.
 */
static void put_table(struct bytes *b, uint32_t n_funcs)
{
    static struct bytes table;
    table.n = 0;
    put(&table, "\x70\x00", 2);
    put_u32(&table, n_funcs + 1);
    put_section(b, 4, 1, &table);
}

static void put_stack_pointer(struct bytes *b, bool is64)
{
    static struct bytes global;
    global.n = 0;
    put(&global, is64 ? "\x7e\x01\x42" : "\x7f\x01\x41", 3);
    put_u32(&global, 65536 - 32); /* below what tests use; as a signed number, too */
    put(&global, "\x0b", 1);
    put_section(b, 6, 1, &global);
}

static void put_elements(struct bytes *b, uint32_t n_funcs)
{
    static struct bytes elements;
    elements.n = 0;
    put(&elements, "\x00\x41\x01\x0b", 4);
    put_u32(&elements, n_funcs);
    for (uint32_t i = 0; i < n_funcs; i++) {
        put_u32(&elements, i);
    }
    put_section(b, 9, 1, &elements);
}

/* Type i and import i for each row of the space, exported under the row's name; two pages. */
static void make_module(struct bytes *b, const char *space)
{
    static struct bytes types, imports, exports, memory;
    uint32_t n = 0;
    types.n = imports.n = exports.n = memory.n = b->n = 0;
    for (size_t i = 0; i < n_abi_rows; i++) {
        const struct abi_row *r = &abi_rows[i];
        if (strcmp(r->space, space) == 0) {
            put_u8(&types, 0x60);
            put_types(&types, r->params);
            put_types(&types, r->results);
            put_name(&imports, space);
            put_name(&imports, r->name);
            put_u8(&imports, 0);
            put_u32(&imports, n);
            put_name(&exports, r->name);
            put_u8(&exports, 0);
            put_u32(&exports, n++);
        }
    }
    put(&memory, "\x01\x02\x02", 3);
    put_name(&exports, "memory");
    put(&exports, "\x02\x00", 2);
    put_name(&exports, "__indirect_function_table");
    put(&exports, "\x01\x00", 2);
    put_name(&exports, "__stack_pointer");
    put(&exports, "\x03\x00", 2);
    put(b, "\0asm\1\0\0\0", 8);
    put_section(b, 1, n, &types);
    put_section(b, 2, n, &imports);
    put_table(b, n);
    put_section(b, 5, 1, &memory);
    put_stack_pointer(b, strcmp(space, SPACE_WASIX64) == 0);
    put_section(b, 7, n + 3, &exports);
    put_elements(b, n);
}

/* -------- the environment -------- */

const char *guest_path(const struct guest *g, const char *name)
{
    static char path[4][256];
    static unsigned turn;
    char *p = path[turn++ % 4];
    (void)snprintf(p, sizeof path[0], "%s/%s", g->tree, name);
    return p;
}

void guest_file(const struct guest *g, const char *name, const char *text)
{
    int fd = open(guest_path(g, name), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
}

void guest_open(struct guest *g, const char *space) { guest_open_with(g, space, NULL); }

void guest_open_with(struct guest *g, const char *space, const wax_engine_options *options)
{
    memset(g, 0, sizeof *g);
    g->space = space;
    (void)snprintf(g->tree, sizeof g->tree, "/tmp/waxwing-wasi-XXXXXX");
    assert_non_null(mkdtemp(g->tree));
    assert_int_equal(mkdir(guest_path(g, "data"), 0777), 0);
    assert_int_equal(mkdir(guest_path(g, "ro"), 0777), 0);
    assert_int_equal(mkdir(guest_path(g, "outside"), 0777), 0);
    guest_file(g, "ro/keep", "keep");
    guest_file(g, "outside/secret", "secret");
    static struct bytes b;
    make_module(&b, space);
    wax_error *error = NULL;
    assert_int_equal(wax_engine_new(options, &g->engine, NULL), WAX_OK);
    if (wax_module_from_bytes(g->engine, b.p, b.n, &g->module, &error) != WAX_OK) {
        fail_msg("%s", wax_error_message(error));
    }
    assert_int_equal(wax_builder_new(g->engine, "direct", &g->builder, NULL), WAX_OK);
    assert_int_equal(wax_builder_mount(g->builder, guest_path(g, "data"), "/data", 0, NULL),
                     WAX_OK);
    assert_int_equal(wax_builder_mount(g->builder, guest_path(g, "ro"), "/ro", WAX_MOUNT_RO, NULL),
                     WAX_OK);
}

void guest_start(struct guest *g)
{
    wax_error *error = NULL;
    if (wax_builder_instantiate(g->builder, g->module, &g->env, &error) != WAX_OK) {
        fail_msg("%s", wax_error_message(error));
    }
}

void guest_restart(struct guest *g)
{
    wax_env_free(g->env);
    g->env = NULL;
    guest_start(g);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void guest_close(struct guest *g)
{
    wax_env_free(g->env);
    wax_builder_free(g->builder);
    wax_module_free(g->module);
    wax_engine_free(g->engine);
    assert_int_equal(nftw(g->tree, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* -------- calls -------- */

wax_status guest_try(struct guest *g, const struct abi_row *row, const uint64_t *args,
                     uint64_t *ret_result)
{
    wax_value in[16], out;
    size_t n = strlen(row->params), n_results = strlen(row->results);
    for (size_t i = 0; i < n; i++) {
        in[i] = row->params[i] == 'i' ? (wax_value)WAX_INIT_I32((int32_t)(uint32_t)args[i])
                                      : (wax_value)WAX_INIT_I64((int64_t)args[i]);
    }
    wax_status st = wax_env_call(g->env, row->name, in, n, &out, n_results, NULL);
    *ret_result = st == WAX_OK && n_results ? (uint32_t)out.of.i32 : 0;
    return st;
}

uint32_t guest_call(struct guest *g, const char *name, const uint64_t *args)
{
    for (size_t i = 0; i < n_abi_rows; i++) {
        if (strcmp(abi_rows[i].space, g->space) == 0 && strcmp(abi_rows[i].name, name) == 0) {
            uint64_t result;
            assert_int_equal(guest_try(g, &abi_rows[i], args, &result), WAX_OK);
            return (uint32_t)result;
        }
    }
    fail_msg("no import '%s'", name);
    return 0;
}

void guest_put(struct guest *g, uint64_t addr, const void *p, size_t n)
{
    assert_int_equal(wax_env_write(g->env, addr, p, n, NULL), WAX_OK);
}

uint32_t guest_str(struct guest *g, const char *s)
{
    static uint32_t turn;
    uint32_t addr = 65536 + 8192 * (turn++ % 4);
    guest_put(g, addr, s, strlen(s) + 1);
    return addr;
}

uint32_t guest_u32(struct guest *g, uint64_t addr)
{
    uint32_t v;
    assert_int_equal(wax_env_read(g->env, addr, &v, sizeof v, NULL), WAX_OK);
    return v;
}

uint64_t guest_u64(struct guest *g, uint64_t addr)
{
    uint64_t v;
    assert_int_equal(wax_env_read(g->env, addr, &v, sizeof v, NULL), WAX_OK);
    return v;
}

uint32_t guest_open_at(struct guest *g, uint32_t dir, const char *path, uint32_t dirflags,
                       uint32_t oflags, uint64_t rights, uint32_t fdflags, uint32_t *ret_fd)
{
    uint32_t e =
        CALL(g, "path_open", dir, dirflags, PATH(g, path), oflags, rights, ALL_RIGHTS, fdflags, 8);
    if (!e) {
        *ret_fd = guest_u32(g, 8);
    }
    return e;
}

uint32_t guest_io(struct guest *g, const char *name, uint32_t fd, uint32_t buf, uint32_t len,
                  uint32_t *ret_n)
{
    const uint32_t iov[2] = {buf, len};
    guest_put(g, 16, iov, sizeof iov);
    uint32_t e = CALL(g, name, fd, 16, 1, 24);
    *ret_n = e ? 0 : guest_u32(g, 24);
    return e;
}

int guest_setup(void **state)
{
    static struct guest g;
    guest_open(&g, "wasi_snapshot_preview1");
    guest_start(&g);
    *state = &g;
    return 0;
}

int guest_teardown(void **state)
{
    guest_close(*state);
    return 0;
}

size_t count_fds(void) { return count_entries("/proc/self/fd"); }
