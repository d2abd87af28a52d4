/* SPDX-License-Identifier: Apache-2.0 */
/* Open files and directories of every kind of filesystem. */
#ifndef WX_VFS_FILE_H
#define WX_VFS_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/mem.h"

/*
 * Results are host errnos, or WX_EOUTSIDE when a path leads out of its directory (EXDEV stays what
 * the kernel means by it). Nothing here blocks: what would, answers EAGAIN.
 */
#define WX_EOUTSIDE 10000 /* no host errno has this number */

/* File types, numbered as preview1 does. */
enum {
    WX_FT_UNKNOWN,
    WX_FT_BLOCK,
    WX_FT_CHAR,
    WX_FT_DIR,
    WX_FT_FILE,
    WX_FT_DGRAM,
    WX_FT_STREAM,
    WX_FT_SYMLINK
};
/** The type in an st_mode. */
uint8_t wx_filetype(mode_t mode);

struct wx_file;
struct wx_sock_target; /* vfs/hostsock.h */

/** One entry of a listing. @return false: enough, and this entry was not taken */
typedef bool (*wx_entry_fn)(void *data, uint64_t next_cookie, uint64_t ino, uint8_t type,
                            const char *name);

struct wx_file_ops {
    /* Bytes, or -errno. off < 0: at the file's position, which moves. */
    ssize_t (*io)(struct wx_file *f, bool write, struct iovec *iov, int n, int64_t off);
    /* New position, or -errno. */
    int64_t (*seek)(struct wx_file *f, int64_t off, int whence);
    int (*stat)(struct wx_file *f, struct stat *ret);
    int (*truncate)(struct wx_file *f, uint64_t size);
    int (*allocate)(struct wx_file *f, uint64_t off, uint64_t len);
    int (*advise)(struct wx_file *f, uint64_t off, uint64_t len, int host_advice);
    int (*sync)(struct wx_file *f, bool data_only);
    int (*utimens)(struct wx_file *f, const struct timespec times[2]);
    int (*set_append)(struct wx_file *f, bool append);
    /* Entries behind `cookie` (0 = a fresh listing), "." and ".." first; EINVAL: no such cookie. */
    int (*list)(struct wx_file *dir, uint64_t cookie, wx_entry_fn fn, void *data);
    void (*free)(struct wx_file *f); /* memory included */
};

struct wx_open_how {
    int flags;   /* O_* access mode and O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY, … */
    bool follow; /* follow a final symbolic link */
};

/*
 * What can be done with paths below a directory. They are relative and not empty; a trailing slash
 * means that a directory is required. (Only of a directory that crosses mounts they may be
 * absolute.) Of two directories both have the same ops.
 */
struct wx_dir_ops {
    int (*open)(struct wx_file *d, const char *path, const struct wx_open_how *how,
                struct wx_file **ret);
    int (*stat)(struct wx_file *d, const char *path, bool follow, struct stat *ret);
    int (*utimens)(struct wx_file *d, const char *path, bool follow,
                   const struct timespec times[2]);
    int (*mkdir)(struct wx_file *d, const char *path);
    int (*rmdir)(struct wx_file *d, const char *path);
    int (*unlink)(struct wx_file *d, const char *path);
    int (*symlink)(const char *target, struct wx_file *d, const char *path);
    int (*readlink)(struct wx_file *d, const char *path, char *buf, size_t len, size_t *ret_len);
    int (*rename)(struct wx_file *from, const char *path, struct wx_file *to, const char *to_path);
    int (*link)(struct wx_file *from, const char *path, struct wx_file *to, const char *to_path);
    /*
     * Sockets, by one name in the directory itself, which is not followed; not of a directory that
     * crosses mounts. bind: EADDRINUSE if something has the name, EOPNOTSUPP: there are no sockets;
     * below a directory that has no host_fd it takes local ones. find: ECONNREFUSED, no socket.
     */
    int (*bind_socket)(struct wx_file *d, const char *name, struct wx_file *sock);
    int (*find_socket)(struct wx_file *d, const char *name, struct wx_sock_target *ret);
};

