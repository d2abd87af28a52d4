/* SPDX-License-Identifier: Apache-2.0 */
/* A C program over wasi-libc: files, directories, links, and attempts to get out. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int failed, passed;

static void check(const char *what, int ok)
{
    printf("%s - %s\n", ok ? "ok" : "not ok", what);
    *(ok ? &passed : &failed) += 1;
}

static int fails_with(int result, int want) { return result < 0 && errno == want; }

static void files(void)
{
    char buf[64];
    FILE *f = fopen("/data/a.txt", "w+");
    check("create", f != NULL);
    check("write", f && fputs("hello, file\n", f) >= 0 && fflush(f) == 0);
    check("seek and read back", f && fseek(f, 7, SEEK_SET) == 0 && fgets(buf, sizeof buf, f) &&
                                    strcmp(buf, "file\n") == 0);
    check("seek before the start is refused", f && fseek(f, -1, SEEK_SET) != 0);
    if (f) {
        fclose(f);
    }
    int fd = open("/data/a.txt", O_WRONLY | O_APPEND);
    check("append", fd >= 0 && write(fd, "x", 1) == 1 && lseek(fd, 0, SEEK_CUR) == 13);
    check("reading a write-only descriptor is refused",
          fails_with((int)read(fd, buf, 1), EBADF) || errno == ENOTCAPABLE);
    close(fd);
    check("closed twice", fails_with(close(fd), EBADF));
    struct stat st;
    check("stat", stat("/data/a.txt", &st) == 0 && st.st_size == 13 && S_ISREG(st.st_mode));
    check("truncate",
          truncate("/data/a.txt", 5) == 0 && stat("/data/a.txt", &st) == 0 && st.st_size == 5);
    check("excl on an existing file",
          fails_with(open("/data/a.txt", O_CREAT | O_EXCL | O_RDWR), EEXIST));
    check("trailing slash on a file", fails_with(open("/data/a.txt/", O_RDONLY), ENOTDIR));
    check("missing file", fails_with(open("/data/none", O_RDONLY), ENOENT));
}

static void directories(void)
{
    check("mkdir", mkdir("/data/dir", 0777) == 0);
    check("mkdir twice", fails_with(mkdir("/data/dir", 0777), EEXIST));
    for (int i = 0; i < 300; i++) {
        char name[64];
        snprintf(name, sizeof name, "/data/dir/f%d", i);
        close(open(name, O_CREAT | O_WRONLY, 0666));
    }
    check("rmdir of a full directory", fails_with(rmdir("/data/dir"), ENOTEMPTY));
    int seen = 0;
    DIR *d = opendir("/data/dir");
    for (struct dirent *e; d && (e = readdir(d));) {
        char name[300];
        snprintf(name, sizeof name, "/data/dir/%s", e->d_name);
        if (e->d_name[0] == 'f') {
            seen++;
            unlink(name); /* deleting while listing loses nothing */
        }
    }
    if (d) {
        closedir(d);
    }
    check("listing while deleting sees all", seen == 300);
    check("unlink of a directory", fails_with(unlink("/data/dir"), EISDIR) || errno == EPERM);
    check("rename", rename("/data/a.txt", "/data/dir/b.txt") == 0);
    check("link", link("/data/dir/b.txt", "/data/c.txt") == 0);
    check("unlink", unlink("/data/dir/b.txt") == 0);
    check("rmdir", rmdir("/data/dir") == 0);
}

static void escapes(void)
{
    char buf[128];
    check("symlink", symlink("c.txt", "/data/link") == 0);
    check("readlink", readlink("/data/link", buf, sizeof buf) == 5 && memcmp(buf, "c.txt", 5) == 0);
    check("open through a link", close(open("/data/link", O_RDONLY)) == 0);
    check("dotdot out", open("/data/../secret", O_RDONLY) < 0);
    check("link made by the host, leading out", open("/data/outlink", O_RDONLY) < 0);
    check("directory link leading out", open("/data/outdir/secret", O_RDONLY) < 0);
    check("create through a dangling link out",
          open("/data/dangling", O_CREAT | O_WRONLY, 0666) < 0);
    check("absolute path of the host", open("/etc/passwd", O_RDONLY) < 0);
    check("absolute link target", symlink("/etc/passwd", "/data/abs") < 0);
    check("fifo made by the host", open("/data/fifo", O_RDONLY) < 0);
    check("hard link out of a read-only mount", link("/ro/keep", "/data/stolen") < 0);
    check("truncating below a read-only mount", open("/ro/keep", O_WRONLY | O_TRUNC) < 0);
    check("creating below a read-only mount", open("/ro/new", O_CREAT | O_WRONLY, 0666) < 0);
    check("removing below a read-only mount", unlink("/ro/keep") < 0);
    check("reading below a read-only mount", close(open("/ro/keep", O_RDONLY)) == 0);
    check("chmod-like times below a read-only mount", utimensat(AT_FDCWD, "/ro/keep", NULL, 0) < 0);
}

static void others(int argc, char **argv)
{
    check("arguments",
          argc == 3 && strcmp(argv[1], "one") == 0 && strcmp(argv[2], "two words") == 0);
    check("environment", getenv("KEY") && strcmp(getenv("KEY"), "value") == 0);
    check("nothing else in the environment", getenv("PATH") == NULL && getenv("HOME") == NULL);
    struct timespec a, b, nap = {0, 2000000};
    clock_gettime(CLOCK_MONOTONIC, &a);
    nanosleep(&nap, NULL);
    clock_gettime(CLOCK_MONOTONIC, &b);
    check("sleep takes its time",
          (b.tv_sec - a.tv_sec) * 1000000000ll + b.tv_nsec - a.tv_nsec >= 2000000);
    unsigned char r[32] = {0}, zero[32] = {0};
    check("random", getentropy(r, sizeof r) == 0 && memcmp(r, zero, sizeof r) != 0);
}

int main(int argc, char **argv)
{
    files();
    directories();
    escapes();
    others(argc, argv);
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
