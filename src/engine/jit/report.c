/* SPDX-License-Identifier: Apache-2.0 */
/* From compiled functions to the engine's profile. */
#include "engine/jit/report.h"

#include "engine/jit/emit.h"
#include "engine/rt/profile.h"

void wx_jit_report_stubs(const struct wx_rt_module *module, const struct wx_jit_region *region)
{
    struct wx_profile *p = wx_engine_get_profile(module->engine);
    if (p && region->n_funcs) {
        wx_profile_code(p, module->wasm, "[first-calls]", region->space.code.rx,
                        (size_t)region->n_funcs * WX_JIT_STUB_BYTES);
    }
}

/* NULL when out of memory. */
static struct wx_profile_place *make_places(struct wx_mem *mem, const struct wx_jit_code *c)
{
    struct wx_profile_place *places = wx_zalloc_array(mem, c->n_marks + (size_t)1, sizeof *places);
    struct wx_jit_mark *marks = wx_zalloc_array(mem, c->n_marks + (size_t)1, sizeof *marks);
    if (marks) {
        wx_jit_marks_unpack(c->blocks, c->packed, c->n_marks, marks);
    }
    for (uint32_t i = 0; places && marks && i < c->n_marks; i++) {
        places[i] = (struct wx_profile_place){marks[i].code_off, marks[i].module_off};
    }
    if (!marks) {
        wx_free(mem, places);
        places = NULL;
    }
    wx_free(mem, marks);
    return places;
}

void wx_jit_report_function(const struct wx_rt_module *module, const struct wx_jit_region *region,
                            const struct wx_code *code)
{
    struct wx_profile *p = wx_engine_get_profile(module->engine);
    if (!p) {
        return;
    }
    const struct wx_jit_code *c = code->tier_data;
    struct wx_mem *mem = wx_engine_get_mem(module->engine);
    struct wx_profile_place *places = NULL;
    if (wx_profile_wants_places(p)) { /* without memory it goes without places */
        places = make_places(mem, c);
    }
    wx_profile_func(p, module->wasm, code->func_idx, region->space.code.rx + c->start, c->len,
                    places, places ? c->n_marks : 0);
    wx_free(mem, places);
}
