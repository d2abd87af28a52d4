/* SPDX-License-Identifier: Apache-2.0 */
/* Filesystems of the embedder: a well-behaved one, and answers that make no sense. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "direct.h"

#define OWN 5u /* mounted behind DATA and RO */
#define OUT 4096u
#define BUF 8192u

enum { E_BADF = 8, E_EXIST = 20, E_IO = 29, E_INVAL = 28, E_ISDIR = 31, E_NOENT = 44 };
enum { E_NOSYS = 52, E_NOTDIR = 54, E_NOTEMPTY = 55, E_ROFS = 69, E_NOTCAPABLE = 76, E_LOOP = 32 };

static struct guest guest, *const g = &guest;

/* -------- a filesystem -------- */

#define N_NODES 32
struct node {
    uint32_t type; /* 0: free */
    uint64_t parent;
    char name[32];
    char bytes[9000];
    uint64_t size;
    uint64_t mtime_ns;
    int held; /* given and not let go of */
    bool gone;
};

/* What is to go wrong, and how often it was asked. */
static struct {
    struct node nodes[N_NODES]; /* [0] is not used, [1] the root */
    int64_t bytes;              /* != 0: what read, write and readlink answer */
    int32_t error;              /* != 0: what all others answer */
    wax_fs_entry entry;         /* type != 0: what list answers */
    wax_fs_stat stat;           /* type != 0: what stat answers */
    uint32_t type;              /* != 0: what lookup says */
    uint64_t swapped;           /* != 0: once looked at, this node is a link to d/sub */
    bool endless;               /* what there is to read never ends */
} own;

static uint64_t find(uint64_t dir, const char *name)
{
    for (uint64_t i = 2; i < N_NODES; i++) {
        const struct node *n = &own.nodes[i];
        if (n->type && !n->gone && n->parent == dir && strcmp(n->name, name) == 0) {
            return i;
        }
    }
    return 0;
}

static int32_t own_lookup(void *data, uint64_t dir, const char *name, uint64_t *ret_node,
                          uint32_t *ret_type)
{
    uint64_t i = find(dir, name);
    assert_ptr_equal(data, &own);
    assert_true(name[0] && !strchr(name, '/') && strcmp(name, "..") != 0);
    if (own.error || !i) {
        return own.error ? own.error : ENOENT;
    }
    own.nodes[i].held++;
    *ret_node = i;
    *ret_type = own.type ? own.type : own.nodes[i].type;
    return 0;
}

static int32_t own_stat(void *data, uint64_t node, wax_fs_stat *ret)
{
    (void)data;
    const struct node *n = &own.nodes[node];
    *ret = (wax_fs_stat){.type = n->type, .n_links = 1, .size = n->size, .mtime_ns = n->mtime_ns};
    *ret = own.stat.type ? own.stat : *ret;
    if (node && node == own.swapped) { /* as another thread of the guest would */
        own.nodes[node].type = WAX_FS_LINK;
        own.nodes[node].size = 5;
        memcpy(own.nodes[node].bytes, "d/sub", 5);
    }
    return own.error;
}

static int32_t own_list(void *data, uint64_t dir, uint64_t cookie, wax_fs_entry *ret)
{
    (void)data;
    if (own.entry.type || own.error) {
        *ret = own.entry;
        return own.error;
    }
    for (uint64_t i = cookie < 2 ? 2 : cookie; i < N_NODES; i++) {
        const struct node *n = &own.nodes[i];
        if (n->type && !n->gone && n->parent == dir) {
            *ret = (wax_fs_entry){.next = i + 1, .node = i, .type = n->type};
            memcpy(ret->name, n->name, sizeof n->name);
            return 0;
        }
    }
    return ENOENT;
}

static int64_t own_read(void *data, uint64_t node, void *buf, size_t len, uint64_t off)
{
    const struct node *n = &own.nodes[node];
    (void)data;
    size_t full = len;
    size_t rest = off < n->size ? (size_t)(n->size - off) : 0;
    len = len < rest ? len : rest;
    if (own.endless) {
        return (int64_t)full;
    }
    memcpy(buf, n->bytes + off, len);
    return own.bytes ? own.bytes : (int64_t)len;
}

