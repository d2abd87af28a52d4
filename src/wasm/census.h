/* SPDX-License-Identifier: Apache-2.0 */
/* Which locals of a body are used most: counted while it is validated, for tiers with registers. */
/*
 * An access in a loop weighs eight times one outside of it. A call costs a local that is kept in a
 * register a store before and a load after, so that only locals used more often than that count.
 */
#ifndef WX_WASM_CENSUS_H
#define WX_WASM_CENSUS_H

#include "base/arena.h"
#include "base/vec.h"
#include "wasm/module.h"
#include "wasm/opcodes.h"

#define WX_CENSUS_MAX_DEPTH 6u /* of loops; deeper ones weigh the same */

struct wx_census {
    WX_VEC(uint64_t) uses; /* by local */
    uint64_t clobbers;     /* instructions that registers do not survive */
    uint64_t weight;       /* of an access at hand */
    uint32_t depth;        /* of loops */
};

/** Begin a body. @return false when out of memory */
bool wx_census_begin(struct wx_census *c, struct wx_mem *mem, size_t n_locals);
void wx_census_fini(struct wx_census *c, struct wx_mem *mem);
/** Choose, when the body has been read. @return false when out of memory */
bool wx_census_choose(const struct wx_census *c, const wx_valtype *locals, struct wx_arena *arena,
                      struct wx_func_def *def);
/** Do registers not survive an instruction of this class? */
bool wx_census_clobbers(enum wx_lower class);

static inline void wx_census_weigh(struct wx_census *c)
{
    uint32_t depth = c->depth < WX_CENSUS_MAX_DEPTH ? c->depth : WX_CENSUS_MAX_DEPTH;
    c->weight = UINT64_C(1) << 3 * depth;
}
static inline void wx_census_open_loop(struct wx_census *c)
{
    c->depth++;
    wx_census_weigh(c);
}
static inline void wx_census_end_loop(struct wx_census *c)
{
    c->depth--;
    wx_census_weigh(c);
}
static inline void wx_census_use(struct wx_census *c, uint32_t local)
{
    c->uses.p[local] += c->weight;
}
static inline void wx_census_clobber(struct wx_census *c) { c->clobbers += c->weight; }

#endif
