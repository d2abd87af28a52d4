/* SPDX-License-Identifier: Apache-2.0 */
/* From op bodies to machine code. */
/*
 * The lowering (engine/ops) names one body after the other; each becomes the bytes of its stencil
 * with the holes filled in. A stencil's hot part goes in line. Its cold part (ways out that are
 * rare) waits until the function's end, so that the hot path has no jumps over it.
 *
 * Labels are offsets in the function; branches to labels not bound yet are fixed at the end, as are
 * the addresses of branch tables, which lie behind the cold parts.
 */
#include "engine/jit/emit.h"

#include <string.h>

#include "base/annot.h"
#include "base/bits.h"
#include "base/check.h"
#include "base/vec.h"
#include "engine/jit/patch_x86_64.h"

#define MAX_IMMS 5u

/* A cold part to come. */
struct cold {
    const struct wx_stencil *stencil;
    uint32_t hot; /* where its hot part is */
    uint32_t module_off;
    uint32_t fp_delta;
    int64_t label;
    uint32_t regs;
    uint64_t imms[MAX_IMMS];
};

enum fix_kind { FIX_REL32, FIX_TABLE_ADDRESS, FIX_CONST };
struct fixup {
    enum fix_kind kind;
    uint32_t at; /* offset of the field in the function */
    int32_t addend;
    uint32_t label; /* REL32: label; TABLE_ADDRESS: its first entry in `targets`; CONST: which */
};

struct constant {
    uint64_t low, high;
};

struct offsets {
    uint32_t *p;
    size_t n, cap;
};

struct wx_jit_scratch {
    WX_VEC(uint8_t) code; /* functions made but not written yet; behind n, the one at hand */
    struct wx_jit_packer marks;
    WX_VEC(struct cold) colds;
    WX_VEC(struct fixup) fixups;
    struct offsets labels;    /* offset each stands for */
    struct offsets pads;      /* the same for landing pads */
    WX_VEC(uint32_t) targets; /* labels of all branch tables */
    WX_VEC(struct constant) constants;
};

struct emitter {
    struct wx_sink sink;
    struct wx_mem *mem;
    struct wx_jit_scratch *s;
    struct wx_jit_region *region;
    uint8_t *rw;       /* the function, as written: behind s->code's n */
    const uint8_t *rx; /* the function, as it will run */
    size_t room;       /* bytes there are at rw */
    size_t room_left;  /* bytes left in the region from its start */
    uint32_t at;       /* bytes so far */
    bool full;
    bool no_form;                  /* some immediate fits no form of its stencil */
    const struct wx_stencil *fuel; /* last FUEL, whose cost is still to come */
    uint32_t fuel_at;
};

static struct emitter *emitter_of(struct wx_sink *sink) { return (struct emitter *)(void *)sink; }

/* -------- one stencil -------- */

/* Relocations of both kinds. */
static inline unsigned n_all(const struct wx_stencil *s)
{
    return (unsigned)s->n_imms + s->n_relocs;
}

static bool fits(const struct wx_stencil *s, const uint64_t *imms)
{
    const struct wx_stencil_reloc *r = &wx_stencil_relocs[s->relocs];
    for (unsigned i = 0; i < n_all(s); i++) {
        uint8_t kind = r[i].kind & (uint8_t)~WX_SR_IN_COLD;
        bool narrow = kind == WX_SR_IMM32 || kind == WX_SR_IMM31; /* others' arg is no immediate */
        if (narrow && !wx_x86_fits(kind, imms[r[i].arg])) {
            return false;
        }
    }
    return true;
}

static inline const struct wx_stencil *stencil_of(uint32_t h)
{
    return &wx_stencil_table[wx_stencil_index[h]];
}

static inline bool add_fixup(struct emitter *e, enum fix_kind kind, uint32_t at, int32_t addend,
                             uint32_t label)
{
    struct fixup f = {kind, at, addend, label};
    return wx_vec_push(e->mem, &e->s->fixups, f);
}

static inline bool add_target(struct emitter *e, const struct wx_stencil *s, uint32_t hot,
                              int64_t label)
{
    return add_fixup(e, FIX_REL32, hot + s->target, -4, (uint32_t)label);
}

