/* SPDX-License-Identifier: Apache-2.0 */
/* Public module functions. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capi/capi.h"
#include "engine/rt/engine.h"
#include "os/vm.h"
#include "wasi/detect.h"
#include "wasi/explain.h"
#include "wasm/dylink.h"
#include "wasm/text/text.h"

void wax_module_free(wax_module *module) { wx_rt_module_unref(wx_in_wax_module(module)); }

wax_status wax_module_from_bytes(wax_engine *engine, const void *bytes, size_t len,
                                 wax_module **ret_module, wax_error **err)
{
    WX_REQUIRE(engine, err, "engine is NULL");
    WX_REQUIRE(bytes || len == 0, err, "bytes is NULL");
    WX_REQUIRE(ret_module, err, "ret_module is NULL");
    struct wx_engine *e = wx_in_wax_engine(engine);
    struct wx_rt_module *m;
    wax_status st = wx_text_detect(bytes, len) ? wx_capi_module_from_text(e, bytes, len, &m, err)
                                               : wx_rt_module_new(e, bytes, len, &m, err);
    if (st == WAX_OK) {
        *ret_module = wx_out_wax_module(m);
    }
    return st;
}

static wax_status read_all(struct wx_mem *mem, int fd, const char *path, uint8_t **ret_bytes,
                           size_t *ret_len, wax_error **err)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return wx_fail(err, WAX_E_IO, "cannot read '%s': not a regular file", path);
    }
    size_t len = (size_t)st.st_size, got = 0;
    uint8_t *buf = wx_alloc(mem, len);
    if (!buf) {
        return wx_fail_nomem(err, path);
    }
    wx_vm_advise_huge(buf, len); /* written once, whole */
    while (got < len) {
        ssize_t n = read(fd, buf + got, len - got);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            wax_status status = wx_fail_errno(err, n < 0 ? errno : EIO, "cannot read '%s'", path);
            wx_free(mem, buf);
            return status;
        }
        got += (size_t)n;
    }
    *ret_bytes = buf;
    *ret_len = len;
    return WAX_OK;
}

static wax_status from_bytes_owned(struct wx_engine *e, uint8_t *bytes, size_t len,
                                   struct wx_rt_module **ret_module, wax_error **err)
{
    if (!wx_text_detect(bytes, len)) {
        return wx_rt_module_new_owned(e, bytes, len, ret_module, err);
    }
    wax_status st = wx_capi_module_from_text(e, (const char *)bytes, len, ret_module, err);
    wx_free(&e->mem, bytes);
    return st;
}

/* Who reads the error wants "file" or, for text, "file:line:column" first. */
static void prefix_place(const char *path, wax_error **err)
{
    uint32_t line = err ? wax_error_line(*err) : 0;
    if (line) {
        wx_error_prefix(err, "%s:%u:%u", path, line, wax_error_column(*err));
    } else {
        wx_error_prefix(err, "%s", path);
    }
}

wax_status wax_module_from_file(wax_engine *engine, const char *path, wax_module **ret_module,
                                wax_error **err)
{
    WX_REQUIRE(engine && path && ret_module, err, "an argument is NULL");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not block us */
    if (fd < 0) {
        return wx_fail_errno(err, errno, "cannot open '%s'", path);
    }
    struct wx_mem *mem = &wx_in_wax_engine(engine)->mem;
    size_t len = 0;
    uint8_t *bytes = NULL;
    wax_status st = read_all(mem, fd, path, &bytes, &len, err);
    (void)close(fd); /* read only */
    if (st != WAX_OK) {
        return st;
    }
    struct wx_rt_module *m;
    st = from_bytes_owned(wx_in_wax_engine(engine), bytes, len, &m, err);
    if (st != WAX_OK) {
        prefix_place(path, err);
        return st;
    }
    *ret_module = wx_out_wax_module(m);
    return WAX_OK;
}

