/* SPDX-License-Identifier: Apache-2.0 */
/* Files a process writes about itself for tools: appended to whole, trusted by nobody. */
#ifndef WX_OS_DUMP_H
#define WX_OS_DUMP_H

#include <stddef.h>

/**
 * Open a file for appending, made with mode 0600. One that is there must be a regular file of this
 * user's under no second name, since directories such as /tmp are everybody's; it is emptied
 * unless this process made it. An empty one gets the head. @return host errno, EACCES if it is not
 * ours
 */
int wx_dump_open(const char *path, const void *head, size_t head_len, int *ret_fd);
void wx_dump_close(int *fd); /* -1 is accepted */

struct wx_dump_part {
    const void *p;
    size_t len;
};
/** Append the parts as one piece, whoever else appends. At most 8. @return host errno */
int wx_dump_append(int fd, const struct wx_dump_part *parts, unsigned n);

#endif