static int64_t own_readlink(void *data, uint64_t node, char *buf, size_t len)
{
    return own_read(data, node, buf, len, 0);
}

static void own_forget(void *data, uint64_t node)
{
    (void)data;
    own.nodes[node].held--;
}

static int64_t own_write(void *data, uint64_t node, const void *buf, size_t len, uint64_t off)
{
    struct node *n = &own.nodes[node];
    (void)data;
    off = off == WAX_FS_APPEND ? n->size : off;
    if (off + len > sizeof n->bytes) {
        return -ENOSPC;
    }
    memcpy(n->bytes + off, buf, len);
    n->size = off + len > n->size ? off + len : n->size;
    return own.bytes ? own.bytes : (int64_t)len;
}

static int32_t own_truncate(void *data, uint64_t node, uint64_t size)
{
    (void)data;
    if (size > sizeof own.nodes[node].bytes) {
        return ENOSPC;
    }
    own.nodes[node].size = size;
    return own.error;
}

static int32_t own_create(void *data, uint64_t dir, const char *name, uint32_t type,
                          const char *target, uint64_t *ret_node)
{
    (void)data;
    if (find(dir, name) || own.error) {
        return own.error ? own.error : EEXIST;
    }
    uint64_t i = 2;
    while (i < N_NODES && own.nodes[i].type) {
        i++;
    }
    if (i == N_NODES || strlen(name) >= sizeof own.nodes[i].name) {
        return ENOSPC;
    }
    struct node *n = &own.nodes[i];
    *n = (struct node){.type = type, .parent = dir, .held = 1};
    memcpy(n->name, name, strlen(name) + 1);
    n->size = target ? strlen(target) : 0;
    memcpy(n->bytes, target ? target : "", n->size);
    *ret_node = i;
    return 0;
}

static int32_t own_remove(void *data, uint64_t dir, const char *name, int32_t is_dir)
{
    (void)data;
    uint64_t i = find(dir, name);
    if (!i || own.error) {
        return own.error ? own.error : ENOENT;
    }
    if ((own.nodes[i].type == WAX_FS_DIR) != (is_dir != 0)) {
        return is_dir ? ENOTDIR : EISDIR;
    }
    for (uint64_t k = 2; k < N_NODES; k++) {
        if (own.nodes[k].type && !own.nodes[k].gone && own.nodes[k].parent == i) {
            return ENOTEMPTY;
        }
    }
    own.nodes[i].gone = true;
    return 0;
}

static int32_t own_rename(void *data, uint64_t from, const char *name, uint64_t to,
                          const char *to_name)
{
    (void)data;
    uint64_t i = find(from, name);
    if (!i) {
        return ENOENT;
    }
    own.nodes[i].parent = to;
    memset(own.nodes[i].name, 0, sizeof own.nodes[i].name);
    memcpy(own.nodes[i].name, to_name, strlen(to_name));
    return own.error;
}

static int32_t own_set_times(void *data, uint64_t node, uint64_t atime_ns, uint64_t mtime_ns)
{
    (void)data, (void)atime_ns;
    if (mtime_ns != WAX_FS_OMIT) {
        own.nodes[node].mtime_ns = mtime_ns;
    }
    return own.error;
}

static const wax_fs_ops all_ops = {
    .struct_size = sizeof all_ops,
    .lookup = own_lookup,
    .stat = own_stat,
    .list = own_list,
    .read = own_read,
    .readlink = own_readlink,
    .forget = own_forget,
    .write = own_write,
    .truncate = own_truncate,
    .create = own_create,
    .remove = own_remove,
    .rename = own_rename,
    .set_times = own_set_times,
};

static void add(uint64_t i, uint32_t type, uint64_t parent, const char *name, const char *bytes)
{
    own.nodes[i] = (struct node){.type = type, .parent = parent, .size = strlen(bytes)};
    memcpy(own.nodes[i].name, name, strlen(name) + 1);
    memcpy(own.nodes[i].bytes, bytes, strlen(bytes));
}