static void put_rel32(struct emitter *e, uint32_t at, const uint8_t *to, int32_t addend)
{
    wx_x86_put_rel32(e->rw + at, e->rx + at, to, addend);
}

#define MAX_LOOKED_AT 16u /* of the latest constants, to find an equal one */

static bool add_constant(struct emitter *e, uint32_t at, int32_t addend, struct constant c)
{
    size_t n = e->s->constants.n, i = n;
    while (i > 0 && n - i < MAX_LOOKED_AT) {
        if (e->s->constants.p[--i].low == c.low && e->s->constants.p[i].high == c.high) {
            return add_fixup(e, FIX_CONST, at, addend, (uint32_t)i);
        }
    }
    return wx_vec_push(e->mem, &e->s->constants, c) &&
           add_fixup(e, FIX_CONST, at, addend, (uint32_t)n);
}

/* Where a stencil is and what it was given. */
struct place {
    const struct wx_stencil *s;
    uint32_t hot, cold;
    uint32_t regs; /* WX_REGS */
    const uint64_t *imms;
    int64_t label;
};

static bool apply(struct emitter *e, const struct place *p, const struct wx_stencil_reloc *r)
{
    uint32_t at = (r->kind & WX_SR_IN_COLD ? p->cold : p->hot) + r->off;
    struct wx_jit_region *g = e->region;
    uint8_t kind = r->kind & (uint8_t)~WX_SR_IN_COLD;
    switch (kind) {
    case WX_SR_NEXT: put_rel32(e, at, e->rx + p->hot + p->s->hot, r->addend); return true;
    case WX_SR_TARGET: return add_fixup(e, FIX_REL32, at, r->addend, (uint32_t)p->label);
    case WX_SR_HOT: put_rel32(e, at, e->rx + p->hot, r->addend); return true;
    case WX_SR_COLD: return true; /* once the cold part has its place */
    case WX_SR_THUNK: put_rel32(e, at, (const uint8_t *)&g->thunks[r->arg], r->addend); return true;
    case WX_SR_ENTRY: {
        const struct wx_code *callee = (const struct wx_code *)(uintptr_t)p->imms[0];
        uint32_t first = callee->module->wasm->n_func_imports;
        put_rel32(e, at, (const uint8_t *)&g->entries[callee->func_idx - first], r->addend);
        return true;
    }
    case WX_SR_CONST: {
        unsigned i = r->arg & 15;
        struct constant c = {p->imms[i], r->arg & 16 ? p->imms[i + 1] : 0};
        return add_constant(e, at, r->addend, c);
    }
    case WX_SR_POOL: put_rel32(e, at, g->pool, r->addend); return true;
    default:
        wx_x86_put_imm(e->rw + at, kind, p->imms[r->arg] + (uint64_t)(int64_t)r->addend);
        return true;
    }
}

/* The hot part's 32-bit immediates. @return all bits of them: what does not fit shows */
static inline uint64_t put_imms(uint8_t *start, const struct wx_stencil *s, const uint64_t *imms)
{
    const struct wx_stencil_reloc *r = &wx_stencil_relocs[s->relocs];
    uint64_t any = 0;
    for (unsigned n = s->n_imms; n; n--, r++) {
        any |= imms[r->arg];
        wx_put_u32(start + r->off, (uint32_t)imms[r->arg] + (uint32_t)r->addend);
    }
    return any;
}

/* All other relocations of a part. */
static bool apply_part(struct emitter *e, const struct place *p, uint8_t part)
{
    const struct wx_stencil_reloc *r = &wx_stencil_relocs[p->s->relocs + p->s->n_imms];
    bool ok = true;
    for (unsigned i = 0; i < p->s->n_relocs && ok; i++) {
        if ((r[i].kind & WX_SR_IN_COLD) == part) {
            ok = apply(e, p, &r[i]);
        }
    }
    return ok;
}

/*
 * What fills a hole: low bits in the first byte, the fourth in the second, by form and register of
 * the lowering. These are rdi, rsi, rdx (operands), r8, r9, r11, rax (locals); the vector file's
 * are numbered as they are.
 */
