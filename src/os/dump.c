/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and appending to files a process writes about itself. */
#include "os/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/lock.h"

/* Which files this process has made: after a fork the child's are others. */
enum { MAX_MADE = 16 };
static struct {
    struct wx_mutex lock; /* leaf */
    struct {
        dev_t dev;
        ino_t ino;
        pid_t pid;
    } made[MAX_MADE] WAX_GUARDED_BY(&lock);
    unsigned n WAX_GUARDED_BY(&lock);
} state = {.lock = {PTHREAD_MUTEX_INITIALIZER}};

/* True if the file was made by this process before; else it is remembered, the oldest forgotten. */
static bool is_known(const struct stat *st) WAX_REQUIRES(&state.lock)
{
    for (unsigned i = 0; i < MAX_MADE; i++) {
        if (state.made[i].dev == st->st_dev && state.made[i].ino == st->st_ino &&
            state.made[i].pid == getpid()) {
            return true;
        }
    }
    unsigned at = state.n++ % MAX_MADE;
    state.made[at].dev = st->st_dev;
    state.made[at].ino = st->st_ino;
    state.made[at].pid = getpid();
    return false;
}

/* Under the lock, so that nobody else of this process appends in between. @return host errno */
static int begin(int fd, const void *head, size_t head_len) WAX_REQUIRES(&state.lock)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return errno;
    }
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1) {
        return EACCES;
    }
    if (!is_known(&st)) {
        if (ftruncate(fd, 0) != 0) {
            return errno;
        }
        st.st_size = 0;
    }
    return st.st_size == 0 && head_len
               ? wx_dump_append(fd, &(struct wx_dump_part){head, head_len}, 1)
               : 0;
}

int wx_dump_open(const char *path, const void *head, size_t head_len, int *ret_fd)
{
    int flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int fd = open(path, flags, 0600);
    if (fd < 0) {
        return errno == ELOOP ? EACCES : errno;
    }
    wx_mutex_lock(&state.lock);
    int e = begin(fd, head, head_len);
    wx_mutex_unlock(&state.lock);
    if (e) {
        wx_dump_close(&fd);
        return e;
    }
    *ret_fd = fd;
    return 0;
}

void wx_dump_close(int *fd) { (void)wx_fd_close(fd); /* a tool's file: nobody to tell */ }

int wx_dump_append(int fd, const struct wx_dump_part *parts, unsigned n)
{
    struct iovec iov[8];
    size_t total = 0;
    for (unsigned i = 0; i < n; i++) {
        iov[i].iov_base = (void *)(uintptr_t)parts[i].p; /* only read */
        iov[i].iov_len = parts[i].len;
        total += parts[i].len;
    }
    ssize_t done;
    do {
        done = writev(fd, iov, (int)n);
    } while (done < 0 && errno == EINTR);
    return done < 0 ? errno : (size_t)done == total ? 0 : ENOSPC;
}
