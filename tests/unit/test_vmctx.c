/* SPDX-License-Identifier: Apache-2.0 */
/* The fields compiled code reads: vmctx.def is what the struct has, from its start, without gaps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/rt/store.h"

struct field {
    const char *name;
    size_t offset, size, align;
};

static const struct field fields[] = {
#define VMCTX(TYPE, NAME) {#NAME, offsetof(struct wx_instance, NAME), sizeof(TYPE), _Alignof(TYPE)},
#include "engine/rt/vmctx.def"
#undef VMCTX
};

static void test_vmctx_offsets_follow_the_table(void **state)
{
    (void)state;
    size_t at = 0;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const struct field *f = &fields[i];
        at = (at + f->align - 1) / f->align * f->align;
        if (f->offset != at) {
            fail_msg("%s is at %zu, the table says %zu", f->name, f->offset, at);
        }
        at += f->size;
    }
    assert_true(at > 0 && at <= offsetof(struct wx_instance, link)); /* our own fields follow */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vmctx_offsets_follow_the_table)};
    return cmocka_run_group_tests_name("vmctx", tests, NULL, NULL);
}
