/* SPDX-License-Identifier: Apache-2.0 */
/* Guests with network rules whose exports answer 0, or the line of what was wrong. */
#ifndef WAXWING_TESTS_NETGUEST_H
#define WAXWING_TESTS_NETGUEST_H

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <waxwing/waxwing.h>

#include "support/entries.h"

static pthread_mutex_t decisions_lock = PTHREAD_MUTEX_INITIALIZER;
static char decisions[4096]; /* of the rules, one a line */

static inline void keep_decision(void *data, const wax_net_decision *d)
{
    (void)data;
    (void)pthread_mutex_lock(&decisions_lock);
    size_t len = strlen(decisions);
    (void)snprintf(decisions + len, sizeof decisions - len, "%s: %d rule %u: %s\n", d->what,
                   d->allowed, d->rule, d->why);
    (void)pthread_mutex_unlock(&decisions_lock);
}

struct guest {
    const char *tier, *path, *rules; /* the rules with spaces between them */
    const char *dir;                 /* what it sees as /host; NULL: nothing */
    uint32_t mount_flags;
    wax_engine *engine;
    wax_module *module;
    wax_builder *builder;
    wax_env *env;
    unsigned fds; /* of this process, before */
};

/* Everything but the environment. */
static inline void guest_describe(struct guest *g)
{
    wax_engine_options o;
    wax_error *error = NULL;
    char copy[512], *rest = copy, *rule;
    wax_engine_options_init(&o);
    o.tier = g->tier;
    g->fds = count_entries("/proc/self/fd");
    decisions[0] = '\0';
    assert_int_equal(wax_engine_new(&o, &g->engine, NULL), WAX_OK);
    assert_int_equal(wax_module_from_file(g->engine, g->path, &g->module, NULL), WAX_OK);
    assert_int_equal(wax_builder_new(g->engine, "sockets", &g->builder, NULL), WAX_OK);
    wax_builder_grant(g->builder, WAX_CAP_THREADS | WAX_CAP_PROCESSES);
    (void)snprintf(copy, sizeof copy, "%s", g->rules);
    while ((rule = strsep(&rest, " "))) {
        if (rule[0] && wax_builder_net(g->builder, rule, &error) != WAX_OK) {
            fail_msg("%s", wax_error_message(error));
        }
    }
    assert_int_equal(wax_builder_tmpfs(g->builder, "/tmp", 0, 0, NULL), WAX_OK);
    if (g->dir) {
        assert_int_equal(wax_builder_mount(g->builder, g->dir, "/host", g->mount_flags, NULL),
                         WAX_OK);
    }
    assert_int_equal(wax_builder_net_log(g->builder, keep_decision, NULL, NULL), WAX_OK);
}

static inline void guest_open(struct guest *g)
{
    wax_error *error = NULL;
    guest_describe(g);
    if (wax_builder_instantiate(g->builder, g->module, &g->env, &error) != WAX_OK) {
        fail_msg("%s", wax_error_message(error));
    }
}

static inline void guest_close(struct guest *g)
{
    wax_env_free(g->env);
    wax_builder_free(g->builder);
    wax_module_free(g->module);
    wax_engine_free(g->engine);
    assert_int_equal(count_entries("/proc/self/fd"), g->fds);
}

static inline uint32_t call2(struct guest *g, const char *name, uint32_t a, uint32_t b, size_t n)
{
    const wax_value args[2] = {WAX_INIT_I32((int32_t)a), WAX_INIT_I32((int32_t)b)};
    wax_value result;
    wax_error *error = NULL;
    if (wax_env_call(g->env, name, args, n, &result, 1, &error) != WAX_OK) {
        fail_msg("%s: %s", name, wax_error_message(error));
    }
    return (uint32_t)result.of.i32;
}

static inline void well(struct guest *g, const char *name, uint32_t a, uint32_t b, size_t n)
{
    uint32_t r = call2(g, name, a, b, n);
    if (r) {
        fail_msg("%s(%u, %u): line %u answered %u\n%s", name, a, b, r / 1000, r % 1000, decisions);
    }
}

#endif
