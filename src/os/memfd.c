/* SPDX-License-Identifier: Apache-2.0 */
/* Files in memory by memfd; written pages by /proc/self/pagemap. */
#include "os/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/vm.h"

int wx_memfd_new(size_t len, int *ret_fd)
{
    int fd = memfd_create("waxwing-memory", MFD_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    if (ftruncate(fd, (off_t)len) != 0) {
        int e = errno;
        (void)wx_fd_close(&fd); /* nothing was written */
        return e;
    }
    *ret_fd = fd;
    return 0;
}

static int map(void *p, size_t len, int prot, int how, int fd)
{
    return mmap(p, len, prot, how | MAP_FIXED | MAP_NORESERVE, fd, 0) == MAP_FAILED ? errno : 0;
}

int wx_memfd_map_shared(void *p, size_t len, int fd)
{
    return map(p, len, PROT_NONE, MAP_SHARED, fd);
}

int wx_memfd_map_private(void *p, size_t len, size_t used, int fd)
{
    void *rest = (uint8_t *)p + used;
    int e = 0;
    if (len > used && mmap(rest, len - used, PROT_NONE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd,
                           (off_t)used) == MAP_FAILED) {
        e = errno;
    }
    return e || !used ? e : map(p, used, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
}

/* Bits of an entry of pagemap: in memory, in swap, of a file or shared. */
#define PRESENT (UINT64_C(1) << 63)
#define SWAPPED (UINT64_C(1) << 62)
#define OF_FILE (UINT64_C(1) << 61)

static bool is_written(uint64_t entry)
{
    return (entry & (PRESENT | SWAPPED)) && !(entry & OF_FILE);
}

/* Give `fn` the runs among n pages from page `first` on. */
static bool tell_runs(const uint64_t *entries, size_t n, size_t first, wx_memfd_pages_fn fn,
                      void *data)
{
    size_t page = wx_vm_page_size();
    bool goes_on = true;
    for (size_t i = 0; i < n && goes_on;) {
        size_t end = i;
        while (end < n && is_written(entries[end])) {
            end++;
        }
        goes_on = end == i || fn(data, (first + i) * page, (end - i) * page);
        i = end == i ? i + 1 : end;
    }
    return goes_on;
}

int wx_memfd_written(const void *p, size_t len, wx_memfd_pages_fn fn, void *data)
{
    size_t page = wx_vm_page_size(), n_pages = len / page, start = (uintptr_t)p / page;
    int e = 0, fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    uint64_t entries[1024];
    for (size_t i = 0; i < n_pages && !e;) {
        size_t n = n_pages - i < 1024 ? n_pages - i : 1024;
        ssize_t got =
            pread(fd, entries, n * sizeof *entries, (off_t)((start + i) * sizeof *entries));
        if (got != (ssize_t)(n * sizeof *entries)) {
            e = got < 0 ? errno : EIO;
        } else if (!tell_runs(entries, n, i, fn, data)) {
            break;
        }
        i += n;
    }
    (void)wx_fd_close(&fd); /* only read from */
    return e;
}