/** Whether a file is still open, to who must not keep it open. Counted. */
struct wx_file_life;

/**
 * An open file, counted by table entries and by calls at work on it, so that closing a descriptor
 * somebody blocks on is safe. Filesystems put theirs around it.
 */
struct wx_file {
    const struct wx_file_ops *ops;
    const struct wx_dir_ops *dir; /* NULL: no directory */
    struct wx_mem *mem;
    uint32_t refs;             /* atomic */
    struct wx_file_life *life; /* atomic; NULL: nobody asked */
    int host_fd;               /* to wait for, and for what the kernel does; -1: always ready */
    uint16_t flags;            /* atomic: flags of the open file in its user's numbers */
    uint8_t filetype;
    bool whole;     /* a byte stream: a write that may wait goes on until all is written */
    bool read_only; /* below a read-only mount */
    uint32_t mount; /* which mount it was opened below, from 1; 0 = none */
    bool no_links;  /* a directory in memory: following a link is ELOOP */
    bool crosses;   /* a directory whose paths cross mounts: it looks after their flags itself */
    uint8_t waits;  /* atomic: so many reads more are expected to wait */
};

struct wx_file *wx_file_ref(struct wx_file *file);
void wx_file_unref(struct wx_file *file); /* NULL accepted */
/** Its life, with a reference; NULL: out of memory. */
struct wx_file_life *wx_file_life_ref(struct wx_file *file);
/** Its life if somebody asked, borrowed: the same pointer means the same open file. */
const struct wx_file_life *wx_file_life_of(const struct wx_file *file);
void wx_file_life_unref(struct wx_file_life *life); /* NULL accepted */
/** The file is gone, its host descriptor closed. */
bool wx_file_life_is_over(const struct wx_file_life *life);
/* For filesystems: fill in what all have; one reference. */
void wx_file_init(struct wx_file *file, const struct wx_file_ops *ops, struct wx_mem *mem,
                  uint8_t filetype);
/* Ops of files that can not do something: EISDIR, EINVAL, ESPIPE, ENOTDIR as fits. */
ssize_t wx_file_no_io(struct wx_file *f, bool write, struct iovec *iov, int n, int64_t off);
int64_t wx_file_no_seek(struct wx_file *f, int64_t off, int whence);
int wx_file_no_truncate(struct wx_file *f, uint64_t size);
int wx_file_no_allocate(struct wx_file *f, uint64_t off, uint64_t len);
int wx_file_no_advise(struct wx_file *f, uint64_t off, uint64_t len, int host_advice);
int wx_file_no_sync(struct wx_file *f, bool data_only);
int wx_file_no_utimens(struct wx_file *f, const struct timespec times[2]);
int wx_file_any_append(struct wx_file *f, bool append); /* keeps no offset: nothing to do */
int wx_file_no_list(struct wx_file *dir, uint64_t cookie, wx_entry_fn fn, void *data);

/*
 * Readers of what answers one by one find nothing whenever they come: then a try is a call of the
 * system for nothing. After one that found nothing the next ones wait before they try. Of byte
 * streams only: others have reads that fail at once.
 */
void wx_file_found_nothing(struct wx_file *file);
/** Whether this read should wait first; every few of them should not, to find out. */
bool wx_file_expects_nothing(struct wx_file *file);

/** Sum of the lengths. */
uint64_t wx_iov_total(const struct iovec *iov, int n);
/** Leave out the first `done` bytes. */
void wx_iov_skip(struct iovec **iov, int *n, uint64_t done);
/** readv(), writev(), where the file stands: of one buffer without a vector to copy. */
ssize_t wx_iov_read(int fd, const struct iovec *iov, int n);
ssize_t wx_iov_write(int fd, const struct iovec *iov, int n);

#endif
