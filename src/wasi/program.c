/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and loading the programs that exec and spawn start. */
#include "wasi/program.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "engine/rt/store.h"
#include "vfs/file.h"
#include "wasi/env.h"
#include "wasi/ptable.h"

#define MAX_FILE_BYTES (UINT64_C(256) << 20)
#define MAX_INTERPRETERS 4 /* each named by the one before, as Linux has it */
#define FIRST_LINE 256
#define PATH_BYTES 4096

/* -------- strings -------- */

int wx_strings_add(struct wx_mem *mem, struct wx_strings *s, const char *str, size_t len)
{
    if (len + 1 > WX_STRINGS_MAX_BYTES - s->bytes) {
        return E2BIG;
    }
    char *copy = wx_strndup(mem, str, len);
    if (!copy || !wx_vec_push(mem, s, copy)) {
        wx_free(mem, copy);
        return ENOMEM;
    }
    s->bytes += len + 1;
    return 0;
}

int wx_strings_add_first(struct wx_mem *mem, struct wx_strings *s, const char *str)
{
    int e = wx_strings_add(mem, s, str, strlen(str));
    if (!e) {
        char *last = s->p[s->n - 1];
        memmove(s->p + 1, s->p, (s->n - 1) * sizeof *s->p);
        s->p[0] = last;
    }
    return e;
}

void wx_strings_fini(struct wx_mem *mem, struct wx_strings *s)
{
    for (size_t i = 0; i < s->n; i++) {
        wx_free(mem, s->p[i]);
    }
    wx_vec_fini(mem, s);
    s->bytes = 0;
}

void wx_program_fini(struct wx_mem *mem, struct wx_program *p)
{
    wx_rt_module_unref(p->module);
    p->module = NULL;
    wx_strings_fini(mem, &p->args);
    wx_strings_fini(mem, &p->environ);
}

/* -------- modules -------- */

void wx_program_cache_fini(struct wx_program_cache *cache)
{
    for (size_t i = 0; i < WX_N_PROGRAMS; i++) {
        wx_rt_module_unref(cache->modules[i]);
    }
}

/* The oldest goes. */
static void remember(struct wx_ptable *t, struct wx_rt_module *module)
{
    wx_mutex_lock(&t->lock);
    struct wx_rt_module **m = t->programs.modules, *last = m[WX_N_PROGRAMS - 1];
    memmove(m + 1, m, (WX_N_PROGRAMS - 1) * sizeof(*m));
    m[0] = wx_rt_module_ref(module);
    wx_mutex_unlock(&t->lock);
    wx_rt_module_unref(last);
}

static struct wx_rt_module *recall(struct wx_ptable *t, size_t i, size_t len)
{
    wx_mutex_lock(&t->lock);
    struct wx_rt_module *m = t->programs.modules[i];
    m = m && m->wasm->len == len ? wx_rt_module_ref(m) : NULL;
    wx_mutex_unlock(&t->lock);
    return m;
}

/* Takes the bytes. */
static int load(struct wx_env *env, const char *name, uint8_t *bytes, size_t len,
                struct wx_rt_module **ret)
{
    for (size_t i = 0; i < WX_N_PROGRAMS; i++) {
        struct wx_rt_module *m = recall(env->table, i, len);
        if (m && memcmp(m->wasm->bytes, bytes, len) == 0) {
            wx_free(wx_engine_get_mem(env->engine), bytes);
            *ret = m;
            return 0;
        }
        wx_rt_module_unref(m);
    }
    wax_error *error = NULL;
    wax_status st = wx_rt_module_new_owned(env->engine, bytes, len, ret, &error);
    if (st != WAX_OK) {
        wx_logf(&env->log, WX_LOG_ERROR, "process", "%s: %s", name, wax_error_message(error));
        wax_error_free(error);
        return st == WAX_E_NOMEM ? ENOMEM : ENOEXEC;
    }
    remember(env->table, *ret);
    return 0;
}

/* -------- files -------- */

static int open_program(struct wx_file *cwd, const char *path, struct wx_file **ret)
{
    const struct wx_open_how how = {.flags = O_RDONLY, .follow = true};
    int e = cwd->dir->open(cwd, path, &how, ret);
    if (!e && (*ret)->filetype != WX_FT_FILE) {
        wx_file_unref(*ret);
        return EACCES;
    }
    return e;
}

/* Up to `len` bytes from the start. @return -errno */
static int64_t read_start(struct wx_file *f, uint8_t *bytes, size_t len)
{
    size_t got = 0;
    while (got < len) {
        struct iovec iov = {bytes + got, len - got};
        ssize_t n = f->ops->io(f, false, &iov, 1, (int64_t)got);
        if (n < 0) {
            return n;
        }
        if (n == 0) {
            break;
        }
        got += (size_t)n;
    }
    return (int64_t)got;
}