#define ROW(SHIFT, BIT)                                                                            \
    {7 << (SHIFT),                                                                                 \
     6 << (SHIFT),                                                                                 \
     2 << (SHIFT),                                                                                 \
     0 << (SHIFT) | 256 << (BIT),                                                                  \
     1 << (SHIFT) | 256 << (BIT),                                                                  \
     3 << (SHIFT) | 256 << (BIT),                                                                  \
     0}
#define XROW(SHIFT)                                                                                \
    {0,                                                                                            \
     1 << (SHIFT),                                                                                 \
     2 << (SHIFT),                                                                                 \
     3 << (SHIFT),                                                                                 \
     4 << (SHIFT),                                                                                 \
     5 << (SHIFT),                                                                                 \
     6 << (SHIFT),                                                                                 \
     7 << (SHIFT)}
static const uint16_t fillings[WX_SH_COUNT][16] = {
    [WX_SH_X] = XROW(0),        [WX_SH_X_HIGH] = XROW(3),   [WX_SH_0] = ROW(0, 0),
    [WX_SH_1] = ROW(0, 1),      [WX_SH_0_HIGH] = ROW(3, 0), [WX_SH_2] = ROW(0, 2),
    [WX_SH_1_HIGH] = ROW(3, 1), [WX_SH_2_HIGH] = ROW(3, 2),
};

static inline void fill_holes(uint8_t *start, const struct wx_stencil_hole *h, unsigned n,
                              uint32_t regs)
{
    for (const struct wx_stencil_hole *end = h + n; h < end; h++) {
        uint32_t filling = fillings[h->form][regs >> (h->from & 31) & 15];
        start[h->at] |= (uint8_t)filling;
        start[h->prefix] |= (uint8_t)(filling >> 8);
    }
}

#define PIECE WX_STENCIL_PIECE

static void begin_at_end(struct emitter *e)
{
    e->rw = e->s->code.p + e->s->code.n;
    e->room = e->s->code.cap - e->s->code.n;
}

static bool make_room(struct emitter *e, size_t bytes)
{
    size_t needed = e->at + bytes + PIECE;
    if (needed > e->room_left) {
        e->full = true;
        return false;
    }
    if (!wx_vec_reserve(e->mem, &e->s->code, needed)) {
        return false;
    }
    begin_at_end(e);
    return true;
}

static inline bool has_room(struct emitter *e, size_t bytes)
{
    return wx_likely(e->at + bytes + PIECE <= e->room) || make_room(e, bytes);
}

static bool keep_cold(struct emitter *e, const struct place *p, unsigned n)
{
    const struct wx_jit_mark *m = &e->s->marks.last;
    struct cold c = {.stencil = p->s,
                     .hot = p->hot,
                     .module_off = m->module_off,
                     .fp_delta = m->fp_delta,
                     .label = p->label,
                     .regs = p->regs};
    if (n) {
        memcpy(c.imms, p->imms, n * sizeof *c.imms);
    }
    return wx_vec_push(e->mem, &e->s->colds, c);
}

static bool put_long(struct emitter *e, const struct wx_stencil *s, uint32_t regs,
                     const uint64_t *imms, unsigned n, int64_t label);

/* What few stencils need, its hot part being there but for other relocations than immediates. */
static bool put_rest(struct emitter *e, const struct wx_stencil *s, uint32_t regs,
                     const uint64_t *imms, unsigned n, int64_t label)
{
    uint32_t hot = e->at - s->hot;
    if (wx_unlikely(s == wx_stencil_table || !fits(s, imms))) {
        if (!s->wide) { /* a bug of the table */
            e->no_form = true;
            return false;
        }
        e->at = hot;
        return put_long(e, &wx_stencil_table[s->wide], regs, imms, n, label);
    }
    struct place p = {.s = s, .hot = hot, .regs = regs, .imms = imms, .label = label};
    return (!s->target || add_target(e, s, hot, label)) && (!s->cold || keep_cold(e, &p, n)) &&
           apply_part(e, &p, 0);
}

