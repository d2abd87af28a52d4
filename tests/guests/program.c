/* SPDX-License-Identifier: Apache-2.0 */
/* A C program over its libc: files, directories, sorting, time. usage: program DIRECTORY */
/* Its output is the same natively and as a guest; nothing depends on the host or the clock. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *root;

static const char *under(const char *name)
{
    static char path[4][512];
    static unsigned next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", root, name);
    return p;
}

static void report(const char *what, int result)
{
    printf("%s: %s\n", what, result < 0 ? strerror(errno) : "done");
}

static void write_numbers(void)
{
    FILE *f = fopen(under("c/numbers.txt"), "w");
    if (!f) {
        report("fopen", -1);
        exit(1);
    }
    unsigned long long x = 88172645463325252ull;
    for (int i = 0; i < 20000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        fprintf(f, "%llu %g\n", x, (double)(x >> 11) / 9007199254740992.0);
    }
    report("fclose", fclose(f));
}

static int compare(const void *a, const void *b)
{
    unsigned long long x = *(const unsigned long long *)a, y = *(const unsigned long long *)b;
    return x < y ? -1 : x > y;
}

static void read_numbers(void)
{
    static unsigned long long values[20000];
    FILE *f = fopen(under("c/numbers.txt"), "r");
    size_t n = 0;
    double v, sum = 0;
    while (f && n < 20000 && fscanf(f, "%llu %lf", &values[n], &v) == 2) {
        n++;
        sum += v;
    }
    if (f) {
        fclose(f);
    }
    qsort(values, n, sizeof *values, compare);
    printf("%zu numbers, %.6f, median %llu\n", n, sum, values[n / 2]);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void list(const char *name)
{
    struct dirent **entries;
    int n = scandir(under(name), &entries, NULL, by_name);
    printf("%s:", name);
    for (int i = 0; i < n; i++) {
        struct stat st;
        char path[512];
        snprintf(path, sizeof path, "%s/%s", name, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && lstat(under(path), &st) == 0) {
            printf(" %s%s", entries[i]->d_name,
                   S_ISDIR(st.st_mode)   ? "/"
                   : S_ISLNK(st.st_mode) ? "@"
                                         : "");
        }
        free(entries[i]);
    }
    printf(n < 0 ? " %s\n" : "\n", strerror(errno));
}

static void names(void)
{
    report("mkdir", mkdir(under("c/sub"), 0777));
    report("mkdir again", mkdir(under("c/sub"), 0777));
    for (int i = 0; i < 200; i++) { /* more than one readdir buffer */
        char name[64];
        snprintf(name, sizeof name, "c/sub/file-%03d-with-a-long-name", i);
        FILE *f = fopen(under(name), "w");
        if (f) {
            fclose(f);
        }
    }
    list("c/sub");
    report("rename", rename(under("c/sub/file-007-with-a-long-name"), under("c/seven")));
    report("symlink", symlink("seven", under("c/link")));
    report("unlink missing", unlink(under("c/sub/file-007-with-a-long-name")));
    report("rmdir full", rmdir(under("c/sub")));
    report("open directory for writing", open(under("c/sub"), O_WRONLY));
    list("c");
}

static void seeks(void)
{
    int fd = open(under("c/seven"), O_RDWR);
    char text[32] = "";
    report("write", (int)write(fd, "0123456789", 10));
    report("truncate", ftruncate(fd, 8));
    report("pread", (int)pread(fd, text, 4, 2));
    printf("'%s', end at %ld, ", text, (long)lseek(fd, 0, SEEK_END));
    struct stat st;
    printf("size %ld, past the end %ld\n", fstat(fd, &st) == 0 ? (long)st.st_size : -1L,
           (long)lseek(fd, 100, SEEK_SET));
    close(fd);
    report("read closed", (int)read(fd, text, 1));
}

static void times(void)
{
    time_t t = 1700000000;
    char text[64];
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", gmtime(&t));
    struct timespec a, b, nap = {0, 5000000};
    clock_gettime(CLOCK_MONOTONIC, &a);
    nanosleep(&nap, NULL);
    clock_gettime(CLOCK_MONOTONIC, &b);
    long long ns = (b.tv_sec - a.tv_sec) * 1000000000ll + (b.tv_nsec - a.tv_nsec);
    printf("%s, slept %s\n", text, ns >= 5000000 ? "long enough" : "too short");
}

int main(int argc, char **argv)
{
    root = argc > 1 ? argv[1] : ".";
    report("mkdir c", mkdir(under("c"), 0777));
    write_numbers();
    read_numbers();
    names();
    seeks();
    times();
    printf("HOME is %s\n", getenv("HOME") ? "set" : "not set");
    return 7;
}
