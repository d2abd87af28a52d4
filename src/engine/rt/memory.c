/* SPDX-License-Identifier: Apache-2.0 */
/* Linear memories. */
#include "engine/rt/memory.h"

#include <string.h>

#include "base/bits.h"
#include "base/racy.h"
#include "engine/rt/engine.h"
#include "os/fd.h"
#include "os/memfd.h"
#include "os/vm.h"

#define GIB (UINT64_C(1) << 30)
#define GUARD_BYTES (2 * GIB)
#define SPACE_BYTES (4 * GIB)
/* Checked memories without a declared or configured maximum reserve this much. */
#define DEFAULT_CHECKED_BYTES (16 * GIB)

/* Who asks for this much at once has something large to put there: large pages are welcome. */
#define BIG_GROWTH (UINT64_C(4) << 20)

static uint64_t type_max_bytes(const struct wx_limits *type)
{
    uint64_t most = type->is64 ? UINT64_MAX : SPACE_BYTES;
    if (!type->has_max) {
        return most;
    }
    uint64_t bytes;
    bool ok = wx_mul_ok(type->max, UINT64_C(1) << type->page_shift, &bytes);
    return ok && bytes < most ? bytes : most;
}

static bool reserve_guarded(struct wx_memory *m)
{
    m->reservation_bytes = GUARD_BYTES + SPACE_BYTES + GUARD_BYTES;
    m->reservation = wx_vm_reserve(m->reservation_bytes);
    m->base = m->reservation ? (uint8_t *)m->reservation + GUARD_BYTES : NULL;
    m->guarded = m->reservation != NULL;
    return m->guarded;
}

/* Exactly the maximum, less when the host refuses; never less than `min_bytes`. */
static bool reserve_checked(struct wx_memory *m, uint64_t min_bytes)
{
    uint64_t page = wx_vm_page_size();
    uint64_t want = m->max_bytes < DEFAULT_CHECKED_BYTES || m->type.has_max ? m->max_bytes
                                                                            : DEFAULT_CHECKED_BYTES;
    if (want > UINT64_C(1) << 46) {
        want = UINT64_C(1) << 46;
    }
    for (; want >= min_bytes;
         want = want / 2 > min_bytes || want == min_bytes ? want / 2 : min_bytes) {
        m->reservation_bytes = wx_align_up(want ? want : 1, page);
        m->reservation = wx_vm_reserve(m->reservation_bytes);
        if (m->reservation || want == 0) {
            break;
        }
    }
    m->base = m->reservation;
    m->max_bytes = m->max_bytes < want ? m->max_bytes : want;
    return m->reservation != NULL;
}

bool wx_memory_guardable(const struct wx_engine *engine, const struct wx_limits *type)
{
    return !type->is64 && type->page_shift == 16 && wx_engine_guards(engine);
}

static wax_status reserve(struct wx_memory *m, uint64_t min_bytes, wax_error **err)
{
    bool guardable = wx_memory_guardable(m->engine, &m->type);
    if (guardable && reserve_guarded(m)) {
        return WAX_OK;
    }
    if (guardable) {
        wx_engine_drop_guards(m->engine);
    }
    if (reserve_checked(m, min_bytes)) {
        return WAX_OK;
    }
    (void)wx_fail(err, WAX_E_NOMEM, "cannot reserve %llu bytes of address space for a memory",
                  (unsigned long long)min_bytes);
    wx_error_set_hint(err, "raise the address-space limit (ulimit -v)");
    return WAX_E_NOMEM;
}

/* The content of memories as it was when the first of them was copied. */
struct wx_memory_file {
    uint32_t refs; /* atomic */
    int fd;
};

/* What can be used of the reservation, whole pages. */
static size_t reach(const struct wx_memory *m)
{
    return (size_t)wx_align_up(m->max_bytes, wx_vm_page_size());
}

static void file_unref(struct wx_memory *m)
{
    if (m->file && wx_sub_acqrel(&m->file->refs, 1) == 1) {
        (void)wx_fd_close(&m->file->fd); /* nobody wants what is in it any more */
        wx_free(&m->engine->mem, m->file);
    }
}

