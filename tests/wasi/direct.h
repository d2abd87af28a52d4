/* SPDX-License-Identifier: Apache-2.0 */
/* A guest without code: its imports are its exports, so tests call WASI functions directly. */
#ifndef TESTS_WASI_DIRECT_H
#define TESTS_WASI_DIRECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <waxwing/waxwing.h>

#include "wasi/werrno.h"

#define MEMORY_BYTES 131072u
#define ALL_RIGHTS ((UINT64_C(1) << 30) - 1)
#define DIR_RIGHTS (ALL_RIGHTS & ~(uint64_t)R_WRITE)

/* One row of abi.def. */
struct abi_row {
    const char *space, *name, *params, *results;
};
extern const struct abi_row abi_rows[];
extern const size_t n_abi_rows;

struct guest {
    const char *space;
    wax_engine *engine;
    wax_module *module;
    wax_builder *builder;
    wax_env *env;
    char tree[64]; /* fresh directory: "data" is mounted as /data (3), "ro" as /ro (4), "outside" */
};

/* Make the tree, the module importing all of `space`, and the builder; guest_start() runs it. */
void guest_open(struct guest *g, const char *space);
void guest_open_with(struct guest *g, const char *space, const wax_engine_options *options);
void guest_start(struct guest *g);
void guest_restart(struct guest *g); /* a new environment from the same builder */
void guest_close(struct guest *g);
/* For cmocka: a preview1 guest that runs, as *state. */
int guest_setup(void **state);
int guest_teardown(void **state);
/* Path below the tree, in a static buffer. */
const char *guest_path(const struct guest *g, const char *name);
void guest_file(const struct guest *g, const char *name, const char *text);

/* Call by name; the guest errno. The call itself must succeed. */
uint32_t guest_call(struct guest *g, const char *name, const uint64_t *args);
wax_status guest_try(struct guest *g, const struct abi_row *row, const uint64_t *args,
                     uint64_t *ret_result);
#define CALL(G, NAME, ...) guest_call((G), (NAME), (const uint64_t[]){__VA_ARGS__})

/* The call gives this errno of the guest. */
#define CHECK(WANT, CALL_EXPR)                                                                     \
    do {                                                                                           \
        uint32_t got_ = (CALL_EXPR);                                                               \
        if (got_ != WX_WERRNO_##WANT) {                                                            \
            fail_msg("line %d: %s, wanted %s: %s", __LINE__, wx_werrno_name(got_),                 \
                     wx_werrno_name(WX_WERRNO_##WANT), #CALL_EXPR);                                \
        }                                                                                          \
    } while (0)

/* Guest memory. Strings go round in a scratch area; the address is returned. */
uint32_t guest_str(struct guest *g, const char *s);
void guest_put(struct guest *g, uint64_t addr, const void *p, size_t n);
uint32_t guest_u32(struct guest *g, uint64_t addr);
uint64_t guest_u64(struct guest *g, uint64_t addr);
/* Address and length, as most calls want a path. */
#define PATH(G, S) guest_str((G), (S)), strlen(S)

/* path_open with all rights; *ret_fd is written on success. */
uint32_t guest_open_at(struct guest *g, uint32_t dir, const char *path, uint32_t dirflags,
                       uint32_t oflags, uint64_t rights, uint32_t fdflags, uint32_t *ret_fd);
/* fd_read or fd_write of one buffer at guest address `buf`. *ret_n bytes. */
uint32_t guest_io(struct guest *g, const char *name, uint32_t fd, uint32_t buf, uint32_t len,
                  uint32_t *ret_n);

/* Descriptors the process has; the one to look is counted. */
size_t count_fds(void);

enum { DATA = 3, RO = 4 };
enum { FOLLOW = 1 };
enum { CREAT = 1, DIRECTORY = 2, EXCL = 4, TRUNC = 8 };
enum { R_READ = 1 << 1, R_WRITE = 1 << 6, R_ALLOCATE = 1 << 8 };

#endif
