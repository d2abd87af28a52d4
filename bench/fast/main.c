/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the kernel: reads the rounds from argument 1, prints "CHECKSUM NANOSECONDS". */
#include "bench.h"

#ifdef __wasm__
#define WASI(NAME) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#NAME)))

struct chunk {
    const char *data;
    size_t len;
};

WASI(args_get) int args_get(char **argv, char *text);
WASI(args_sizes_get) int args_sizes_get(size_t *ret_argc, size_t *ret_len);
WASI(clock_time_get) int clock_time_get(int clock, uint64_t precision, uint64_t *ret_ns);
WASI(fd_write) int fd_write(int fd, const struct chunk *chunks, size_t n, size_t *ret_written);

static uint64_t now_ns(void)
{
    uint64_t ns = 0;
    (void)clock_time_get(1, 1, &ns); /* monotonic; without it the time reads 0 */
    return ns;
}

static void print(const char *text, size_t len)
{
    struct chunk chunk = {text, len};
    size_t written;
    (void)fd_write(1, &chunk, 1, &written); /* the harness misses the line where this fails */
}
#else
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void print(const char *text, size_t len)
{
    (void)!write(1, text, len); /* the harness misses the line where this fails */
}
#endif

static char *put_number(char *at, uint64_t value, unsigned base, unsigned min_digits)
{
    char digits[24];
    unsigned n = 0;
    while (value != 0 || n < min_digits) {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    }
    while (n > 0) {
        *at++ = digits[--n];
    }
    return at;
}

static void run(const char *argument)
{
    uint32_t rounds = 0;
    while (*argument >= '0' && *argument <= '9') {
        rounds = rounds * 10 + (uint32_t)(*argument++ - '0');
    }
    uint64_t start = now_ns();
    uint64_t sum = kernel(rounds);
    uint64_t spent = now_ns() - start;
    char line[64], *end = put_number(line, sum, 16, 16);
    *end++ = ' ';
    end = put_number(end, spent, 10, 1);
    *end++ = '\n';
    print(line, (size_t)(end - line));
}

#ifdef __wasm__
static char *argv[64], text[4096];

__attribute__((export_name("_start"))) void _start(void)
{
    size_t argc, len;
    if (args_sizes_get(&argc, &len) == 0 && argc >= 2 && argc <= 64 && len <= sizeof text &&
        args_get(argv, text) == 0) {
        run(argv[1]);
    }
}
#else
int main(int argc, char **argv)
{
    if (argc == 2) {
        run(argv[1]);
    }
    return argc != 2;
}
#endif