/* Behind the bytes: registers, immediates, and what else there is. */
static inline bool fill_in(struct emitter *e, const struct wx_stencil *s, uint32_t regs,
                           const uint64_t *imms, unsigned n, int64_t label)
{
    uint32_t hot = e->at;
    uint8_t *start = e->rw + hot;
    fill_holes(start, &wx_stencil_holes[s->holes], s->n_holes, regs);
    uint64_t any = put_imms(start, s, imms);
    e->at = hot + s->hot;
    if (wx_likely(any <= INT32_MAX && !s->n_relocs)) { /* no cold part either: that is jumped to */
        return !s->target || add_target(e, s, hot, label);
    }
    return put_rest(e, s, regs, imms, n, label);
}

/* A hot part longer than a piece, or one for which there is no room yet. */
static bool put_long(struct emitter *e, const struct wx_stencil *s, uint32_t regs,
                     const uint64_t *imms, unsigned n, int64_t label)
{
    if (!has_room(e, s->hot)) {
        return false;
    }
    memcpy(e->rw + e->at, wx_stencil_bytes + s->bytes, s->hot);
    return fill_in(e, s, regs, imms, n, label);
}

/*
 * The form whose holes hold these immediates. A whole piece is copied: behind the hot part nothing
 * is yet.
 */
static inline bool put_stencil(struct emitter *e, const struct wx_stencil *s, uint32_t regs,
                               const uint64_t *imms, unsigned n, int64_t label)
{
    if (wx_unlikely(e->at + 2 * PIECE > e->room || s->hot > PIECE)) {
        return put_long(e, s, regs, imms, n, label);
    }
    memcpy(e->rw + e->at, wx_stencil_bytes + s->bytes, PIECE);
    return fill_in(e, s, regs, imms, n, label);
}

/* The same, for those who are not in a hurry. */
static bool put_other(struct emitter *e, const struct wx_stencil *s, uint32_t regs,
                      const uint64_t *imms, unsigned n, int64_t label)
{
    return put_stencil(e, s, regs, imms, n, label);
}

/* -------- the sink -------- */

static bool is_br_table(uint32_t h) { return h == WX_H_BR_TABLE_0; }
/* Calls that come back with fp moved by immediate B. */
static bool is_call(uint32_t h) { return h >= WX_H_CALL && h <= WX_H_CALL_REF_3; }
static bool is_tail_call(uint32_t h)
{
    return h >= WX_H_TAIL_CALL_FUNC && h <= WX_H_TAIL_CALL_REF_3;
}

/* The table's address goes to a 64-bit hole, immediate B. */
static bool emit_br_table(struct emitter *e, uint32_t h, uint32_t regs, uint64_t *imms)
{
    const struct wx_stencil *s = stencil_of(h);
    s = s->wide ? &wx_stencil_table[s->wide] : s;
    uint32_t hot = e->at;
    if (!put_other(e, s, regs, imms, MAX_IMMS, -1)) {
        return false;
    }
    const struct wx_stencil_reloc *r = &wx_stencil_relocs[s->relocs];
    for (unsigned i = 0; i < n_all(s); i++) {
        if (r[i].kind == WX_SR_IMM64 && r[i].arg == 1) {
            if (!add_fixup(e, FIX_TABLE_ADDRESS, hot + r[i].off, r[i].addend,
                           (uint32_t)e->s->targets.n)) {
                return false;
            }
        }
    }
    return true;
}

/* A body without registers or branch. */
static bool put_body(struct emitter *e, uint32_t h, const uint64_t *imms, unsigned n)
{
    return put_other(e, stencil_of(h), 0, imms, n, -1);
}

static bool emit_call(struct emitter *e, uint32_t h, const uint64_t *imms)
{
    e->s->marks.last.fp_delta = (uint32_t)imms[1];
    return put_body(e, h, imms, MAX_IMMS) && put_body(e, WX_S_AFTER_CALL, &imms[1], 1);
}

/* Zeroing a few locals needs no loop. */
#define MAX_STRAIGHT_ZEROS 8u

