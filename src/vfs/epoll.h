/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of watched files, on epoll of the host. Nothing here blocks: host_fd tells what to wait for.
 */
#ifndef WX_VFS_EPOLL_H
#define WX_VFS_EPOLL_H

#include "base/budget.h"
#include "vfs/file.h"

#define WX_EPOLL_DATA 24

/** What is watched for and what happened: EPOLL* of the host; and bytes that go along. */
struct wx_epoll_event {
    uint32_t events;
    uint8_t data[WX_EPOLL_DATA];
};

/**
 * An empty set. It takes one descriptor of the host; what it needs beyond is charged to the budget,
 * which must outlive it. @return host errno
 */
int wx_epoll_new(struct wx_mem *mem, struct wx_budget *budget, struct wx_file **ret);
bool wx_file_is_epoll(const struct wx_file *f);

/*
 * Of files that are sets; the host errno. As with epoll(7) an entry is a number and an open file:
 * duplicates are entries of their own, and an entry ends with its file, not with the number.
 * Regular files and directories are EPERM; streams that never wait are always ready.
 */
int wx_epoll_add(struct wx_file *set, uint32_t number, struct wx_file *f,
                 const struct wx_epoll_event *event);
int wx_epoll_modify(struct wx_file *set, uint32_t number, struct wx_file *f,
                    const struct wx_epoll_event *event);
int wx_epoll_remove(struct wx_file *set, uint32_t number, struct wx_file *f);
/** What is ready, at most `max`. @return how many, or -errno */
int wx_epoll_take(struct wx_file *set, struct wx_epoll_event *ret, int max);

#endif
