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
    uint64_t words[];
};

/* -------- the sink -------- */

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
    WX_VEC(uint32_t) labels; /* word each label stands for */
    uint32_t fuel_word;
};

static struct writer *writer_of(struct wx_sink *sink) { return (struct writer *)(void *)sink; }

static bool put(struct writer *w, uint64_t word) { return wx_vec_push(w->mem, &w->words, word); }

static bool emit(struct wx_sink *sink, uint32_t h, const uint64_t *imms, unsigned n, int64_t label)
{
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

static bool bind(struct wx_sink *sink, uint32_t label)
{
    struct writer *w = writer_of(sink);
    if (label >= w->labels.n) {
        if (!wx_vec_reserve(w->mem, &w->labels, label + 1 - w->labels.n)) {
            return false;
        }
        memset(w->labels.p + w->labels.n, 0, (label + 1 - w->labels.n) * sizeof *w->labels.p);
        w->labels.n = label + 1;
    }
    w->labels.p[label] = (uint32_t)w->words.n;
    return true;
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
    size_t words = w->words.n * sizeof(uint64_t), marks = w->marks.n * sizeof(struct mark);
    struct code_block *b = wx_alloc(w->mem, sizeof *b + words + marks);
    if (!b) {
        return NULL;
    }
    b->n_words = (uint32_t)w->words.n;
    b->n_marks = (uint32_t)w->marks.n;
    b->marks = (struct mark *)(void *)(b->words + w->words.n);
    memcpy(b->words, w->words.p, words);
    memcpy(b->marks, w->marks.p, marks);
    for (size_t i = 0; i < w->fixups.n; i++) {
        uint32_t to = w->labels.p[w->fixups.p[i].label];
        b->words[w->fixups.p[i].word] = (uint64_t)(uintptr_t)&b->words[to];
    }
    return b;
}

static wax_status compile(struct wx_rt_module *module, struct wx_code *code, int mode,
                          wax_error **err)
{
    (void)mode; /* code->mode says the same */
    struct writer w = {.sink = {emit, bind, mark, set_fuel},
                       .mem = wx_engine_get_mem(module->engine)};
    wax_status st = wx_lower(module, code, &w.sink, err);
    struct code_block *b = st == WAX_OK ? finish(&w) : NULL;
    wx_vec_fini(w.mem, &w.words);
    wx_vec_fini(w.mem, &w.marks);
    wx_vec_fini(w.mem, &w.fixups);
    wx_vec_fini(w.mem, &w.labels);
    if (!b) {
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

static const struct wx_code *find_code(const struct wx_instance *inst, const uint64_t *pc)
{
    const struct wx_module *m = inst->module->wasm;
    for (uint32_t i = 0; i < m->n_funcs - m->n_func_imports; i++) {
        const struct code_block *b =
            wx_load_acquire(&inst->codes[i].entry) ? inst->codes[i].tier_data : NULL;
        if (b && pc >= b->words && pc < b->words + b->n_words) {
            return &inst->codes[i];
        }
    }
    return NULL;
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
 * those of callers lie behind their call. walk->func_idx doubles as "not the first frame".
 */
static bool walk(const struct wx_thread *t, struct wx_walk *w)
{
    const uint64_t *pc = w->pc;
    bool first = w->pc == t->pc && w->fp == t->fp;
    if (!pc || pc == &exit_word || !w->fp) {
        return false;
    }
    pc -= first ? 0 : 1;
    const struct wx_code *code = find_code(w->inst, pc);
    if (!code) {
        return false;
    }
    w->func_idx = code->func_idx;
    w->module_off = module_off_of(code->tier_data, pc);
    return true;
}

static bool step(const struct wx_thread *t, struct wx_walk *w)
{
    (void)t;
    const struct wx_module *m = w->inst->module->wasm;
    const struct wx_code *code = &w->inst->codes[w->func_idx - m->n_func_imports];
    const uint64_t *h = w->fp + code->local_slots;
    w->pc = (const void *)(uintptr_t)h[WX_FRAME_PC];
    w->fp = (uint64_t *)(uintptr_t)h[WX_FRAME_FP];
    w->inst = (const struct wx_instance *)(uintptr_t)h[WX_FRAME_INST];
    return w->fp != NULL;
}

#define BIT(NAME) (UINT64_C(1) << WX_FEATURE_##NAME)

static const struct wx_tier_ops ops = {
    .name = "interp",
    .features = ~(BIT(SIMD) | BIT(RELAXED_SIMD) | BIT(EXCEPTIONS) | BIT(LEGACY_EXCEPTIONS) |
                  BIT(WIDE_ARITHMETIC) | BIT(GC)),
    .header_slots = WX_FRAME_SLOTS,
    .compile = compile,
    .code_fini = code_fini,
    .call = call,
    .resume = resume,
    .walk = walk,
    .step = step,
};

void wx_interp_register(void)
{
    wx_store_relaxed(&exit_word, (uint64_t)(uintptr_t)wx_interp_handlers[WX_H_EXIT]);
    wx_tier_register(&ops);
}