static int load_file(struct wx_env *env, const char *name, struct wx_file *f,
                     struct wx_rt_module **ret)
{
    struct wx_mem *mem = wx_engine_get_mem(env->engine);
    struct stat st;
    int e = f->ops->stat(f, &st);
    if (!e && (uint64_t)st.st_size > MAX_FILE_BYTES) {
        wx_logf(&env->log, WX_LOG_ERROR, "process", "%s: more than 256 MiB", name);
        e = ENOEXEC;
    }
    uint8_t *bytes = e ? NULL : wx_alloc(mem, (size_t)st.st_size + 1);
    if (!bytes) {
        return e ? e : ENOMEM;
    }
    int64_t n = read_start(f, bytes, (size_t)st.st_size);
    if (n < 0) {
        wx_free(mem, bytes);
        return (int)-n;
    }
    return load(env, name, bytes, (size_t)n, ret);
}

/*
 * "#! interpreter [argument]": both in front of the arguments, the first of which becomes the
 * script's path. *ret_interpreter: in `line`.
 */
static int read_script(struct wx_mem *mem, struct wx_program *p, char *line, const char *path,
                       char **ret_interpreter)
{
    static const char blank[] = " \t";
    line[strcspn(line, "\n")] = 0;
    char *name = line + 2 + strspn(line + 2, blank);
    char *arg = name + strcspn(name, blank);
    if (!*name) {
        return ENOEXEC;
    }
    if (*arg) {
        *arg++ = 0;
        arg += strspn(arg, blank);
        for (size_t n = strlen(arg); n > 0 && strchr(blank, arg[n - 1]); n--) {
            arg[n - 1] = 0;
        }
    }
    char *script = wx_strndup(mem, path, strlen(path));
    if (!script) {
        return ENOMEM;
    }
    wx_free(mem, p->args.p[0]);
    p->args.p[0] = script;
    int e = *arg ? wx_strings_add_first(mem, &p->args, arg) : 0;
    *ret_interpreter = name;
    return e ? e : wx_strings_add_first(mem, &p->args, name);
}

/* One path, and the interpreters it leads to. */
static int find(struct wx_program *p, struct wx_env *env, struct wx_file *cwd, const char *path)
{
    char lines[2][FIRST_LINE];
    for (int i = 0; i <= MAX_INTERPRETERS; i++) {
        char *line = lines[i % 2]; /* the other one has the path */
        struct wx_file *f;
        int e = open_program(cwd, path, &f);
        if (e) {
            return e;
        }
        int64_t n = read_start(f, (uint8_t *)line, FIRST_LINE - 1);
        bool script = n > 2 && line[0] == '#' && line[1] == '!';
        e = n < 0 ? (int)-n : script ? 0 : load_file(env, path, f, &p->module);
        wx_file_unref(f);
        if (e || !script) {
            return e;
        }
        line[n] = 0;
        char *next;
        e = memchr(line, '\n', (size_t)n) || n < FIRST_LINE - 1
                ? read_script(&env->mem, p, line, path, &next)
                : ENOEXEC;
        if (e) {
            return e;
        }
        path = next;
    }
    return ELOOP;
}

int wx_program_find(struct wx_program *p, struct wx_env *env, struct wx_file *cwd, const char *name,
                    const char *path)
{
    if (!*name) {
        return ENOENT;
    }
    if (!path || strchr(name, '/')) {
        return find(p, env, cwd, name);
    }
    char *full = wx_alloc(&env->mem, PATH_BYTES);
    int found = full ? ENOENT : ENOMEM;
    const size_t n_args = p->args.n; /* an interpreter that is not there ends the search */
    for (const char *dir = path; full && dir && p->args.n == n_args;) {
        size_t len = strcspn(dir, ":"), name_len = strlen(name);
        int e = ENAMETOOLONG;
        if (len + name_len + 2 <= PATH_BYTES) {
            memcpy(full, dir, len);
            memcpy(full + len, "/", len ? 1 : 0);
            memcpy(full + len + (len != 0), name, name_len + 1);
            e = find(p, env, cwd, full);
        }
        if (e != ENOENT && e != ENOTDIR && e != EACCES && e != ENAMETOOLONG) {
            found = e;
            break;
        }
        found = e == EACCES || p->args.n != n_args ? e : found;
        dir = dir[len] ? dir + len + 1 : NULL;
    }
    wx_free(&env->mem, full);
    return found;
}