static void open_with(const wax_fs_ops *ops, uint32_t flags)
{
    memset(&own, 0, sizeof own);
    add(1, WAX_FS_DIR, 0, "", "");
    add(2, WAX_FS_FILE, 1, "f", "0123456789");
    add(3, WAX_FS_DIR, 1, "d", "");
    add(4, WAX_FS_FILE, 3, "g", "inner");
    add(5, WAX_FS_LINK, 3, "up", "../f");
    add(6, WAX_FS_LINK, 1, "out", "../../f");
    add(7, WAX_FS_LINK, 1, "loop", "loop");
    guest_open(g, "wasi_snapshot_preview1");
    assert_int_equal(wax_builder_fs(g->builder, "/own", ops, &own, flags, NULL), WAX_OK);
    guest_start(g);
}

/* Everything that was given was let go of. */
static void close_balanced(void)
{
    guest_close(g);
    for (int i = 0; i < N_NODES; i++) {
        assert_int_equal(own.nodes[i].held, 0);
    }
}

static uint32_t try_open(const char *path, uint32_t oflags, uint64_t rights)
{
    uint32_t fd, e = guest_open_at(g, OWN, path, FOLLOW, oflags, rights, 0, &fd);
    if (!e) {
        assert_int_equal(CALL(g, "fd_close", fd), 0);
    }
    return e;
}

static uint32_t open_file(const char *path, uint32_t oflags, uint64_t rights)
{
    uint32_t fd = 0;
    assert_int_equal(guest_open_at(g, OWN, path, FOLLOW, oflags, rights, 0, &fd), 0);
    return fd;
}

/* -------- tests -------- */

static void test_files(void **state)
{
    (void)state;
    uint32_t n, fd;
    open_with(&all_ops, 0);
    fd = open_file("d/up", 0, ALL_RIGHTS);
    assert_int_equal(guest_io(g, "fd_read", fd, BUF, 100, &n), 0);
    assert_int_equal(n, 10);
    assert_int_equal(guest_u32(g, BUF), 0x33323130);
    assert_int_equal(guest_io(g, "fd_write", fd, BUF, 4, &n), 0);
    assert_int_equal(own.nodes[2].size, 14);
    assert_int_equal(CALL(g, "fd_seek", fd, (uint64_t)-4, 2, OUT), 0);
    assert_int_equal(guest_io(g, "fd_write", fd, BUF, 8500, &n), 0); /* more than a chunk */
    assert_int_equal(n, 8500);
    assert_int_equal(guest_io(g, "fd_write", fd, BUF, 8500, &n), 51); /* the filesystem's ENOSPC */
    assert_int_equal(own.nodes[2].size, 8510);
    assert_int_equal(CALL(g, "fd_filestat_set_size", fd, 3), 0);
    assert_int_equal(CALL(g, "fd_allocate", fd, 0, 8), 0);
    assert_int_equal(own.nodes[2].size, 8);
    assert_int_equal(CALL(g, "fd_filestat_set_times", fd, 0, 77, 4), 0);
    assert_int_equal(own.nodes[2].mtime_ns, 77);
    assert_int_equal(CALL(g, "fd_fdstat_set_flags", fd, 1), 0);
    assert_int_equal(CALL(g, "fd_seek", fd, 0, 0, OUT), 0);
    assert_int_equal(guest_io(g, "fd_write", fd, BUF, 2, &n), 0); /* appends */
    assert_int_equal(own.nodes[2].size, 10);
    assert_int_equal(CALL(g, "fd_tell", fd, OUT), 0);
    assert_int_equal(guest_u64(g, OUT), 10);
    assert_int_equal(CALL(g, "path_unlink_file", OWN, PATH(g, "f")), 0);
    assert_int_equal(CALL(g, "fd_seek", fd, 0, 0, OUT), 0);
    assert_int_equal(guest_io(g, "fd_read", fd, BUF, 100, &n), 0); /* it is still open */
    assert_int_equal(n, 10);
    close_balanced();
}