/* Nothing is there yet. @return false: it stays anonymous */
static bool put_in_file(struct wx_memory *m)
{
    struct wx_memory_file *f = wx_alloc(&m->engine->mem, sizeof *f);
    int fd = -1;
    if (f && reach(m) > 0 && wx_memfd_new(reach(m), &fd) == 0 &&
        wx_memfd_map_shared(m->base, reach(m), fd) == 0) {
        *f = (struct wx_memory_file){1, fd};
        m->file = f;
        return true;
    }
    (void)wx_fd_close(&fd);
    wx_free(&m->engine->mem, f);
    return false;
}

static wax_status memory_init(struct wx_memory *m, uint64_t limit, bool forkable, wax_error **err)
{
    uint64_t min_bytes;
    uint64_t most = type_max_bytes(&m->type);
    if (limit && limit < most) {
        most = limit;
    }
    m->max_bytes = most;
    if (!wx_mul_ok(m->type.min, UINT64_C(1) << m->type.page_shift, &min_bytes) ||
        min_bytes > most) {
        (void)wx_fail(err, WAX_E_LIMIT, "a memory of %llu pages is over the limit of %llu bytes",
                      (unsigned long long)m->type.min, (unsigned long long)most);
        wx_error_set_hint(err, "raise it with --max-memory or the builder's memory limit");
        return WAX_E_LIMIT;
    }
    wax_status st = reserve(m, min_bytes, err);
    if (st != WAX_OK) {
        return st;
    }
    if (forkable) {
        (void)put_in_file(m); /* else copies take longer */
    }
    int e = wx_vm_commit(m->base, wx_align_up(min_bytes, wx_vm_page_size()));
    if (e) {
        return wx_fail_errno(err, e, "cannot commit %llu bytes for a memory",
                             (unsigned long long)min_bytes);
    }
    m->size_bytes = min_bytes;
    return WAX_OK;
}

static void memory_free(struct wx_memory *m)
{
    wx_vm_release(m->reservation, m->reservation_bytes);
    file_unref(m);
    wx_mutex_fini(&m->grow_lock);
    struct wx_engine *e = m->engine;
    wx_free(&e->mem, m);
    wx_engine_unref(e);
}

static wax_status memory_new(struct wx_engine *engine, const struct wx_limits *type,
                             uint64_t max_bytes, bool forkable, struct wx_memory **ret_memory,
                             wax_error **err)
{
    struct wx_memory *m = wx_zalloc(&engine->mem, sizeof *m);
    if (!m) {
        return wx_fail_nomem(err, "a memory");
    }
    m->engine = wx_engine_ref(engine);
    m->type = *type;
    m->refs = 1;
    wx_mutex_init(&m->grow_lock);
    uint64_t limit = engine->config.max_memory_bytes;
    limit = max_bytes && (!limit || max_bytes < limit) ? max_bytes : limit;
    wax_status st = memory_init(m, limit, forkable, err);
    if (st != WAX_OK) {
        memory_free(m);
        return st;
    }
    *ret_memory = m;
    return WAX_OK;
}

wax_status wx_memory_new(struct wx_engine *engine, const struct wx_limits *type, uint64_t max_bytes,
                         struct wx_memory **ret_memory, wax_error **err)
{
    return memory_new(engine, type, max_bytes, false, ret_memory, err);
}

wax_status wx_memory_new_forkable(struct wx_engine *engine, const struct wx_limits *type,
                                  uint64_t max_bytes, struct wx_memory **ret_memory,
                                  wax_error **err)
{
    return memory_new(engine, type, max_bytes, true, ret_memory, err);
}

/* -------- copies -------- */

struct two {
    struct wx_memory *to;
    const struct wx_memory *from;
};

static bool copy_pages(void *data, size_t off, size_t len)
{
    const struct two *t = data;
    wx_copy_racy(t->to->base + off, t->from->base + off, len);
    return true;
}

