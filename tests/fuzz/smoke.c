/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzz target without a fuzzer: its corpus, then mutants and random bytes of fixed seeds. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle.h"
#include "fuzz.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In the order of names, so that a run is the same everywhere. */
static bool read_corpus(const char *dir, struct bundle *b)
{
    DIR *d = opendir(dir);
    char **names = NULL;
    size_t n = 0;
    const struct dirent *e;
    while (d && (e = readdir(d))) {
        if (e->d_name[0] != '.') {
            names = realloc(names, (n + 1) * sizeof *names);
            names[n++] = strdup(e->d_name);
        }
    }
    if (!d) {
        return false;
    }
    closedir(d);
    qsort(names, n, sizeof *names, by_name);
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        ok = ok && bundle_read_one(path, b);
        free(names[i]);
    }
    free(names);
    return ok && n > 0;
}

int main(int argc, char **argv)
{
    struct bundle corpus = {0};
    if (argc < 3 || !read_corpus(argv[1], &corpus)) {
        fprintf(stderr, "usage: %s CORPUS_DIR RUNS [SEED]\n", argv[0]);
        return 64;
    }
    unsigned long runs = strtoul(argv[2], NULL, 0);
    struct gen_rand r = {argc > 3 ? strtoull(argv[3], NULL, 0) : 1};
    for (uint32_t i = 0; i < corpus.n; i++) {
        (void)LLVMFuzzerTestOneInput(corpus.p[i], corpus.len[i]);
    }
    for (unsigned long i = 0; i < runs; i++) {
        uint32_t which = (uint32_t)(gen_rand_next(&r) % corpus.n);
        size_t len;
        uint8_t *p = bundle_mutant(corpus.p[which], corpus.len[which], &r, &len);
        (void)LLVMFuzzerTestOneInput(p, len);
        free(p);
    }
    printf("ok 1 - %u of the corpus, %lu mutants\n1 passed, 0 failed, 0 skipped\n", corpus.n, runs);
    bundle_fini(&corpus);
    return 0;
}