static void test_names(void **state)
{
    (void)state;
    open_with(&all_ops, 0);
    assert_int_equal(try_open("none", 0, R_READ), E_NOENT);
    assert_int_equal(try_open("f/x", 0, R_READ), E_NOTDIR);
    assert_int_equal(try_open("d/../d/./g", 0, R_READ), 0);
    assert_int_equal(try_open("out", 0, R_READ), E_NOTCAPABLE);
    assert_int_equal(try_open("loop", 0, R_READ), E_LOOP);
    assert_int_equal(try_open("new", CREAT | EXCL, R_WRITE), 0);
    assert_int_equal(try_open("new", CREAT | EXCL, R_WRITE), E_EXIST);
    assert_int_equal(CALL(g, "path_create_directory", OWN, PATH(g, "e/")), 0);
    assert_int_equal(CALL(g, "path_rename", OWN, PATH(g, "new"), OWN, PATH(g, "e/moved")), 0);
    assert_int_equal(CALL(g, "path_remove_directory", OWN, PATH(g, "e")), E_NOTEMPTY);
    assert_int_equal(CALL(g, "path_symlink", PATH(g, "e/moved"), OWN, PATH(g, "l")), 0);
    assert_int_equal(try_open("l", 0, R_READ), 0);
    assert_int_equal(CALL(g, "path_link", OWN, 0, PATH(g, "f"), OWN, PATH(g, "h")), E_ROFS);
    assert_int_equal(CALL(g, "path_rename", OWN, PATH(g, "f"), DATA, PATH(g, "f")), 75);
    assert_int_equal(CALL(g, "fd_readdir", OWN, BUF, 4096, 0, OUT), 0);
    assert_int_equal(guest_u32(g, OUT), 8 * 24 + 1 + 2 + 1 + 1 + 3 + 4 + 1 + 1);
    close_balanced();
}

/* Numbers of bytes that were never asked for, errnos that are none. */
static void test_wrong_numbers(void **state)
{
    (void)state;
    static const int64_t bytes[] = {INT64_MIN, -4096, -10000, 5000, INT64_MAX};
    static const int32_t errors[] = {-1, 4096, 10000, INT32_MIN, INT32_MAX};
    uint32_t n, fd;
    open_with(&all_ops, 0);
    fd = open_file("f", 0, ALL_RIGHTS);
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
        own.bytes = bytes[i];
        assert_int_equal(guest_io(g, "fd_read", fd, BUF, 100, &n), E_IO);
        assert_int_equal(guest_io(g, "fd_write", fd, BUF, 100, &n), E_IO);
        assert_int_equal(CALL(g, "path_readlink", OWN, PATH(g, "d/up"), BUF, 100, OUT), E_IO);
        assert_int_equal(try_open("d/up", 0, R_READ), E_IO);
    }
    own.bytes = -EDQUOT; /* one that is an errno is passed on */
    assert_int_equal(guest_io(g, "fd_write", fd, BUF, 100, &n), 19);
    own.bytes = 0;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        own.error = errors[i];
        assert_int_equal(try_open("f", 0, R_READ), E_IO);
        assert_int_equal(try_open("x", CREAT, R_WRITE), E_IO);
        assert_int_equal(CALL(g, "fd_filestat_get", fd, OUT), E_IO);
        assert_int_equal(CALL(g, "fd_filestat_set_size", fd, 1), E_IO);
        assert_int_equal(CALL(g, "fd_seek", fd, 0, 2, OUT), E_IO);
        assert_int_equal(CALL(g, "fd_readdir", OWN, BUF, 4096, 0, OUT), E_IO);
        assert_int_equal(CALL(g, "path_create_directory", OWN, PATH(g, "y")), E_IO);
        assert_int_equal(CALL(g, "path_unlink_file", OWN, PATH(g, "f")), E_IO);
        assert_int_equal(CALL(g, "fd_filestat_set_times", fd, 0, 1, 4), E_IO);
    }
    own.error = 0;
    close_balanced();
}

