/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the host written in C++. */
#include "support/capi.h"

int run_cxx_host(const unsigned char *bytes, size_t len);

static void test_cxx_host(void **state)
{
    (void)state;
    struct wasm w;
    wasm_init(&w);
    assert_int_equal(run_cxx_host(w.b, w.n), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cxx_host)};
    return cmocka_run_group_tests_name("cxx", tests, NULL, NULL);
}
