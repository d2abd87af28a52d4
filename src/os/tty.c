/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals. */
/*
 * The keeper has a descriptor of its own for each terminal that was changed, because the guest may
 * close its ones. Terminals are told apart by their device.
 */
#include "os/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/atomic.h"
#include "os/fd.h"
#include "os/lock.h"

#define MAX_TTYS 4 /* a guest has one, as a rule */

struct kept {
    int fd;
    dev_t device;
    struct termios before;
};

struct wx_tty_keeper {
    struct wx_mem *mem;
    uint32_t refs;        /* atomic */
    struct wx_mutex lock; /* leaf */
    unsigned n WAX_GUARDED_BY(&lock);
    struct kept ttys[MAX_TTYS] WAX_GUARDED_BY(&lock);
};

static int result(int r) { return r < 0 ? errno : 0; }

/* Of a terminal that controls us we may be in the background: nothing must stop the host. */
static int set_mode(int fd, const struct termios *mode)
{
    sigset_t ttou, old;
    (void)sigemptyset(&ttou);
    (void)sigaddset(&ttou, SIGTTOU);
    (void)pthread_sigmask(SIG_BLOCK, &ttou, &old);
    int e = result(tcsetattr(fd, TCSANOW, mode));
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return e;
}

struct wx_tty_keeper *wx_tty_keeper_new(struct wx_mem *mem)
{
    struct wx_tty_keeper *k = wx_zalloc(mem, sizeof *k);
    if (k) {
        k->mem = mem;
        k->refs = 1;
        wx_mutex_init(&k->lock);
    }
    return k;
}

struct wx_tty_keeper *wx_tty_keeper_ref(struct wx_tty_keeper *k)
{
    wx_add_relaxed(&k->refs, 1); /* the caller holds one already */
    return k;
}

void wx_tty_keeper_restore(struct wx_tty_keeper *k)
{
    wx_mutex_lock(&k->lock);
    while (k->n) {
        struct kept *t = &k->ttys[--k->n];
        (void)set_mode(t->fd, &t->before); /* the terminal may be gone */
        (void)wx_fd_close(&t->fd);
    }
    wx_mutex_unlock(&k->lock);
}

void wx_tty_keeper_unref(struct wx_tty_keeper *k)
{
    if (k && wx_sub_acqrel(&k->refs, 1) == 1) {
        wx_tty_keeper_restore(k);
        wx_mutex_fini(&k->lock);
        wx_free(k->mem, k);
    }
}

/* Before the first change of a terminal. */
static int keep(struct wx_tty_keeper *k, int fd, const struct termios *before)
    WAX_REQUIRES(&k->lock)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return errno;
    }
    for (unsigned i = 0; i < k->n; i++) {
        if (k->ttys[i].device == st.st_rdev) {
            return 0;
        }
    }
    if (k->n == MAX_TTYS) {
        return EMFILE;
    }
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (own < 0) {
        return errno;
    }
    k->ttys[k->n++] = (struct kept){own, st.st_rdev, *before};
    return 0;
}

int wx_tty_get(int fd, struct wx_tty_state *ret)
{
    struct termios mode;
    struct winsize size = {0};
    if (tcgetattr(fd, &mode) != 0) {
        return errno;
    }
    (void)ioctl(fd, TIOCGWINSZ, &size); /* else of no size */
    *ret = (struct wx_tty_state){.cols = size.ws_col,
                                 .rows = size.ws_row,
                                 .width = size.ws_xpixel,
                                 .height = size.ws_ypixel,
                                 .echo = (mode.c_lflag & ECHO) != 0,
                                 .line_buffered = (mode.c_lflag & ICANON) != 0};
    return 0;
}

static int set_size(int fd, const struct wx_tty_state *now, const struct wx_tty_state *state)
{
    if (now->cols == state->cols && now->rows == state->rows && now->width == state->width &&
        now->height == state->height) {
        return 0;
    }
    if (state->cols > UINT16_MAX || state->rows > UINT16_MAX || state->width > UINT16_MAX ||
        state->height > UINT16_MAX) {
        return EINVAL;
    }
    const struct winsize size = {.ws_col = (unsigned short)state->cols,
                                 .ws_row = (unsigned short)state->rows,
                                 .ws_xpixel = (unsigned short)state->width,
                                 .ws_ypixel = (unsigned short)state->height};
    return result(ioctl(fd, TIOCSWINSZ, &size));
}

static void apply(struct termios *mode, const struct wx_tty_state *state)
{
    mode->c_lflag &= ~(tcflag_t)(ECHO | ICANON);
    mode->c_lflag |= (state->echo ? ECHO : 0u) | (state->line_buffered ? ICANON : 0u);
    if (!state->line_buffered) { /* a byte is enough for a read */
        mode->c_cc[VMIN] = 1;
        mode->c_cc[VTIME] = 0;
    }
}

int wx_tty_set(struct wx_tty_keeper *k, int fd, const struct wx_tty_state *state)
{
    struct wx_tty_state now = {0};
    struct termios mode;
    int e = wx_tty_get(fd, &now);
    if (e) {
        return e;
    }
    pid_t foreground = tcgetpgrp(fd); /* fails when it does not control us */
    if (foreground >= 0 && foreground != getpgrp()) {
        return EPERM;
    }
    e = set_size(fd, &now, state);
    if (e || (now.echo == state->echo && now.line_buffered == state->line_buffered)) {
        return e;
    }
    wx_mutex_lock(&k->lock);
    e = result(tcgetattr(fd, &mode));
    e = e ? e : keep(k, fd, &mode);
    if (!e) {
        apply(&mode, state);
        e = set_mode(fd, &mode);
    }
    wx_mutex_unlock(&k->lock);
    return e;
}