static void test_wrong_nodes(void **state)
{
    (void)state;
    static const uint32_t types[] = {4, 99, UINT32_MAX};
    static const wax_fs_entry entries[] = {
        {.next = 1, .type = WAX_FS_FILE, .name = ""},
        {.next = 1, .type = WAX_FS_FILE, .name = "."},
        {.next = 1, .type = WAX_FS_FILE, .name = ".."},
        {.next = 1, .type = WAX_FS_FILE, .name = "a/b"},
        {.next = 0, .type = WAX_FS_FILE, .name = "a"},
        {.next = UINT64_MAX, .type = WAX_FS_FILE, .name = "a"},
        {.next = UINT64_C(1) << 62, .type = WAX_FS_FILE, .name = "a"},
        {.next = 1, .type = 7, .name = "a"},
        {.next = 1, .type = WAX_FS_FILE, .name = "again and again"},
    };
    open_with(&all_ops, 0);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        own.type = types[i];
        assert_int_equal(try_open("f", 0, R_READ), E_IO);
        assert_int_equal(CALL(g, "path_filestat_get", OWN, 0, PATH(g, "d/g"), OUT), E_IO);
    }
    own.type = 0;
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        own.entry = entries[i];
        assert_int_equal(CALL(g, "fd_readdir", OWN, BUF, 65536, 0, OUT), E_IO);
    }
    memset(own.entry.name, 'n', sizeof own.entry.name); /* without an end */
    assert_int_equal(CALL(g, "fd_readdir", OWN, BUF, 65536, 0, OUT), E_IO);
    own.entry.type = 0;
    own.stat = (wax_fs_stat){.type = WAX_FS_FILE, .size = UINT64_MAX};
    uint32_t fd = open_file("f", 0, ALL_RIGHTS);
    assert_int_equal(CALL(g, "fd_filestat_get", fd, OUT), E_IO);
    own.stat.size = INT64_MAX;
    assert_int_equal(CALL(g, "fd_seek", fd, 1, 2, OUT), 61);                         /* overflow */
    assert_int_equal(CALL(g, "path_filestat_get", OWN, 0, PATH(g, "d"), OUT), E_IO); /* no file */
    own.stat.type = 0;
    add(8, WAX_FS_LINK, 1, "nul", "");
    own.nodes[8].size = 5; /* "\0\0\0\0\0" */
    assert_int_equal(try_open("nul", 0, R_READ), E_IO);
    close_balanced();
}

/* Only what must be there; changes are then kept above it, or refused. */
static void test_read_only(void **state)
{
    (void)state;
    uint32_t n, fd;
    const wax_fs_ops few = {.struct_size = sizeof few,
                            .lookup = own_lookup,
                            .stat = own_stat,
                            .list = own_list,
                            .forget = own_forget};
    open_with(&few, 0);
    assert_int_equal(try_open("f", 0, R_WRITE), E_ROFS);
    assert_int_equal(try_open("f", TRUNC, R_READ), E_ROFS);
    assert_int_equal(try_open("x", CREAT, R_WRITE), E_ROFS);
    assert_int_equal(CALL(g, "path_create_directory", OWN, PATH(g, "x")), E_ROFS);
    assert_int_equal(CALL(g, "path_unlink_file", OWN, PATH(g, "f")), E_ROFS);
    assert_int_equal(CALL(g, "path_rename", OWN, PATH(g, "f"), OWN, PATH(g, "x")), E_ROFS);
    fd = open_file("f", 0, R_READ);
    assert_int_equal(guest_io(g, "fd_read", fd, BUF, 1, &n), E_NOSYS);
    close_balanced();
    open_with(&all_ops, WAX_MOUNT_COW);
    fd = open_file("f", 0, R_READ | R_WRITE);
    guest_put(g, BUF, "ab", 2);
    assert_int_equal(guest_io(g, "fd_write", fd, BUF, 2, &n), 0);
    assert_int_equal(CALL(g, "path_unlink_file", OWN, PATH(g, "d/g")), 0);
    assert_int_equal(try_open("d/g", 0, R_READ), E_NOENT);
    assert_memory_equal(own.nodes[2].bytes, "0123456789", 10);
    assert_false(own.nodes[4].gone);
    close_balanced();
}

