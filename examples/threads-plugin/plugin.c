/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin with worker threads: paints the Mandelbrot set into shared memory, row by row. */
#include <waxwing/guest.h>

#define MAX_THREADS 16
#define MAX_WIDTH 160
#define MAX_HEIGHT 60
#define STACK_BYTES 16384
#define MAX_ITERATIONS 2000

static char image[MAX_HEIGHT * (MAX_WIDTH + 1) + 1];
static _Alignas(16) char stacks[MAX_THREADS][STACK_BYTES];
static wax_thread threads[MAX_THREADS];

static struct {
    uint32_t width, height;
    uint32_t next_row;   /* atomic: the next row nobody paints yet */
    uint64_t iterations; /* atomic: work done by all threads */
    uint32_t rows_by[MAX_THREADS];
} job;

static uint32_t paint_point(double cx, double cy)
{
    double x = 0, y = 0;
    uint32_t i = 0;
    while (i < MAX_ITERATIONS && x * x + y * y < 4) {
        double t = x * x - y * y + cx;
        y = 2 * x * y + cy;
        x = t;
        i++;
    }
    return i;
}

static void paint_row(uint32_t row)
{
    static const char shades[] = " .:-=+*#%@";
    char *out = image + row * (job.width + 1);
    uint64_t sum = 0;
    for (uint32_t col = 0; col < job.width; col++) {
        uint32_t n = paint_point(-2.2 + 3.2 * col / job.width, -1.2 + 2.4 * row / job.height);
        sum += n;
        out[col] = n == MAX_ITERATIONS ? '@' : shades[n / 2 % 9];
    }
    out[job.width] = '\n';
    __atomic_fetch_add(&job.iterations, sum, __ATOMIC_SEQ_CST);
}

static void worker(void *arg)
{
    uint32_t self = (uint32_t)(uintptr_t)arg;
    for (;;) {
        uint32_t row = __atomic_fetch_add(&job.next_row, 1, __ATOMIC_SEQ_CST);
        if (row >= job.height) {
            return;
        }
        paint_row(row);
        job.rows_by[self]++;
    }
}

/** Paint with n threads. @return address of the NUL-terminated image, 0 if a thread did not start
 */
WAX_EXPORT("render") const char *render(uint32_t width, uint32_t height, uint32_t n)
{
    job.width = width < MAX_WIDTH ? width : MAX_WIDTH;
    job.height = height < MAX_HEIGHT ? height : MAX_HEIGHT;
    job.next_row = 0;
    job.iterations = 0;
    n = n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : n;
    for (uint32_t i = 0; i < n; i++) {
        job.rows_by[i] = 0;
        if (wax_thread_start(&threads[i], worker, (void *)(uintptr_t)i, stacks[i], STACK_BYTES) !=
            0) {
            for (uint32_t k = 0; k < i; k++) {
                wax_thread_join(&threads[k]);
            }
            return 0;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        wax_thread_join(&threads[i]);
    }
    image[job.height * (job.width + 1)] = '\0';
    return image;
}

WAX_EXPORT("iterations") uint64_t iterations(void) { return job.iterations; }
WAX_EXPORT("rows_by") uint32_t rows_by(uint32_t thread)
{
    return thread < MAX_THREADS ? job.rows_by[thread] : 0;
}

WAX_EXPORT("_start") void start(void)
{
    const char *text = render(78, 24, 4);
    if (!text) {
        wax_print_str("threads were refused\n");
        p1_proc_exit(1);
    }
    wax_print_str(text);
    wax_print_num(job.iterations);
    wax_print_str(" iterations by 4 threads\n");
}
