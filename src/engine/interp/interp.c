/* SPDX-License-Identifier: Apache-2.0 */
/* The interpreter tier: code words for the op bodies, entering, resuming, walking. */
/*
 * A function's code is an array of 64-bit words: the address of an op body, then its immediates,
 * and so on; branch targets are addresses of words. Guest frames live on the value stack only (R4),
 * so a stopped thread is described by three words (pc, fp, instance), and leaving at any body is a
 * plain return through the entry thunk.
 *
 * Code is immutable once published and freed with its module.
 */
#include "engine/interp/interp.h"

#include <string.h>

#include "base/vec.h"
#include "engine/ops/lower.h"
#include "engine/ops/frame.h"
#include "engine/rt/copy.h"
#include "wasm/features.h"

/* Addresses of the op bodies, in the order of enum wx_h; made with the bodies by clang. */
extern const void *const wx_interp_handlers[WX_H_COUNT];
uint64_t wx_interp_enter(void **host_sp, uint64_t *fp, uint8_t *mem, const uint64_t *pc,
                         struct wx_instance *ctx, struct wx_thread *t);

/* Where an instruction of the module starts in the code: ascending in both. */
struct mark {
    uint32_t word;
    uint32_t module_off;
};

struct code_block {
    uint32_t n_words;
    uint32_t n_marks;
    struct mark *marks; /* behind the words */
    uint32_t *pads;     /* word each landing pad starts at; behind the marks */
    const struct wx_code *code;
    uint64_t words[];
};

/* All code of a module by address, for walking: module->tier_data, under the module's lock. */
struct code_index {
    struct code_block **p;
    size_t n, cap;
};

/* -------- the sink -------- */

struct places { /* words */
    uint32_t *p;
    size_t n, cap;
};

struct fixup {
    uint32_t word;
    uint32_t label;
};

struct writer {
    struct wx_sink sink;
    struct wx_mem *mem;
    WX_VEC(uint64_t) words;
    WX_VEC(struct mark) marks;
    WX_VEC(struct fixup) fixups;
    struct places labels; /* word each label stands for */
    struct places pads;   /* the same for landing pads */
    uint32_t fuel_word;
};

static struct writer *writer_of(struct wx_sink *sink) { return (struct writer *)(void *)sink; }

static bool put(struct writer *w, uint64_t word) { return wx_vec_push(w->mem, &w->words, word); }

static bool emit(struct wx_sink *sink, uint32_t h, uint32_t regs, const uint64_t *imms, unsigned n,
                 int64_t label)
{
    (void)regs; /* the bodies name theirs */
    struct writer *w = writer_of(sink);
    if (h == WX_H_FUEL) {
        w->fuel_word = (uint32_t)w->words.n + 1;
    }
    bool ok = h == WX_SINK_TARGET || put(w, (uint64_t)(uintptr_t)wx_interp_handlers[h]);
    for (unsigned i = 0; i < n && ok; i++) {
        ok = put(w, imms[i]);
    }
    if (ok && label >= 0) {
        struct fixup f = {(uint32_t)w->words.n, (uint32_t)label};
        ok = wx_vec_push(w->mem, &w->fixups, f) && put(w, 0);
    }
    return ok && w->words.n < UINT32_MAX / 2;
}

static bool bind_in(struct writer *w, struct places *places, uint32_t idx)
{
    if (idx >= places->n) {
        if (!wx_vec_reserve(w->mem, places, idx + 1 - places->n)) {
            return false;
        }
        memset(places->p + places->n, 0, (idx + 1 - places->n) * sizeof *places->p);
        places->n = idx + 1;
    }
    places->p[idx] = (uint32_t)w->words.n;
    return true;
}

static bool bind(struct wx_sink *sink, uint32_t label)
{
    return bind_in(writer_of(sink), &writer_of(sink)->labels, label);
}

static bool bind_pad(struct wx_sink *sink, uint32_t pad)
{
    return bind_in(writer_of(sink), &writer_of(sink)->pads, pad);
}

static bool mark(struct wx_sink *sink, uint32_t module_off)
{
    struct writer *w = writer_of(sink);
    struct mark m = {(uint32_t)w->words.n, module_off};
    if (w->marks.n && w->marks.p[w->marks.n - 1].word == m.word) {
        w->marks.p[w->marks.n - 1] = m; /* the one before made no code of its own */
        return true;
    }
    return wx_vec_push(w->mem, &w->marks, m);
}

static void set_fuel(struct wx_sink *sink, uint64_t cost)
{
    struct writer *w = writer_of(sink);
    w->words.p[w->fuel_word] = cost;
}

