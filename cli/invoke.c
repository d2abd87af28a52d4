/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of exports as text: values in, values out. */
#include "invoke.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const char *const type_names[] = {"i32",  "i64",     "f32",       "f64",
                                         "v128", "funcref", "externref", "exnref"};

/* -------- values -------- */

/* Decimal or 0x…, of `bits` bits with either sign. @return 0, or -1 */
static int parse_int(const char *s, int bits, uint64_t *ret)
{
    const char *digits = s + (*s == '-' || *s == '+');
    int base = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X') ? 16 : 10;
    char *end;
    errno = 0;
    if (!isxdigit((unsigned char)*digits)) {
        return -1;
    }
    uint64_t n = strtoull(digits, &end, base), top = UINT64_C(1) << (bits - 1);
    uint64_t most = *s == '-' ? top : top + (top - 1);
    *ret = *s == '-' ? 0 - n : n;
    return *end || errno || n > most ? -1 : 0;
}

/* What lies too near to zero is rounded; what is too large is none. */
static int parse_float(const char *s, double *ret, float *ret_narrow)
{
    char *end;
    errno = 0;
    *ret = strtod(s, &end);
    double d = *ret;
    int large = errno == ERANGE && isinf(d);
    if (isspace((unsigned char)*s) || end == s || *end) {
        return -1;
    }
    errno = 0;
    *ret_narrow = strtof(s, NULL);
    return large ? -1 : 0;
}

static int parse_value(const char *s, wax_valtype type, wax_value *v)
{
    uint64_t n = 0;
    double d = 0;
    float f = 0;
    int e;
    memset(v, 0, sizeof *v);
    v->type = type;
    switch (type) {
    case WAX_I32:
        e = parse_int(s, 32, &n);
        v->of.i32 = (int32_t)(uint32_t)n;
        return e;
    case WAX_I64:
        e = parse_int(s, 64, &n);
        v->of.i64 = (int64_t)n;
        return e;
    case WAX_F32:
        e = parse_float(s, &d, &f);
        v->of.f32 = f;
        return e || (isinf(f) && !isinf(d)) ? -1 : 0;
    case WAX_F64:
        e = parse_float(s, &d, &f);
        v->of.f64 = d;
        return e;
    case WAX_V128: return -1; /* no spelling of its own */
    default: return strcmp(s, "null") == 0 ? 0 : -1;
    }
}

static void print_value(const wax_value *v)
{
    switch (v->type) {
    case WAX_I32: printf("%" PRId32 "\n", v->of.i32); break;
    case WAX_I64: printf("%" PRId64 "\n", v->of.i64); break;
    case WAX_F32: printf("%.9g\n", (double)v->of.f32); break;
    case WAX_F64: printf("%.17g\n", v->of.f64); break;
    case WAX_V128:
        printf("0x");
        for (int i = 15; i >= 0; i--) {
            printf("%02x", v->of.v128[i]);
        }
        printf("\n");
        break;
    default: printf(v->of.externref ? "(reference)\n" : "null\n"); break;
    }
}

/* -------- the call -------- */

static int find(wax_module *module, const char *name, size_t len, wax_port *ret)
{
    for (size_t i = 0; wax_module_export(module, i, ret, NULL) == WAX_OK; i++) {
        if (ret->kind == WAX_EXTERN_FUNC && ret->name.len == len &&
            (len == 0 || memcmp(ret->name.data, name, len) == 0)) {
            return 1;
        }
    }
    return 0;
}

/* "(i32, f64)" */
static const char *signature(const wax_functype *t, char *buf, size_t size)
{
    size_t n = (size_t)snprintf(buf, size, "(");
    for (uint32_t i = 0; i < t->n_params && n < size; i++) {
        n += (size_t)snprintf(buf + n, size - n, "%s%s", i ? ", " : "", type_names[t->params[i]]);
    }
    if (n < size) {
        (void)snprintf(buf + n, size - n, ")");
    }
    return buf;
}

/* The arguments, from behind the parenthesis on: exactly those of the type. */
static int parse_args(const char *p, const wax_functype *t, struct cli_call *call, const char *spec)
{
    char types[256], word[64];
    (void)signature(t, types, sizeof types);
    p += strspn(p, " ");
    for (uint32_t i = 0; *p != ')' || i < t->n_params; i++) {
        size_t len = strcspn(p, ",)");
        size_t shown = len;
        while (shown > 0 && p[shown - 1] == ' ') {
            shown--;
        }
        if (i >= t->n_params) {
            return cli_usage("run", "--invoke '%s': too many arguments for %s", spec, types);
        }
        if (shown == 0) {
            return cli_usage("run", "--invoke '%s': argument %u of %s is missing", spec, i + 1,
                             types);
        }
        (void)snprintf(word, sizeof word, "%.*s", (int)(shown < 63 ? shown : 63), p);
        if (shown > 63 || parse_value(word, t->params[i], &call->args[i]) != 0) {
            return cli_usage("run", "--invoke '%s': argument %u: '%s' is no %s", spec, i + 1, word,
                             type_names[t->params[i]]);
        }
        p += len;
        if (*p == ',' && i + 1 < t->n_params) {
            p++;
            p += strspn(p, " ");
        }
    }
    return strcmp(p, ")") == 0 ? 0 : cli_usage("run", "--invoke '%s': text behind ')'", spec);
}

int cli_call_parse(wax_module *module, const char *spec, struct cli_call *ret)
{
    wax_port port;
    const char *open = strchr(spec, '(');
    size_t len = open ? (size_t)(open - spec) : strlen(spec);
    if (!find(module, spec, len, &port)) {
        fprintf(stderr,
                "waxwing: run: the module exports no function '%.*s'\n"
                "hint: 'waxwing inspect FILE' shows what there is\n",
                (int)len, spec);
        return EXIT_NOINPUT;
    }
    if (port.func.n_params > CLI_MAX_VALUES || port.func.n_results > CLI_MAX_VALUES) {
        return cli_usage("run", "--invoke '%s': more than %u parameters or results", spec,
                         CLI_MAX_VALUES);
    }
    ret->name = port.name;
    ret->n_args = port.func.n_params;
    ret->n_results = port.func.n_results;
    if (open && !strchr(open, ')')) {
        return cli_usage("run", "--invoke '%s': a ')' is missing", spec);
    }
    return parse_args(open ? open + 1 : ")", &port.func, ret, spec);
}

int cli_call_run(wax_env *env, const struct cli_call *call)
{
    wax_value results[CLI_MAX_VALUES];
    wax_error *error = NULL;
    wax_extern ext;
    wax_status st = wax_instance_export(wax_env_instance(env), call->name, &ext, &error);
    if (st == WAX_OK) {
        st = wax_call(ext.of.func, call->args, call->n_args, results, call->n_results, &error);
    }
    if (st == WAX_EXIT) {
        int code = wax_error_exit_code(error);
        wax_error_free(error);
        return code;
    }
    if (st != WAX_OK) {
        return cli_fail("run", error);
    }
    for (uint32_t i = 0; i < call->n_results; i++) {
        print_value(&results[i]);
    }
    return 0;
}
