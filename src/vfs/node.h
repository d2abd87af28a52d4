/* SPDX-License-Identifier: Apache-2.0 */
/* Filesystems of our own: nodes in trees, which tree.c walks. */
#ifndef WX_VFS_NODE_H
#define WX_VFS_NODE_H

#include "vfs/file.h"

struct wx_node;
struct wx_vsock; /* vfs/vsock.h */

/*
 * `name` is one component, neither "." nor "..", at most 255 bytes. Nodes come back with a
 * reference of their own. All return host errnos.
 */
struct wx_node_ops {
    /* Directories. */
    int (*lookup)(struct wx_node *dir, const char *name, struct wx_node **ret);
    /* A file, directory, or link with that text; EEXIST if the name is taken. */
    int (*create)(struct wx_node *dir, const char *name, mode_t type, const char *text,
                  struct wx_node **ret);
    int (*remove)(struct wx_node *dir, const char *name, bool is_dir);
    int (*rename)(struct wx_node *from, const char *name, struct wx_node *to, const char *to_name);
    int (*link)(struct wx_node *node, struct wx_node *dir, const char *name);
    int (*list)(struct wx_node *dir, uint64_t cookie, wx_entry_fn fn, void *data);
    /* Links: the text, cut at len. */
    int (*text)(struct wx_node *link, char *buf, size_t len, size_t *ret_len);
    /*
     * Sockets, of filesystems in memory; NULL: there are none. Directories: a new node for it, or
     * EEXIST. Nodes: who has it, counted, or NULL.
     */
    int (*bind)(struct wx_node *dir, const char *name, struct wx_vsock *socket);
    struct wx_vsock *(*socket)(struct wx_node *node);
    /* Files: open one with O_* flags. */
    int (*open)(struct wx_node *file, int flags, struct wx_file **ret);
    /* All. */
    int (*stat)(struct wx_node *node, struct stat *ret);
    int (*utimens)(struct wx_node *node, const struct timespec times[2]);
    void (*free)(struct wx_node *node);
};

/** Something in a tree. Filesystems put theirs around it. */
struct wx_node {
    const struct wx_node_ops *ops;
    uint32_t refs; /* atomic */
    mode_t type;   /* S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR, S_IFSOCK */
};

struct wx_node *wx_node_ref(struct wx_node *node);
void wx_node_unref(struct wx_node *node); /* NULL accepted */

/** An open directory at a node, whose reference it takes. @return NULL when out of memory */
struct wx_file *wx_tree_open_dir(struct wx_mem *mem, struct wx_node *dir);

#endif