wax_status wax_module_compile(wax_module *module, wax_compiled *ret_compiled, wax_error **err)
{
    WX_REQUIRE(module, err, "module is NULL");
    struct wx_compiled c;
    wax_status st = wx_rt_module_compile(wx_in_wax_module(module), &c, err);
    if (st == WAX_OK && ret_compiled) {
        *ret_compiled = (wax_compiled){c.n_funcs, c.body_bytes, c.code_bytes};
    }
    return st;
}

size_t wax_module_n_imports(const wax_module *module)
{
    return module ? wx_in_wax_module(module)->wasm->n_imports : 0;
}

size_t wax_module_n_exports(const wax_module *module)
{
    return module ? wx_in_wax_module(module)->wasm->n_exports : 0;
}

static wax_name out_name(struct wx_name n) { return (wax_name){n.p ? n.p : "", n.len}; }

static wax_status describe(struct wx_rt_module *m, uint32_t kind, uint32_t idx, wax_port *p,
                           wax_error **err)
{
    const struct wx_module *w = m->wasm;
    const struct wx_functype *t = NULL;
    p->kind = (int32_t)kind;
    switch (kind) {
    case WX_EXT_FUNC: t = wx_module_func_type(w, idx); break;
    case WX_EXT_TAG: t = &w->types[w->tags[idx]]; break;
    case WX_EXT_TABLE:
        p->limits = wx_out_limits(&w->tables[idx].type.limits);
        p->value = wx_out_type(w->tables[idx].type.elem);
        break;
    case WX_EXT_MEMORY: p->limits = wx_out_limits(&w->memories[idx]); break;
    default:
        p->value = wx_out_type(w->globals[idx].type.type);
        p->mut = w->globals[idx].type.mut;
        break;
    }
    bool ok = true;
    if (t) {
        wx_mutex_lock(&m->lock); /* the arena is the only thing that changes after loading */
        ok = wx_out_functype(w->arena, t->types, t->n_params, t->n_results, &p->func);
        wx_mutex_unlock(&m->lock);
    }
    return ok ? WAX_OK : wx_fail_nomem(err, "a type");
}

wax_status wax_module_import(wax_module *module, size_t idx, wax_port *ret_port, wax_error **err)
{
    WX_REQUIRE(module && ret_port, err, "an argument is NULL");
    struct wx_rt_module *m = wx_in_wax_module(module);
    if (idx >= m->wasm->n_imports) {
        return wx_fail(err, WAX_E_NOT_FOUND, "there is no import %zu", idx);
    }
    const struct wx_import *im = &m->wasm->imports[idx];
    *ret_port = (wax_port){.module = out_name(im->module), .name = out_name(im->name)};
    return describe(m, im->kind, im->idx, ret_port, err);
}

wax_status wax_module_export(wax_module *module, size_t idx, wax_port *ret_port, wax_error **err)
{
    WX_REQUIRE(module && ret_port, err, "an argument is NULL");
    struct wx_rt_module *m = wx_in_wax_module(module);
    if (idx >= m->wasm->n_exports) {
        return wx_fail(err, WAX_E_NOT_FOUND, "there is no export %zu", idx);
    }
    const struct wx_export *e = &m->wasm->exports[idx];
    *ret_port = (wax_port){.module = {"", 0}, .name = out_name(e->name)};
    return describe(m, e->kind, e->idx, ret_port, err);
}

const void *wax_module_custom(const wax_module *module, const char *name, size_t *ret_len)
{
    const struct wx_module *w = module ? wx_in_wax_module(module)->wasm : NULL;
    const struct wx_custom_section *c = w && name ? wx_module_find_custom(w, name) : NULL;
    if (c && ret_len) {
        *ret_len = c->len;
    }
    return c ? w->bytes + c->off : NULL;
}

