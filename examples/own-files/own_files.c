/* SPDX-License-Identifier: Apache-2.0 */
/* A host in C that gives its plugin files of its own making: read-only, made when they are read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <waxwing/waxwing.h>

/* The files; node n is files[n - 2], 1 is the directory. */
static const struct {
    const char *name, *text;
} files[] = {
    {"greeting", "hello from the host's memory\n"},
    {"version", "1\n"},
};
#define N_FILES (sizeof files / sizeof *files)

static int32_t lookup(void *data, uint64_t dir, const char *name, uint64_t *ret_node,
                      uint32_t *ret_type)
{
    (void)data, (void)dir; /* there is one only */
    for (size_t i = 0; i < N_FILES; i++) {
        if (strcmp(name, files[i].name) == 0) {
            *ret_node = i + 2;
            *ret_type = WAX_FS_FILE;
            return 0;
        }
    }
    return ENOENT;
}

static int32_t get_stat(void *data, uint64_t node, wax_fs_stat *ret)
{
    (void)data;
    ret->type = node == WAX_FS_ROOT ? WAX_FS_DIR : WAX_FS_FILE;
    ret->n_links = 1;
    ret->size = node == WAX_FS_ROOT ? 0 : strlen(files[node - 2].text);
    return 0;
}

static int32_t list(void *data, uint64_t dir, uint64_t cookie, wax_fs_entry *ret)
{
    (void)data, (void)dir;
    if (cookie >= N_FILES) {
        return ENOENT;
    }
    ret->next = cookie + 1;
    ret->node = cookie + 2;
    ret->type = WAX_FS_FILE;
    (void)snprintf(ret->name, sizeof ret->name, "%s", files[cookie].name);
    return 0;
}

static int64_t read_at(void *data, uint64_t node, void *buf, size_t len, uint64_t off)
{
    const char *text = files[node - 2].text;
    size_t size = strlen(text);
    (void)data;
    if (off >= size) {
        return 0;
    }
    len = len < size - off ? len : (size_t)(size - off);
    memcpy(buf, text + off, len);
    return (int64_t)len;
}

/* Opens "greeting" below its first directory and writes it to standard output. */
static const char plugin[] =
    "(module"
    "  (import \"wasi_snapshot_preview1\" \"path_open\" (func $open"
    "    (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))"
    "  (import \"wasi_snapshot_preview1\" \"fd_read\" (func $read (param i32 i32 i32 i32) (result "
    "i32)))"
    "  (import \"wasi_snapshot_preview1\" \"fd_write\" (func $write (param i32 i32 i32 i32) "
    "(result i32)))"
    "  (memory (export \"memory\") 1)"
    "  (data (i32.const 0) \"greeting\\40\\00\\00\\00\\80\\00\\00\\00\")"
    "  (func (export \"_start\")"
    "    (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 0)"
    "          (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16)) (then unreachable))"
    "    (if (call $read (i32.load (i32.const 16)) (i32.const 8) (i32.const 1) (i32.const 12))"
    "      (then unreachable))"
    "    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 20)))))";

/* The error by address: what a call writes to it may come after the other argument is read. */
static void check(wax_status status, wax_error **error)
{
    if (status != WAX_OK) {
        fprintf(stderr, "error: %s\n", wax_error_message(*error));
        wax_error_free(*error);
        exit(1);
    }
}

int main(void)
{
    static const wax_fs_ops ops = {.struct_size = sizeof ops,
                                   .lookup = lookup,
                                   .stat = get_stat,
                                   .list = list,
                                   .read = read_at};
    wax_engine *engine = NULL;
    wax_module *module = NULL;
    wax_builder *builder = NULL;
    wax_env *env = NULL;
    wax_error *error = NULL;
    int32_t code = 0;
    check(wax_engine_new(NULL, &engine, &error), &error);
    check(wax_module_from_text(engine, plugin, sizeof plugin - 1, &module, &error), &error);
    check(wax_builder_new(engine, "plugin", &builder, &error), &error);
    check(wax_builder_stdio_fd(builder, WAX_STDOUT, 1, &error), &error);
    check(wax_builder_fs(builder, "/own", &ops, NULL, WAX_MOUNT_RO, &error), &error);
    check(wax_builder_instantiate(builder, module, &env, &error), &error);
    check(wax_env_run(env, &code, &error), &error);
    wax_env_free(env);
    wax_builder_free(builder);
    wax_module_free(module);
    wax_engine_free(engine);
    return code;
}
