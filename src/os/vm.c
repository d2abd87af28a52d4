/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual memory by mmap and memfd. */
#include "os/vm.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

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
    const uintptr_t huge = (uintptr_t)2 << 20; /* smaller ones the host has are not worth a call */
    uintptr_t start = ((uintptr_t)p + huge - 1) & ~(huge - 1);
    uintptr_t end = ((uintptr_t)p + len) & ~(huge - 1);
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
    struct wx_vm_code c = {.len = len, .fd = code_fd(len), .owner = getpid()};
    if (c.fd < 0) {
        return errno ? errno : EIO;
    }
    void *rw = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, c.fd, 0);
    void *rx = rw == MAP_FAILED ? MAP_FAILED
                                : mmap(at, len, PROT_READ | PROT_EXEC,
                                       MAP_SHARED | (at ? MAP_FIXED : 0), c.fd, 0);
    if (rx == MAP_FAILED) {
        int e = errno;
        wx_vm_release(rw == MAP_FAILED ? NULL : rw, len);
        wx_vm_code_close(&c);
        return e ? e : ENOMEM;
    }
    c.rw = rw;
    c.rx = rx;
    *ret_code = c;
    return 0;
}

void wx_vm_code_close(struct wx_vm_code *code)
{
    if (code->fd >= 0) {
        (void)close(code->fd); /* a file in memory: nothing can get lost */
        code->fd = -1;
    }
}

static int write_all(int fd, size_t off, const uint8_t *p, size_t len)
{
    while (len) {
        ssize_t n = pwrite(fd, p, len, (off_t)off);
        if (n < 0 && errno != EINTR) {
            return errno;
        }
        size_t done = n > 0 ? (size_t)n : 0;
        p += done;
        off += done;
        len -= done;
    }
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
    wx_vm_code_close(code);
    wx_vm_code_close(&own);
    own.rx = code->rx;
    own.written = code->written;
    *code = own;
    return 0;
}

int wx_vm_code_write(struct wx_vm_code *code, size_t off, const void *bytes, size_t len)
{
    int e = code->owner != getpid() ? separate(code) : 0;
    if (e == 0 && code->fd >= 0) {
        e = write_all(code->fd, off, bytes, len);
    } else if (e == 0) {
        memcpy(code->rw + off, bytes, len);
    }
    if (e == 0 && off + len > code->written) {
        code->written = off + len;
    }
    return e;
}

void wx_vm_code_unmap(struct wx_vm_code *code)
{
    if (code->rx) {
        wx_vm_release(code->rw, code->len);
        wx_vm_release(code->rx, code->len);
        wx_vm_code_close(code);
    }
    *code = (struct wx_vm_code){.fd = -1};
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
