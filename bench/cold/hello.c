/* SPDX-License-Identifier: Apache-2.0 */
/* Prints a line and ends: what starting costs. */
static const char text[] = "hello\n";

#ifdef __wasm__
struct chunk {
    const char *data;
    unsigned long len;
};
__attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_write"))) int
fd_write(int fd, const struct chunk *chunks, unsigned long n, unsigned long *ret_written);

__attribute__((export_name("_start"))) void _start(void)
{
    struct chunk chunk = {text, sizeof text - 1};
    unsigned long written;
    (void)fd_write(1, &chunk, 1, &written); /* nothing could be said about it */
}
#else
#include <unistd.h>

int main(void) { return write(1, text, sizeof text - 1) != sizeof text - 1; }
#endif
