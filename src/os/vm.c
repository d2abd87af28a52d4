/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual memory by mmap and memfd. */
#include "os/vm.h"

#include <errno.h>
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
    int fd = code_fd(len);
    if (fd < 0) {
        return errno;
    }
    void *rw = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    void *rx = rw == MAP_FAILED
                   ? MAP_FAILED
                   : mmap(at, len, PROT_READ | PROT_EXEC, MAP_SHARED | (at ? MAP_FIXED : 0), fd, 0);
    int e = rw == MAP_FAILED || rx == MAP_FAILED ? errno : 0;
    (void)close(fd); /* the mappings keep it */
    if (e) {
        if (rw != MAP_FAILED) {
            wx_vm_release(rw, len);
        }
        return e;
    }
    *ret_code = (struct wx_vm_code){.rw = rw, .rx = rx, .len = len};
    return 0;
}

void wx_vm_code_unmap(struct wx_vm_code *code)
{
    wx_vm_release(code->rw, code->len);
    wx_vm_release(code->rx, code->len);
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