static bool emit_enter(struct emitter *e, const uint64_t *imms)
{
    if (imms[1] > MAX_STRAIGHT_ZEROS) {
        return put_body(e, WX_H_ENTER, imms, MAX_IMMS);
    }
    bool ok = true;
    for (uint64_t i = 0; i < imms[1] && ok; i++) {
        const uint64_t zero[] = {imms[0] + i * 8, 0};
        ok = put_body(e, WX_H_CONST_SLOT, zero, 2);
    }
    return ok;
}

/* Bodies with something to them that stencils do not say. */
static bool emit_special(struct emitter *e, uint32_t h, uint32_t regs, const uint64_t *imms,
                         unsigned n, int64_t label)
{
    uint64_t all[MAX_IMMS];
    for (unsigned i = 0; i < MAX_IMMS; i++) {
        all[i] = i < n ? imms[i] : 0;
    }
    if (h == WX_H_ENTER) {
        return emit_enter(e, all);
    }
    if (is_br_table(h)) {
        return emit_br_table(e, h, regs, all);
    }
    if (is_call(h)) {
        return emit_call(e, h, all);
    }
    if (is_tail_call(h)) {
        all[4] &= UINT32_MAX; /* slots; these frames have no header */
    }
    if (h == WX_H_FUEL) {
        e->fuel = stencil_of(h);
        e->fuel_at = e->at;
    }
    return put_other(e, stencil_of(h), regs, all, MAX_IMMS, label);
}

static bool emit(struct wx_sink *sink, uint32_t h, uint32_t regs, const uint64_t *imms, unsigned n,
                 int64_t label)
{
    struct emitter *e = emitter_of(sink);
    wx_assert(n <= MAX_IMMS);
    if (wx_likely(h < WX_H_BR_TABLE_0)) { /* these and all special ones come last in the list */
        return put_stencil(e, stencil_of(h), regs, imms, n, label);
    }
    if (h == WX_SINK_TARGET) {
        return wx_vec_push(e->mem, &e->s->targets, (uint32_t)label);
    }
    return emit_special(e, h, regs, imms, n, label);
}

static bool bind_in(struct emitter *e, struct offsets *o, uint32_t idx)
{
    if (idx >= o->n) {
        if (!wx_vec_reserve(e->mem, o, idx + 1 - o->n)) {
            return false;
        }
        memset(o->p + o->n, 0, (idx + 1 - o->n) * sizeof *o->p);
        o->n = idx + 1;
    }
    o->p[idx] = e->at;
    return true;
}

static bool bind(struct wx_sink *sink, uint32_t label)
{
    return bind_in(emitter_of(sink), &emitter_of(sink)->s->labels, label);
}

static bool bind_pad(struct wx_sink *sink, uint32_t pad)
{
    return bind_in(emitter_of(sink), &emitter_of(sink)->s->pads, pad);
}

static bool mark(struct wx_sink *sink, uint32_t module_off)
{
    struct emitter *e = emitter_of(sink);
    struct wx_jit_mark m = {e->at, module_off, 0};
    return wx_jit_packer_add(&e->s->marks, &m);
}

static void set_fuel(struct wx_sink *sink, uint64_t cost)
{
    struct emitter *e = emitter_of(sink);
    const uint64_t imms[MAX_IMMS] = {cost};
    (void)put_imms(e->rw + e->fuel_at, e->fuel, imms); /* of 32 bits: there are fewer in a block */
}

/* -------- the end of a function -------- */

static bool put_cold(struct emitter *e, const struct cold *c)
{
    const struct wx_stencil *s = c->stencil;
    struct place p = {
        .s = s, .hot = c->hot, .cold = e->at, .regs = c->regs, .imms = c->imms, .label = c->label};
    struct wx_jit_mark m = {e->at, c->module_off, c->fp_delta};
    if (!has_room(e, s->cold) || !wx_jit_packer_add(&e->s->marks, &m)) {
        return false;
    }
    memcpy(e->rw + e->at, wx_stencil_bytes + s->bytes + s->hot, s->cold);
    e->at += s->cold;
    fill_holes(e->rw + p.cold, &wx_stencil_holes[s->holes + s->n_holes], s->n_cold_holes, c->regs);
    const struct wx_stencil_reloc *r = &wx_stencil_relocs[s->relocs];
    for (unsigned i = 0; i < n_all(s); i++) {
        if (r[i].kind == WX_SR_COLD) {
            put_rel32(e, p.hot + r[i].off, e->rx + p.cold, r[i].addend);
        }
    }
    return apply_part(e, &p, WX_SR_IN_COLD);
}