/* -------- compiling -------- */

static struct code_block *finish(struct writer *w)
{
    size_t words = w->words.n * sizeof(uint64_t), marks = w->marks.n * sizeof(struct mark),
           pads = w->pads.n * sizeof(uint32_t);
    struct code_block *b = wx_alloc(w->mem, sizeof *b + words + marks + pads);
    if (!b) {
        return NULL;
    }
    b->n_words = (uint32_t)w->words.n;
    b->n_marks = (uint32_t)w->marks.n;
    b->marks = (struct mark *)(void *)(b->words + w->words.n);
    memcpy(b->words, w->words.p, words);
    b->pads = (uint32_t *)(void *)(b->marks + w->marks.n);
    memcpy(b->marks, w->marks.p, marks);
    if (pads) {
        memcpy(b->pads, w->pads.p, pads);
    }
    for (size_t i = 0; i < w->fixups.n; i++) {
        uint32_t to = w->labels.p[w->fixups.p[i].label];
        b->words[w->fixups.p[i].word] = (uint64_t)(uintptr_t)&b->words[to];
    }
    return b;
}

/* Find code by address from now on. Called with the module's lock held. */
static bool add_block(struct wx_rt_module *module, const struct wx_code *code, struct code_block *b)
{
    struct wx_mem *mem = wx_engine_get_mem(module->engine);
    struct code_index *index = module->tier_data;
    if (!index) {
        index = module->tier_data = wx_zalloc(mem, sizeof *index);
    }
    if (!index || !wx_vec_push(mem, index, b)) {
        return false;
    }
    b->code = code;
    size_t i = index->n - 1;
    for (; i > 0 && index->p[i - 1] > b; i--) { /* addresses mostly ascend: short */
        index->p[i] = index->p[i - 1];
    }
    index->p[i] = b;
    return true;
}

static wax_status compile(struct wx_rt_module *module, struct wx_code *code, int mode,
                          wax_error **err)
{
    (void)mode; /* code->mode says the same */
    struct writer w = {.sink = {emit, bind, bind_pad, mark, set_fuel},
                       .mem = wx_engine_get_mem(module->engine)};
    wax_status st = wx_lower(module, code, &w.sink, err);
    struct code_block *b = st == WAX_OK ? finish(&w) : NULL;
    wx_vec_fini(w.mem, &w.words);
    wx_vec_fini(w.mem, &w.marks);
    wx_vec_fini(w.mem, &w.fixups);
    wx_vec_fini(w.mem, &w.labels);
    wx_vec_fini(w.mem, &w.pads);
    if (!b || !add_block(module, code, b)) {
        wx_free(w.mem, b);
        return st == WAX_OK ? wx_fail_nomem(err, "code") : st;
    }
    code->tier_data = b;
    wx_store_release(&code->entry, (const void *)b->words); /* pairs with the call bodies */
    return WAX_OK;
}

static void code_fini(struct wx_code *code)
{
    wx_free(wx_engine_get_mem(code->module->engine), code->tier_data);
}

static void module_fini(struct wx_rt_module *module)
{
    struct wx_mem *mem = wx_engine_get_mem(module->engine);
    struct code_index *index = module->tier_data;
    if (index) {
        wx_vec_fini(mem, index);
        wx_free(mem, index);
    }
}

/* -------- running -------- */

/* What the first frame of an activation returns to: the EXIT body. */
static uint64_t exit_word; /* written once by register, the same value always */

static enum wx_outcome call(struct wx_thread *t, struct wx_func *func, uint64_t *base)
{
    struct wx_code *code = func->code;
    struct wx_instance *inst = func->instance;
    t->inst = inst;
    t->fp = base;
    const uint64_t *entry = wx_code_entry(t, code);
    if (!entry) {
        return WX_TRAP;
    }
    if (base + code->frame_slots > t->stack_end) {
        return wx_trap(t, WX_TRAP_STACK_OVERFLOW);
    }
    uint64_t *h = base + code->local_slots;
    h[WX_FRAME_PC] = (uint64_t)(uintptr_t)&exit_word;
    h[WX_FRAME_FP] = 0;
    h[WX_FRAME_INST] = (uint64_t)(uintptr_t)inst;
    return (enum wx_outcome)wx_interp_enter(&t->host_sp, base, inst->mem0, entry, inst, t);
}

static enum wx_outcome resume(struct wx_thread *t)
{
    return (enum wx_outcome)wx_interp_enter(&t->host_sp, t->fp, t->inst->mem0, t->pc, t->inst, t);
}