static void test_tables(void **state)
{
    (void)state;
    wax_fs_ops ops = all_ops;
    guest_open(g, "wasi_snapshot_preview1");
    ops.struct_size--;
    assert_int_equal(wax_builder_fs(g->builder, "/o", &ops, NULL, 0, NULL), WAX_E_INVALID);
    ops = all_ops;
    ops.list = NULL;
    assert_int_equal(wax_builder_fs(g->builder, "/o", &ops, NULL, 0, NULL), WAX_E_INVALID);
    assert_int_equal(wax_builder_fs(g->builder, "/o", NULL, NULL, 0, NULL), WAX_E_INVALID);
    assert_int_equal(wax_builder_fs(g->builder, "", &all_ops, NULL, 0, NULL), WAX_E_INVALID);
    assert_int_equal(wax_builder_fs(g->builder, "/o", &all_ops, NULL, WAX_MOUNT_NO_XDEV, NULL),
                     WAX_E_INVALID);
    guest_close(g);
}

/*
 * What another mount hides stays hidden: a directory that becomes a link when it has been looked at
 * is not followed below the mount, slash or no slash.
 */
static void test_swapped_for_a_link(void **state)
{
    (void)state;
    memset(&own, 0, sizeof own);
    add(1, WAX_FS_DIR, 0, "", "");
    add(3, WAX_FS_DIR, 1, "d", "");
    add(4, WAX_FS_DIR, 3, "sub", "");
    add(5, WAX_FS_FILE, 4, "hidden", "hidden");
    guest_open(g, "wasix_32v1");
    assert_int_equal(wax_builder_fs(g->builder, "/own", &all_ops, &own, 0, NULL), WAX_OK);
    assert_int_equal(wax_builder_tmpfs(g->builder, "/own/d/sub", 0, 0, NULL), WAX_OK);
    guest_start(g);
    uint32_t fd;
    static const char *const names[] = {"own/l/", "own/l"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        own.swapped = 6;
        add(6, WAX_FS_DIR, 1, "l", "");
        assert_int_equal(guest_open_at(g, 3, names[i], FOLLOW, DIRECTORY, DIR_RIGHTS, 0, &fd),
                         E_NOTDIR);
        add(6, WAX_FS_DIR, 1, "l", "");
        if (i == 0) {
            assert_int_equal(CALL(g, "path_filestat_get", 3, 0, PATH(g, names[i]), OUT), E_NOTDIR);
            add(6, WAX_FS_DIR, 1, "l", "");
        }
        (void)CALL(g, "path_filestat_set_times", 3, 0, PATH(g, names[i]), 0, 77, 4);
        assert_int_equal(own.nodes[4].mtime_ns, 0);
    }
    own.swapped = 0; /* as a link it leads to what is mounted there */
    assert_int_equal(guest_open_at(g, 3, "own/l/", FOLLOW, DIRECTORY, DIR_RIGHTS, 0, &fd), 0);
    assert_int_equal(CALL(g, "path_filestat_get", fd, 0, PATH(g, "hidden"), OUT), E_NOENT);
    assert_int_equal(CALL(g, "path_filestat_get", 3, 0, PATH(g, "own/l/../g"), OUT), E_NOENT);
    close_balanced();
}

/* Buffers over buffers: a call comes back between them, so that a stop is seen. */
static void test_endless(void **state)
{
    (void)state;
    uint32_t iovs[1000][2];
    open_with(&all_ops, 0);
    uint32_t fd = open_file("f", 0, ALL_RIGHTS);
    own.endless = true;
    for (int i = 0; i < 1000; i++) {
        iovs[i][0] = 0;
        iovs[i][1] = 131072;
    }
    guest_put(g, 32768, iovs, sizeof iovs);
    assert_int_equal(CALL(g, "fd_pread", fd, 32768, 1000, 0, 24), 0);
    assert_int_equal(guest_u32(g, 24), 16u << 20);
    own.endless = false;
    close_balanced();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),         cmocka_unit_test(test_names),
        cmocka_unit_test(test_wrong_numbers), cmocka_unit_test(test_wrong_nodes),
        cmocka_unit_test(test_read_only),     cmocka_unit_test(test_tables),
        cmocka_unit_test(test_endless),       cmocka_unit_test(test_swapped_for_a_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