/* From now on both have what is in the file, and what either writes is its own. */
static int share_file(struct wx_memory *m, struct wx_memory *from) WAX_REQUIRES(&from->grow_lock)
{
    size_t used = (size_t)wx_align_up(wx_memory_size(from), wx_vm_page_size());
    bool fresh = !from->sealed;
    int e = fresh ? wx_memfd_map_private(from->base, reach(from), used, from->file->fd) : 0;
    if (e) {
        return e;
    }
    from->sealed = true;
    wx_add_relaxed(&from->file->refs, 1); /* `from` holds one */
    m->file = from->file;
    e = wx_memfd_map_private(m->base, reach(m), used, m->file->fd);
    struct two t = {m, from};
    if (!e && !fresh && wx_memfd_written(from->base, used, copy_pages, &t) != 0) {
        wx_copy_racy(m->base, from->base, wx_memory_size(m)); /* the host does not tell which */
    }
    return e;
}

static int copy_content(struct wx_memory *m, struct wx_memory *from)
{
    wx_mutex_lock(&from->grow_lock);
    bool shares = from->file && reach(m) == reach(from);
    int e = shares ? share_file(m, from) : 0;
    wx_mutex_unlock(&from->grow_lock);
    if (!shares) {
        wx_copy_racy(m->base, from->base, wx_memory_size(m));
    }
    wx_mutex_lock(&m->grow_lock); /* nobody else has it yet */
    m->sealed = shares;
    wx_mutex_unlock(&m->grow_lock);
    return e;
}

wax_status wx_memory_copy(struct wx_memory *from, struct wx_memory **ret_memory, wax_error **err)
{
    struct wx_limits type = from->type;
    type.min = wx_memory_pages(from);
    struct wx_memory *m = NULL;
    wax_status st = wx_memory_new(from->engine, &type, from->max_bytes, &m, err);
    if (!m) {
        return st;
    }
    if (m->guarded != from->guarded) { /* code of the one does not fit the other */
        wx_memory_unref(m);
        return wx_fail_nomem(err, "a guarded memory");
    }
    m->type.min = from->type.min;
    int e = copy_content(m, from);
    if (e) {
        wx_memory_unref(m);
        return wx_fail_errno(err, e, "cannot copy a memory");
    }
    *ret_memory = m;
    return WAX_OK;
}

struct wx_memory *wx_memory_ref(struct wx_memory *memory)
{
    wx_add_relaxed(&memory->refs, 1); /* the caller holds one already */
    return memory;
}

void wx_memory_unref(struct wx_memory *memory)
{
    if (memory && wx_sub_acqrel(&memory->refs, 1) == 1) {
        memory_free(memory);
    }
}

static uint64_t grow_locked(struct wx_memory *m, uint64_t delta_pages) WAX_REQUIRES(&m->grow_lock)
{
    uint64_t old = m->size_bytes, delta, size;
    if (!wx_mul_ok(delta_pages, UINT64_C(1) << m->type.page_shift, &delta) ||
        !wx_add_ok(old, delta, &size) || size > m->max_bytes) {
        return UINT64_MAX;
    }
    uint64_t page = wx_vm_page_size();
    uint64_t from = wx_align_up(old, page), to = wx_align_up(size, page);
    if (wx_vm_commit(m->base + from, to - from) != 0) {
        return UINT64_MAX;
    }
    if (delta >= BIG_GROWTH) {
        wx_vm_advise_huge(m->base + from, to - from);
    }
    wx_store_release(&m->size_bytes, size); /* pairs with wx_memory_size: pages are there */
    return old >> m->type.page_shift;
}

uint64_t wx_memory_grow(struct wx_memory *memory, uint64_t delta_pages)
{
    wx_mutex_lock(&memory->grow_lock);
    uint64_t old = grow_locked(memory, delta_pages);
    wx_mutex_unlock(&memory->grow_lock);
    return old;
}

void wx_memory_read(const struct wx_memory *m, uint64_t addr, void *dst, size_t len)
{
    wx_assert(wx_memory_in_bounds(m, addr, len));
    if (m->type.shared) {
        wx_copy_racy(dst, m->base + addr, len);
    } else if (len) {
        memcpy(dst, m->base + addr, len);
    }
}

void wx_memory_write(struct wx_memory *m, uint64_t addr, const void *src, size_t len)
{
    wx_assert(wx_memory_in_bounds(m, addr, len));
    if (m->type.shared) {
        wx_copy_racy(m->base + addr, src, len);
    } else if (len) {
        memcpy(m->base + addr, src, len);
    }
}
