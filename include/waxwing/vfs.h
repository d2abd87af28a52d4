/* SPDX-License-Identifier: Apache-2.0 */
/* Filesystems of the embedder's own, as a table of functions. */
#ifndef WAXWING_VFS_H
#define WAXWING_VFS_H

#include <waxwing/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The directory a filesystem begins with. All other numbers of nodes are the filesystem's. */
#define WAX_FS_ROOT UINT64_C(1)
/** Offset of a write that appends. */
#define WAX_FS_APPEND UINT64_MAX
/** A time that stays as it is. */
#define WAX_FS_OMIT UINT64_MAX

enum { WAX_FS_FILE = 1, WAX_FS_DIR, WAX_FS_LINK };

/** Attributes of a node. Times are nanoseconds since 1970. */
typedef struct wax_fs_stat {
    uint32_t type; /* WAX_FS_* */
    uint32_t n_links;
    uint64_t size; /* of a file */
    uint64_t atime_ns, mtime_ns, ctime_ns;
} wax_fs_stat;

/** An entry of a directory, "." and ".." not among them. */
typedef struct wax_fs_entry {
    uint64_t next; /* cookie behind it: ascending from 1, below 2^61; stays when others go */
    uint64_t node;
    uint32_t type;  /* WAX_FS_* */
    char name[256]; /* NUL-terminated, without '/' */
} wax_fs_entry;

/**
 * What a filesystem can do. Paths are none of its business: it is asked for one name in one
 * directory; `..`, links, slashes and limits are looked after before. Names have 1 to 255 bytes, no
 * '/' and no NUL, and are neither "." nor "..".
 *
 * Functions return 0 or a positive errno of the host; those that return int64_t a number of bytes
 * or a negative errno. What makes no sense (more bytes than asked for, a name with '/', an unknown
 * type, an errno beyond 4,095) is EIO to the guest. A function that is NULL is EROFS if it changes
 * something, else ENOSYS; lookup, stat and list must be there. `data` is what was given to
 * wax_builder_mount_with(). Arguments are borrowed for the call.
 *
 * They are called on the guest thread that makes the call, several at once where guests have
 * threads or environments share `data`; never with a lock of ours held. They may block, but then
 * cancelling waits for them, and must not call into the environment.
 */
typedef struct wax_fs_ops {
    size_t struct_size; /* sizeof(wax_fs_ops) */
    /* The node of a name and its type; ENOENT if there is none. */
    int32_t (*lookup)(void *data, uint64_t dir, const char *name, uint64_t *ret_node,
                      uint32_t *ret_type);
    int32_t (*stat)(void *data, uint64_t node, wax_fs_stat *ret);
    /* The first entry behind a cookie, 0 = the beginning; ENOENT: no more. */
    int32_t (*list)(void *data, uint64_t dir, uint64_t cookie, wax_fs_entry *ret);
    int64_t (*read)(void *data, uint64_t node, void *buf, size_t len, uint64_t off);
    /* The text of a link, cut at len. */
    int64_t (*readlink)(void *data, uint64_t node, char *buf, size_t len);
    /* Each node that lookup or create gave is let go of once; files that are open keep theirs. */
    void (*forget)(void *data, uint64_t node);
    /* Below: only for filesystems that can be changed. */
    int64_t (*write)(void *data, uint64_t node, const void *buf, size_t len, uint64_t off);
    int32_t (*truncate)(void *data, uint64_t node, uint64_t size);
    /* A file, directory or link (with that text); EEXIST if the name is taken. */
    int32_t (*create)(void *data, uint64_t dir, const char *name, uint32_t type, const char *target,
                      uint64_t *ret_node);
    int32_t (*remove)(void *data, uint64_t dir, const char *name, int32_t is_dir);
    int32_t (*rename)(void *data, uint64_t from, const char *name, uint64_t to,
                      const char *to_name);
    int32_t (*link)(void *data, uint64_t node, uint64_t dir, const char *name);
    int32_t (*set_times)(void *data, uint64_t node, uint64_t atime_ns, uint64_t mtime_ns);
    int32_t (*sync)(void *data, uint64_t node);
} wax_fs_ops;

#ifdef __cplusplus
}
#endif
#endif