wax_status wax_module_dylink(const wax_module *module, wax_dylink *ret_dylink, wax_error **err)
{
    WX_REQUIRE(module && ret_dylink, err, "an argument is NULL");
    const struct wx_module *w = wx_in_wax_module(module)->wasm;
    struct wx_dylink dl;
    wax_status st = wx_dylink_read(w, w->mem, &dl, err);
    if (st == WAX_E_NOT_FOUND) {
        return wx_fail(err, st, "the module is not dynamically linked");
    }
    if (st == WAX_OK) {
        *ret_dylink = (wax_dylink){.memory_bytes = dl.memory_size,
                                   .table_elems = dl.table_size,
                                   .memory_align = dl.memory_align,
                                   .table_align = dl.table_align,
                                   .n_needed = dl.n_needed,
                                   .n_paths = dl.n_paths};
        wx_dylink_fini(&dl, w->mem);
    }
    return st;
}

static wax_name dylink_name(const wax_module *module, bool path, size_t idx)
{
    const struct wx_module *w = module ? wx_in_wax_module(module)->wasm : NULL;
    struct wx_dylink dl;
    wax_name name = {"", 0};
    if (w && wx_dylink_read(w, w->mem, &dl, NULL) == WAX_OK) {
        if (idx < (path ? dl.n_paths : dl.n_needed)) {
            name = out_name(path ? dl.paths[idx] : dl.needed[idx]); /* in the module's bytes */
        }
        wx_dylink_fini(&dl, w->mem);
    }
    return name;
}

wax_name wax_module_needed(const wax_module *module, size_t idx)
{
    return dylink_name(module, false, idx);
}

wax_name wax_module_runpath(const wax_module *module, size_t idx)
{
    return dylink_name(module, true, idx);
}

const char *wax_module_feature(const wax_module *module, size_t idx)
{
    uint64_t used = module ? wx_in_wax_module(module)->wasm->features_used : 0;
    for (unsigned i = 1; i < WX_FEATURE_COUNT; i++) {
        if ((used >> i & 1) && idx-- == 0) {
            return wx_feature_name((enum wx_feature)i);
        }
    }
    return NULL;
}

int wax_module_heat(const wax_module *module, size_t idx, wax_heat *ret_heat)
{
    const struct wx_rt_module *m = module ? wx_in_wax_module(module) : NULL;
    if (!m || !m->heat || !ret_heat || idx >= m->wasm->n_funcs - m->wasm->n_func_imports) {
        return 0;
    }
    uint32_t func = m->wasm->n_func_imports + (uint32_t)idx;
    struct wx_name name = wx_module_func_name(m->wasm, func);
    *ret_heat = (wax_heat){.func = func,
                           .name = {name.p, name.len},
                           .calls = wx_load_relaxed(&m->heat[idx * 2]), /* mere counts */
                           .loops = wx_load_relaxed(&m->heat[idx * 2 + 1])};
    return 1;
}

int wax_feature_info(size_t idx, wax_feature *ret_feature)
{
    enum wx_feature f = (enum wx_feature)idx;
    if (idx >= WX_FEATURE_COUNT || !ret_feature) {
        return 0;
    }
    *ret_feature = (wax_feature){.name = wx_feature_name(f),
                                 .standing = wx_feature_status(f),
                                 .about = wx_feature_about(f),
                                 .on = wx_features_has(wx_features_default(), f)};
    return 1;
}

uint32_t wax_module_wasi(const wax_module *module)
{
    return module ? wx_wasi_versions(wx_in_wax_module(module)->wasm) : 0;
}

uint32_t wax_module_wasi_strict(const wax_module *module)
{
    return module ? wx_wasi_version_strict(wx_in_wax_module(module)->wasm) : 0;
}

struct relay {
    wax_finding_fn fn;
    void *data;
};

static void relay_finding(void *data, const struct wx_finding *f)
{
    const struct relay *r = data;
    const wax_finding out = {(int32_t)f->level, f->subject, f->message, f->hint};
    r->fn(r->data, &out);
}

void wax_module_explain(const wax_module *module, wax_finding_fn fn, void *data)
{
    _Static_assert((int)WX_FINDING_MISSING == (int)WAX_FINDING_MISSING &&
                       (int)WX_FINDING_LIMIT == (int)WAX_FINDING_LIMIT,
                   "the same numbers");
    struct relay r = {fn, data};
    if (module && fn) {
        wx_explain(wx_in_wax_module(module)->wasm, relay_finding, &r);
    }
}