static bool put_tables(struct emitter *e, uint32_t *ret_tables)
{
    e->at = (uint32_t)wx_align_up(e->at, 8);
    *ret_tables = e->at;
    size_t bytes = e->s->targets.n * sizeof(uint64_t);
    if (!has_room(e, bytes)) {
        return false;
    }
    for (size_t i = 0; i < e->s->targets.n; i++) {
        wx_put_u64(e->rw + e->at,
                   (uint64_t)(uintptr_t)(e->rx + e->s->labels.p[e->s->targets.p[i]]));
        e->at += 8;
    }
    return true;
}

static bool put_constants(struct emitter *e, uint32_t *ret_constants)
{
    size_t bytes = e->s->constants.n * sizeof(struct constant);
    if (bytes) {
        e->at = (uint32_t)wx_align_up(e->at, 16); /* a function starts at a multiple of 16 */
    }
    *ret_constants = e->at;
    if (!has_room(e, bytes)) {
        return false;
    }
    for (size_t i = 0; i < e->s->constants.n; i++) {
        wx_put_u64(e->rw + e->at, e->s->constants.p[i].low);
        wx_put_u64(e->rw + e->at + 8, e->s->constants.p[i].high);
        e->at += 16;
    }
    return true;
}

static void fix(struct emitter *e, uint32_t tables, uint32_t constants)
{
    for (size_t i = 0; i < e->s->fixups.n; i++) {
        const struct fixup *f = &e->s->fixups.p[i];
        if (f->kind == FIX_REL32) {
            put_rel32(e, f->at, e->rx + e->s->labels.p[f->label], f->addend);
        } else if (f->kind == FIX_CONST) {
            put_rel32(e, f->at, e->rx + constants + (size_t)f->label * 16, f->addend);
        } else {
            const uint8_t *table = e->rx + tables + (size_t)f->label * 8;
            wx_put_u64(e->rw + f->at, (uint64_t)(uintptr_t)table + (uint64_t)(int64_t)f->addend);
        }
    }
}

static bool emit_body(struct emitter *e, struct wx_rt_module *module, struct wx_code *code,
                      wax_error **err, wax_status *ret_st)
{
    const uint64_t frame = (uint64_t)code->frame_slots * 8;
    uint32_t body = module->wasm->funcs[code->func_idx].body_off;
    if (!mark(&e->sink, body) || !put_body(e, WX_S_FRAME, &frame, 1)) {
        return false;
    }
    *ret_st = wx_lower(module, code, &e->sink, err);
    if (*ret_st != WAX_OK) {
        return false;
    }
    bool ok = true;
    for (size_t i = 0; i < e->s->colds.n && ok; i++) {
        ok = put_cold(e, &e->s->colds.p[i]);
    }
    uint32_t tables = 0, constants = 0;
    ok = ok && put_tables(e, &tables) && put_constants(e, &constants);
    if (ok) {
        fix(e, tables, constants);
    }
    return ok;
}

static struct wx_jit_code *finish(struct emitter *e)
{
    struct wx_jit_scratch *s = e->s;
    size_t aligned = wx_align_up(e->at, 16);
    if (!wx_jit_packer_flush(&s->marks) || !has_room(e, 16)) {
        return NULL;
    }
    size_t blocks = s->marks.blocks.n * sizeof *s->marks.blocks.p;
    size_t pads = s->pads.n * sizeof *s->pads.p;
    struct wx_jit_code *c = wx_alloc(e->mem, sizeof *c + blocks + pads + s->marks.bytes.n);
    if (c) {
        uint32_t *p = (uint32_t *)(void *)(c->blocks + s->marks.blocks.n);
        *c = (struct wx_jit_code){.start = (uint32_t)e->region->used,
                                  .len = e->at,
                                  .n_marks = s->marks.n,
                                  .n_blocks = (uint32_t)s->marks.blocks.n,
                                  .n_packed = (uint32_t)s->marks.bytes.n,
                                  .pads = p,
                                  .packed = (uint8_t *)(p + s->pads.n)};
        memcpy(c->blocks, s->marks.blocks.p, blocks);
        memcpy((uint8_t *)(p + s->pads.n), s->marks.bytes.p, s->marks.bytes.n);
        if (pads) {
            memcpy(p, s->pads.p, pads);
        }
        memset(e->rw + e->at, 0xcc, aligned - e->at);
        s->code.n += aligned;
        e->region->used += aligned;
    }
    return c;
}

