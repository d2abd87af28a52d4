/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual memory by mmap and memfd. */
#include "os/vm.h"

#include "base/bits.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

#define LARGE_PAGE ((uintptr_t)2 << 20) /* smaller ones the host has are not worth a call */

size_t wx_vm_page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

void *wx_vm_reserve(size_t len)
{
    void *p = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

int wx_vm_commit(void *p, size_t len)
{
    return len && mprotect(p, len, PROT_READ | PROT_WRITE) ? errno : 0;
}

void wx_vm_release(void *p, size_t len)
{
    if (p) {
        (void)munmap(p, len); /* fails only for ranges that were never ours */
    }
}

void wx_vm_advise_huge(void *p, size_t len)
{
    uintptr_t start = ((uintptr_t)p + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
    uintptr_t end = ((uintptr_t)p + len) & ~(LARGE_PAGE - 1);
    if (start < end) {
        (void)madvise((uint8_t *)p + (start - (uintptr_t)p), end - start,
                      MADV_HUGEPAGE); /* kernels without it say EINVAL */
    }
}

static int code_fd(size_t len)
{
    int fd = memfd_create("waxwing-code", MFD_CLOEXEC | MFD_EXEC);
    if (fd < 0 && errno == EINVAL) { /* kernels before 6.3 do not know MFD_EXEC */
        fd = memfd_create("waxwing-code", MFD_CLOEXEC);
    }
    if (fd >= 0 && ftruncate(fd, (off_t)len) != 0) {
        int e = errno;
        (void)close(fd); /* nothing written to it */
        errno = e;
        fd = -1;
    }
    return fd;
}

int wx_vm_code_map(void *at, size_t len, struct wx_vm_code *ret_code)
{
    struct wx_vm_code c = {.len = len, .owner = getpid()};
    int fd = code_fd(len);
    if (fd < 0) {
        return errno ? errno : EIO;
    }
    void *rw = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    void *rx = rw == MAP_FAILED
                   ? MAP_FAILED
                   : mmap(at, len, PROT_READ | PROT_EXEC, MAP_SHARED | (at ? MAP_FIXED : 0), fd, 0);
    int e = rx == MAP_FAILED ? errno : 0;
    (void)close(fd); /* a file in memory: nothing can get lost */
    if (rx == MAP_FAILED) {
        wx_vm_release(rw == MAP_FAILED ? NULL : rw, len);
        return e ? e : ENOMEM;
    }
    c.rw = rw;
    c.rx = rx;
    *ret_code = c;
    return 0;
}

int wx_vm_code_map_pages(void *at, size_t len, struct wx_vm_code *ret_code)
{
    size_t page = wx_vm_page_size();
    if (mprotect(at, page, PROT_READ | PROT_EXEC) != 0 || mprotect(at, page, PROT_NONE) != 0) {
        return errno;
    }
    *ret_code = (struct wx_vm_code){.rx = at, .len = len};
    return 0;
}

/* A file of our own with the same code, mapped over the one another process goes on with. */
static int separate(struct wx_vm_code *code)
{
    struct wx_vm_code own;
    uint8_t *staged = mmap(NULL, code->len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (staged == MAP_FAILED) {
        return errno;
    }
    int e = wx_vm_code_map(staged, code->len, &own);
    if (e) {
        wx_vm_release(staged, code->len);
        return e;
    }
    memcpy(own.rw, code->rx, code->written);
    /* The new view takes the place of the old one at once: other threads may run in it. */
    if (mremap(own.rx, code->len, code->len, MREMAP_MAYMOVE | MREMAP_FIXED, code->rx) ==
        MAP_FAILED) {
        e = errno;
        wx_vm_code_unmap(&own);
        return e;
    }
    wx_vm_release(code->rw, code->len);
    own.rx = code->rx;
    own.written = code->written;
    *code = own;
    return 0;
}

/*
 * Pages up to `end` can be written, some more than asked for, as what follows will be, too. They
 * end where a large page may begin, so that the next ones can be large.
 */
static int open_pages(struct wx_vm_code *code, size_t end)
{
    if (end <= code->open) {
        return 0;
    }
    size_t last = wx_align_up((uintptr_t)code->rx + end, 2 * LARGE_PAGE) - (uintptr_t)code->rx;
    size_t more = (last < code->len ? last : code->len) - code->open;
    int e = wx_vm_commit(code->rx + code->open, more);
    if (e == 0) {
        wx_vm_advise_huge(code->rx + code->open, more);
        code->open += more;
    }
    return e;
}

int wx_vm_code_write(struct wx_vm_code *code, size_t off, const void *bytes, size_t len)
{
    int e = !code->rw ? open_pages(code, off + len) : code->owner != getpid() ? separate(code) : 0;
    if (e == 0) {
        memcpy((code->rw ? code->rw : code->rx) + off, bytes, len);
        code->written = off + len > code->written ? off + len : code->written;
    }
    return e;
}

int wx_vm_code_seal(struct wx_vm_code *code)
{
    if (code->rw || code->written <= code->sealed) {
        return 0;
    }
    size_t page = wx_vm_page_size(), end = (code->written + page - 1) / page * page;
    if (mprotect(code->rx + code->sealed, end - code->sealed, PROT_READ | PROT_EXEC) != 0) {
        return errno;
    }
    code->sealed = end;
    return 0;
}

void wx_vm_code_unmap(struct wx_vm_code *code)
{
    if (code->rx) {
        wx_vm_release(code->rw, code->len);
        wx_vm_release(code->rx, code->len);
    }
    *code = (struct wx_vm_code){0};
}

int wx_vm_map_marker(int fd, void **ret_marker)
{
    void *p = mmap(NULL, wx_vm_page_size(), PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) {
        return errno;
    }
    *ret_marker = p;
    return 0;
}

void wx_vm_unmap_marker(void *marker) { wx_vm_release(marker, wx_vm_page_size()); }