/* -------- walking -------- */

static const struct code_block *find_block(struct wx_rt_module *module, const uint64_t *pc)
{
    wx_mutex_lock(&module->lock); /* other threads may be adding */
    const struct code_index *index = module->tier_data;
    size_t low = 0, high = index ? index->n : 0; /* blocks that start at or before pc */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (index->p[mid]->words <= pc) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    const struct code_block *b = low ? index->p[low - 1] : NULL;
    wx_mutex_unlock(&module->lock);
    return b && pc < b->words + b->n_words ? b : NULL;
}

static uint64_t module_off_of(const struct code_block *b, const uint64_t *pc)
{
    uint32_t word = (uint32_t)(pc - b->words), low = 0, high = b->n_marks;
    while (high - low > 1) { /* last mark at or before the word */
        uint32_t mid = low + (high - low) / 2;
        *(b->marks[mid].word <= word ? &low : &high) = mid;
    }
    return b->n_marks ? b->marks[low].module_off : WAX_NO_OFFSET;
}

/*
 * The innermost pc is an instruction itself (trap) or behind a finished one (wait, interrupt);
 * those of callers lie behind their call.
 */
static bool walk(const struct wx_thread *t, struct wx_walk *w)
{
    const uint64_t *pc = w->pc;
    bool first = w->pc == t->pc && w->fp == t->fp && !t->pc_behind;
    if (!pc || pc == &exit_word || !w->fp) {
        return false;
    }
    pc -= first ? 0 : 1;
    const struct code_block *b = find_block(w->inst->module, pc);
    if (!b) {
        return false;
    }
    w->code = b->code;
    w->func_idx = b->code->func_idx;
    w->module_off = module_off_of(b, pc);
    return true;
}

static bool step(const struct wx_thread *t, struct wx_walk *w)
{
    (void)t;
    const uint64_t *h = w->fp + w->code->local_slots;
    w->pc = (const void *)(uintptr_t)h[WX_FRAME_PC];
    w->fp = (uint64_t *)(uintptr_t)h[WX_FRAME_FP];
    w->inst = (const struct wx_instance *)(uintptr_t)h[WX_FRAME_INST];
    return w->fp != NULL;
}

/* The code of each frame lies behind the point it goes on at. */
static enum wx_relocated relocate(const struct wx_copy *copy, const struct wx_spot *place)
{
    const uint64_t *pc = place->pc;
    uint64_t *fp = place->fp;
    struct wx_instance *inst = place->inst;
    while (fp && inst) {
        const struct code_block *b = find_block(inst->module, pc);
        if (!b) {
            return WX_NOT_COPIED;
        }
        bool begun = pc != b->words; /* else it was stopped at its entry */
        uint64_t off = begun ? module_off_of(b, pc - 1) : WX_COPY_AT_ENTRY;
        if (!wx_copy_note_frame(copy, b->code, fp, off)) {
            return WX_NO_ROOM;
        }
        uint64_t *h = fp + b->code->local_slots;
        pc = (const uint64_t *)(uintptr_t)h[WX_FRAME_PC];
        fp = wx_copy_stack_address(copy, (const void *)(uintptr_t)h[WX_FRAME_FP]);
        inst = wx_copy_instance(copy, (const void *)(uintptr_t)h[WX_FRAME_INST]);
        h[WX_FRAME_FP] = (uint64_t)(uintptr_t)fp;
        h[WX_FRAME_INST] = (uint64_t)(uintptr_t)inst;
    }
    return inst ? WX_RELOCATED : WX_NOT_COPIED;
}

static enum wx_outcome land(struct wx_thread *t, const struct wx_walk *w, uint32_t pad)
{
    const struct code_block *b = w->code->tier_data;
    t->pc = b->words + b->pads[pad];
    t->fp = w->fp;
    t->inst = (struct wx_instance *)(uintptr_t)w->inst;
    return resume(t);
}

#define BIT(NAME) (UINT64_C(1) << WX_FEATURE_##NAME)

static const struct wx_tier_ops ops = {
    .name = "interp",
    .features = ~BIT(GC),
    .header_slots = WX_FRAME_SLOTS,
    .module_fini = module_fini,
    .compile = compile,
    .code_fini = code_fini,
    .call = call,
    .resume = resume,
    .walk = walk,
    .step = step,
    .relocate = relocate,
    .land = land,
};

void wx_interp_register(void)
{
    wx_store_relaxed(&exit_word, (uint64_t)(uintptr_t)wx_interp_handlers[WX_H_EXIT]);
    wx_tier_register(&ops);
}
