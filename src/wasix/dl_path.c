/* SPDX-License-Identifier: Apache-2.0 */
/* Where libraries are looked for: in the guest's own filesystem, and only there. */
/*
 * A name with a slash is a path, which counts from the working directory. Any other is looked for
 * in the directories of LD_LIBRARY_PATH, in those the requester names (RUNPATH, where $ORIGIN is
 * the directory the requester lies in), then in the usual three. A library may be called .wasm
 * where .so is asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/strbuf.h"
#include "wasix/dl.h"

#define MAX_PLACES 8u /* named in an error */

struct look {
    const struct wx_dl_search *s;
    struct wx_file *cwd;
    struct wx_file *found;
    char *path; /* where */
    bool no_memory;
    struct wx_strbuf places;
    unsigned n_places;
};

static void note_place(struct look *l, const char *path, int error)
{
    if (l->n_places++ < MAX_PLACES) {
        wx_strbuf_addf(&l->places, "%s%s", l->n_places > 1 ? ", " : "", path);
        if (error != ENOENT && error != ENOTDIR) {
            wx_strbuf_addf(&l->places, " (%s)",
                           error == WX_EOUTSIDE ? "leads out of its directory" : strerror(error));
        }
    } else if (l->n_places == MAX_PLACES + 1) {
        wx_strbuf_addf(&l->places, ", and more");
    }
}

/* @return whether the search is over */
static bool try_path(struct look *l, const char *path)
{
    static const struct wx_open_how how = {.flags = O_RDONLY, .follow = true};
    struct wx_mem *mem = &l->s->dl->env->mem;
    if (!path[0] || strlen(path) > WX_DL_MAX_PATH) {
        return false;
    }
    struct stat st;
    int e = l->cwd->dir->stat(l->cwd, path, true, &st);
    e = e ? e : S_ISREG(st.st_mode) ? 0 : EACCES;
    e = e ? e : l->cwd->dir->open(l->cwd, path, &how, &l->found);
    if (e == ENOMEM) {
        l->no_memory = true;
        return true;
    }
    if (e) {
        note_place(l, path, e);
        return false;
    }
    l->path = wx_strndup(mem, path, strlen(path));
    l->no_memory = !l->path;
    return true;
}

/* Under this name, or as .wasm. */
static bool try_both(struct look *l, const char *path)
{
    size_t len = strlen(path);
    if (try_path(l, path)) {
        return true;
    }
    if (len <= 3 || len > WX_DL_MAX_PATH || strcmp(path + len - 3, ".so") != 0) {
        return false;
    }
    char other[WX_DL_MAX_PATH + 8];
    memcpy(other, path, len - 3);
    memcpy(other + len - 3, ".wasm", 6);
    return try_path(l, other);
}

/* The directory the requester lies in: "." if nothing tells. */
static void add_origin(struct wx_strbuf *sb, const struct wx_dl_lib *requester)
{
    const char *slash = requester ? strrchr(requester->path, '/') : NULL;
    if (!slash) {
        wx_strbuf_add(sb, ".", 1);
    } else if (slash == requester->path) {
        wx_strbuf_add(sb, "/", 1);
    } else {
        wx_strbuf_add(sb, requester->path, (size_t)(slash - requester->path));
    }
}

static void add_directory(struct wx_strbuf *sb, const struct wx_dl_lib *requester, const char *dir,
                          size_t len)
{
    static const char *const names[] = {"$ORIGIN", "${ORIGIN}"};
    while (len) {
        size_t skip = 0;
        for (size_t i = 0; i < 2 && *dir == '$' && !skip; i++) {
            size_t n = strlen(names[i]);
            skip = len >= n && memcmp(dir, names[i], n) == 0 ? n : 0;
        }
        if (skip) {
            add_origin(sb, requester);
        } else {
            wx_strbuf_add(sb, dir, 1);
            skip = 1;
        }
        dir += skip;
        len -= skip;
    }
}

/* A list of directories; an empty one is the working directory. */
static bool try_list(struct look *l, const char *list, size_t len, bool with_origin)
{
    const char *end = list + len;
    bool over = false;
    while (!over && list <= end && len) {
        const char *colon = memchr(list, ':', (size_t)(end - list));
        const char *stop = colon ? colon : end;
        struct wx_strbuf sb;
        wx_strbuf_init(&sb, &l->s->dl->env->mem);
        if (with_origin) {
            add_directory(&sb, l->s->requester, list, (size_t)(stop - list));
        } else {
            wx_strbuf_add(&sb, list, (size_t)(stop - list));
        }
        wx_strbuf_addf(&sb, "%s%s", sb.len ? "/" : "", l->s->name);
        l->no_memory |= sb.failed;
        over = sb.failed || try_both(l, wx_strbuf_str(&sb));
        wx_strbuf_fini(&sb);
        list = stop + 1;
    }
    return over;
}

static void look_around(struct look *l)
{
    static const char usual[] = "/lib:/usr/lib:/usr/local/lib";
    const struct wx_dl_lib *r = l->s->requester;
    if (strchr(l->s->name, '/')) {
        (void)try_both(l, l->s->name);
        return;
    }
    const char *list = l->s->library_path;
    bool over = list && try_list(l, list, strlen(list), false);
    for (uint32_t i = 0; r && i < r->info.n_paths && !over; i++) {
        over = try_list(l, r->info.paths[i].p, r->info.paths[i].len, true);
    }
    if (!over) {
        (void)try_list(l, usual, sizeof usual - 1, false);
    }
}

static wax_status not_found(struct look *l, wax_error **err)
{
    const struct wx_dl_search *s = l->s;
    const char *by = s->opened ? NULL : s->requester->name;
    (void)wx_fail(err, WAX_E_LINK, "library '%s'%s%s%s is not there; looked for: %s", s->name,
                  by ? ", needed by '" : "", by ? by : "", by ? "'," : "",
                  l->places.len ? wx_strbuf_str(&l->places) : "nothing");
    wx_error_set_hint(err, "libraries are found in the guest's directories: mount the one it lies "
                           "in (--dir HOST::/lib), or name it in LD_LIBRARY_PATH (--env)");
    return WAX_E_LINK;
}

wax_status wx_dl_find_file(const struct wx_dl_search *search, struct wx_file **ret_file,
                           char **ret_path, wax_error **err)
{
    struct wx_env *env = search->dl->env;
    struct look l = {.s = search};
    wx_mutex_lock(&env->lock);
    l.cwd = env->cwd ? wx_file_ref(env->cwd) : NULL;
    wx_mutex_unlock(&env->lock);
    wx_strbuf_init(&l.places, &env->mem);
    if (l.cwd) {
        look_around(&l);
    }
    wax_status st = l.no_memory ? wx_fail_nomem(err, "a library") : WAX_OK;
    st = st == WAX_OK && !l.found ? not_found(&l, err) : st;
    if (st == WAX_OK) {
        *ret_file = l.found;
        *ret_path = l.path;
    } else {
        wx_file_unref(l.found);
        wx_free(&env->mem, l.path);
    }
    wx_strbuf_fini(&l.places);
    wx_file_unref(l.cwd);
    return st;
}