void wx_jit_scratch_free(struct wx_mem *mem, struct wx_jit_scratch *s)
{
    if (s) {
        wx_jit_packer_fini(&s->marks);
        wx_vec_fini(mem, &s->code);
        wx_vec_fini(mem, &s->colds);
        wx_vec_fini(mem, &s->fixups);
        wx_vec_fini(mem, &s->labels);
        wx_vec_fini(mem, &s->pads);
        wx_vec_fini(mem, &s->targets);
        wx_vec_fini(mem, &s->constants);
        wx_free(mem, s);
    }
}

#define FIRST_CODE ((size_t)4 << 10)

static struct wx_jit_scratch *scratch_new(struct wx_mem *mem)
{
    struct wx_jit_scratch *s = wx_zalloc(mem, sizeof *s);
    if (!s) {
        return NULL;
    }
    s->marks.mem = mem;
    if (!wx_vec_reserve(mem, &s->code, FIRST_CODE)) {
        wx_free(mem, s);
        return NULL;
    }
    return s;
}

static void scratch_reset(struct wx_jit_scratch *s)
{
    wx_jit_packer_reset(&s->marks);
    s->colds.n = s->fixups.n = s->labels.n = s->pads.n = s->targets.n = s->constants.n = 0;
}

/* What one huge function needed is not kept for the small ones after it. */
#define KEPT_CODE ((size_t)1 << 20)

bool wx_jit_write(struct wx_jit_region *region, struct wx_mem *mem, struct wx_jit_scratch **scratch)
{
    struct wx_jit_scratch *s = *scratch;
    if (!s || s->code.n == 0) {
        return true;
    }
    if (wx_vm_code_write(&region->space.code, region->used - s->code.n, s->code.p, s->code.n) !=
        0) {
        return false;
    }
    s->code.n = 0;
    if (s->code.cap > KEPT_CODE) {
        wx_jit_scratch_free(mem, s);
        *scratch = NULL;
    }
    return true;
}

size_t wx_jit_unwritten(const struct wx_jit_scratch *scratch)
{
    return scratch ? scratch->code.n : 0;
}

wax_status wx_jit_emit_function(struct wx_jit_region *region, struct wx_jit_scratch **scratch,
                                struct wx_rt_module *module, struct wx_code *code,
                                struct wx_jit_code **ret_code, wax_error **err)
{
    struct wx_mem *mem = wx_engine_get_mem(module->engine);
    if (!*scratch) {
        *scratch = scratch_new(mem);
    }
    struct emitter e = {.sink = {emit, bind, bind_pad, mark, set_fuel},
                        .mem = mem,
                        .s = *scratch,
                        .region = region,
                        .rx = region->space.code.rx + region->used,
                        .room_left = region->space.code.len - region->used};
    if (!e.s) {
        return wx_fail_nomem(err, "code");
    }
    scratch_reset(e.s);
    begin_at_end(&e);
    wax_error *inner = NULL;
    wax_status st = WAX_OK;
    struct wx_jit_code *c = emit_body(&e, module, code, &inner, &st) ? finish(&e) : NULL;
    wax_error_free(inner);
    if (!c) {
        if (e.no_form) {
            return wx_fail(err, WAX_E_INTERNAL, "a stencil can not hold its immediates");
        }
        return e.full ? wx_fail(err, WAX_E_LIMIT, "the code memory of the module is full")
                      : wx_fail_nomem(err, "code");
    }
    *ret_code = c;
    return WAX_OK;
}
