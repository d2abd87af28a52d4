/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile numbers for every import of abi.def: an errno, never a crash (run under sanitizers);
 * the same while the calls are traced, which decodes what the numbers point at. */
/* What the process holds, descriptors and memory, is the same after every import. */
#include "direct.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Below, at and behind the end of the guest's memory, of 32 and of 64 bits. */
static const uint64_t hostile[] = {
    0,
    1,
    7,
    MEMORY_BYTES - 8,
    MEMORY_BYTES - 4,
    MEMORY_BYTES - 1,
    MEMORY_BYTES,
    MEMORY_BYTES + 1,
    0x7fffffff,
    0x80000000,
    UINT32_MAX - 7,
    UINT32_MAX,
    UINT64_C(1) << 32,
    (UINT64_C(1) << 32) + 64,
    INT64_MAX,
    UINT64_C(1) << 63,
    UINT64_MAX - 7,
    UINT64_MAX,
};
#define N_HOSTILE (sizeof hostile / sizeof *hostile)

enum { SOCKET = 5, LISTENER = 6 }; /* behind two directories; in WASIX one lower */
enum { OWN = 6 };

/* A socket the guest makes, where there are such. */
static void make_sockets(struct guest *g)
{
    for (size_t i = 0; i < n_abi_rows; i++) {
        const struct abi_row *r = &abi_rows[i];
        if (strcmp(r->space, g->space) == 0 && strcmp(r->name, "sock_open") == 0) {
            assert_int_equal(CALL(g, "sock_open", 1, 2, 0, 8192), 0); /* UDP */
            assert_int_equal(guest_u32(g, 8192), OWN);
        }
    }
}

static void restart(struct guest *g)
{
    guest_restart(g);
    make_sockets(g);
    wax_store_set_timeout(wax_env_store(g->env), 3000000);
}

/* Numbers that mean something in most places: descriptors, addresses, lengths. */
static const uint64_t benign[][10] = {
    {3, 1024, 8, 2048, 8, 3072, 8, 4096, 8, 4160},
    {1024, 4, 2048, 3072, 64, 4096, 8, 0, 8, 4160},
    {0, 1024, 1, 2048, 2048, 64, 64, 64, 64, 64},
    {SOCKET, 1024, 1, 0, 3072, 3080, 8, 4096, 8, 4160},
    {OWN, 1024, 1, 0, 3072, 3080, 8192, 4096, 8, 4160},
    {1, 1, 0, 4096, 64, 64, 64, 64, 64, 64},
    {LISTENER, 4, 2048, 3072, 64, 4096, 8, 0, 8, 4160},
};

static void one_call(struct guest *g, const struct abi_row *row, const uint64_t *args)
{
    static const char text[] = "hostile";
    uint64_t result;
    guest_put(g, 1024, text, sizeof text);
    wax_status st = guest_try(g, row, args, &result);
    if (st == WAX_OK) {
        bool is_tid = strcmp(row->name, "thread-spawn") == 0; /* negative errno */
        if (row->results[0] == 'i' && !is_tid && result > 79) {
            fail_msg("%s.%s answered %u", row->space, row->name, (unsigned)result);
        }
        return;
    }
    if (st != WAX_TRAP && st != WAX_EXIT && st != WAX_E_TIMEOUT) {
        fail_msg("%s.%s ended with %s", row->space, row->name, wax_status_name(st));
    }
    restart(g); /* exited, or waited for ever */
}

static void one_row(struct guest *g, const struct abi_row *row)
{
    uint64_t args[16];
    for (size_t h = 0; h < N_HOSTILE; h++) { /* everywhere the same */
        for (size_t i = 0; i < 16; i++) {
            args[i] = hostile[h];
        }
        one_call(g, row, args);
    }
    for (size_t b = 0; b < sizeof benign / sizeof *benign; b++) { /* one of them */
        for (size_t i = 0; row->params[i]; i++) {
            for (size_t h = 0; h < N_HOSTILE; h++) {
                memset(args, 0, sizeof args);
                memcpy(args, benign[b], sizeof benign[b]);
                args[i] = hostile[h];
                one_call(g, row, args);
            }
        }
    }
}

/* Descriptors of this process, and what the library has allocated. */
struct held {
    uint64_t fds, bytes;
};

static struct held held_by(struct guest *g)
{
    return (struct held){.fds = count_fds(), .bytes = wax_engine_allocated(g->engine)};
}

/* Every call is one line that begins with its name and has a result. */
static void check_line(void *data, const wax_trace_record *r)
{
    (void)data;
    size_t len = strlen(r->name);
    assert_int_equal(strncmp(r->text, r->name, len), 0);
    assert_non_null(strstr(r->text, ") = "));
    assert_true(strlen(r->text) < 2048);
}

static void one_space(const char *space, bool traced)
{
    struct guest g;
    guest_open(&g, space);
    int pair[2]; /* what is given beside directories */
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(wax_builder_fd(g.builder, pair[1], NULL), WAX_OK);
    assert_int_equal(wax_builder_listen(g.builder, "127.0.0.1:0", 0, NULL, NULL), WAX_OK);
    assert_int_equal(wax_builder_net(g.builder, "loopback", NULL), WAX_OK);
    if (traced) {
        assert_int_equal(wax_builder_trace(g.builder, "all", check_line, NULL, NULL), WAX_OK);
    }
    guest_start(&g);
    guest_restart(&g); /* everything made once is there */
    const struct held before = held_by(&g);
    size_t n = 0;
    for (size_t i = 0; i < n_abi_rows; i++) {
        if (strcmp(abi_rows[i].space, space) == 0) {
            restart(&g); /* the row before may have closed everything */
            one_row(&g, &abi_rows[i]);
            guest_restart(&g);
            const struct held now = held_by(&g);
            if (memcmp(&now, &before, sizeof now) != 0) {
                fail_msg("%s.%s leaks: %llu descriptors, were %llu; %llu bytes, were %llu", space,
                         abi_rows[i].name, (unsigned long long)now.fds,
                         (unsigned long long)before.fds, (unsigned long long)now.bytes,
                         (unsigned long long)before.bytes);
            }
            n++;
        }
    }
    guest_close(&g);
    (void)close(pair[0]);
    (void)close(pair[1]);
    assert_true(n > 0);
}

static void test_wasi(void **state)
{
    (void)state;
    one_space("wasi", true);
}

static void test_wasi_unstable(void **state)
{
    (void)state;
    one_space("wasi_unstable", true);
}

static void test_preview1(void **state)
{
    (void)state;
    one_space("wasi_snapshot_preview1", false);
}

static void test_preview1_traced(void **state)
{
    (void)state;
    one_space("wasi_snapshot_preview1", true);
}

static void test_wasix_32v1(void **state)
{
    (void)state;
    one_space("wasix_32v1", true);
}

static void test_wasix_64v1(void **state)
{
    (void)state;
    one_space("wasix_64v1", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wasi),       cmocka_unit_test(test_wasi_unstable),
        cmocka_unit_test(test_preview1),   cmocka_unit_test(test_preview1_traced),
        cmocka_unit_test(test_wasix_32v1), cmocka_unit_test(test_wasix_64v1),
    };
    return cmocka_run_group_tests_name("pointers", tests, NULL, NULL);
}
