/* SPDX-License-Identifier: Apache-2.0 */
/* A host in C: gives a plugin threads and nothing else, calls it, reads its memory. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <waxwing/waxwing.h>

static double now_ms(void)
{
    struct timespec ts;
    (void)timespec_get(&ts, TIME_UTC);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static double last;

static void step(const char *what)
{
    double now = now_ms();
    printf("%8.2f ms  %s\n", now - last, what);
    last = now_ms();
}

/* The error by address: what a call writes to it may come after the other argument is read. */
static void check(wax_status status, wax_error **error)
{
    if (status != WAX_OK) {
        fprintf(stderr, "error: %s\n", wax_error_message(*error));
        if (wax_error_hint(*error)[0]) {
            fprintf(stderr, "hint: %s\n", wax_error_hint(*error));
        }
        wax_error_free(*error);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PLUGIN.wasm\n", argv[0]);
        return 64;
    }
    wax_engine *engine = NULL;
    wax_module *module = NULL;
    wax_builder *builder = NULL;
    wax_env *env = NULL;
    wax_error *error = NULL;
    last = now_ms();

    check(wax_engine_new(NULL, &engine, &error), &error);
    step("engine made");
    check(wax_module_from_file(engine, argv[1], &module, &error), &error);
    step("plugin loaded and validated");

    check(wax_builder_new(engine, "painter", &builder, &error), &error);
    wax_builder_grant(builder, WAX_CAP_THREADS); /* no files, no environment, no streams */
    check(wax_builder_instantiate(builder, module, &env, &error), &error);
    step("instantiated: version detected, shared memory made, imports linked");

    wax_value args[3] = {WAX_INIT_I32(78), WAX_INIT_I32(24), WAX_INIT_I32(4)}, address, sum;
    check(wax_env_call(env, "render", args, 3, &address, 1, &error), &error);
    step("render(78, 24, 4) ran on four guest threads");

    char *image = NULL;
    check(wax_env_read_str(env, (uint32_t)address.of.i32, 100000, &image, &error), &error);
    check(wax_env_call(env, "iterations", NULL, 0, &sum, 1, &error), &error);
    step("picture read from guest memory");
    fputs(image, stdout);
    printf("%lld iterations; rows painted by each thread:", (long long)sum.of.i64);
    for (int i = 0; i < 4; i++) {
        wax_value thread = WAX_INIT_I32(0), rows;
        thread.of.i32 = i;
        check(wax_env_call(env, "rows_by", &thread, 1, &rows, 1, &error), &error);
        printf(" %d", rows.of.i32);
    }
    printf("\n");
    free(image);
    last = now_ms();
    wax_env_free(env);
    wax_builder_free(builder);
    wax_module_free(module);
    wax_engine_free(engine);
    step("everything freed: threads, memory, descriptors");
    return 0;
}
