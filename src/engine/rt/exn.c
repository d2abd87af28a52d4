/* SPDX-License-Identifier: Apache-2.0 */
/* Exception values: boxes for payloads of more than one slot, and the sweep that frees them. */
#include "engine/rt/exn.h"

#include <string.h>

#include "engine/rt/engine.h"

#define MIN_SWEEP 256u        /* boxes before the first sweep */
#define WORDS_PER_BOX 16u     /* a sweep over this many words is paid for by one new box */
#define MAX_BYTES (64u << 20) /* of live boxes in a store */
#define LOOK_EVERY 0x10000u   /* table elements between looks for an interrupt */
#define HANDLE_MARK 0xe4c5u   /* upper 16 bits: no address, an unlikely number */
#define INDEX_BITS 24         /* of a handle; as many for the generation */
#define FIELD_MASK 0xffffffu

struct wx_exn_box {
    struct wx_exn_box *next; /* while marking: boxes still to look through */
    uint32_t n_slots;
    bool marked;
    uint64_t slots[];
};

static uint64_t handle_of(uint32_t idx, uint32_t gen)
{
    return (uint64_t)HANDLE_MARK << 48 | (uint64_t)(gen & FIELD_MASK) << INDEX_BITS | idx;
}

/* The live cell a word names, or NULL. */
static struct wx_exn_cell *find_cell(const struct wx_exn_heap *heap, uint64_t word)
{
    uint32_t idx = (uint32_t)word & FIELD_MASK;
    if (word >> 48 != HANDLE_MARK || idx >= heap->cells.n) {
        return NULL;
    }
    struct wx_exn_cell *cell = &heap->cells.p[idx];
    return cell->box && handle_of(idx, cell->gen) == word ? cell : NULL;
}

static void free_cell(struct wx_store *store, struct wx_exn_cell *cell)
{
    struct wx_exn_heap *heap = &store->exns;
    heap->n_bytes -= cell->box->n_slots * sizeof(uint64_t);
    wx_free(&store->mem, cell->box);
    cell->box = NULL;
    cell->gen++;
    if (heap->first_free != WX_EXN_UNKNOWN) {
        cell->next_free = heap->first_free;
        heap->first_free = (uint32_t)(cell - heap->cells.p) + 1;
    }
    heap->n_live--;
}

/* -------- the sweep -------- */

struct sweep {
    const struct wx_exn_heap *heap;
    struct wx_exn_box *todo;
    uint64_t n_words;
    const uint64_t *interrupt; /* of the thread */
    bool stopped;              /* an interrupt is pending: free nothing */
};

static void mark_words(struct sweep *s, const uint64_t *words, uint64_t n)
{
    if (s->stopped) {
        return;
    }
    for (uint64_t i = 0; i < n; i++) {
        struct wx_exn_cell *cell = find_cell(s->heap, words[i]);
        if (cell && !cell->box->marked) {
            cell->box->marked = true;
            cell->box->next = s->todo;
            s->todo = cell->box;
        }
    }
    s->n_words += n;
}

static void mark_tables(struct sweep *s, const struct wx_store *store)
{
    for (size_t i = 0; i < store->tables.n; i++) {
        const struct wx_table *table = store->tables.p[i];
        if (wx_type_slots(table->type.elem) == 2) {
            for (uint64_t k = 0; k < table->size && !s->stopped; k++) {
                mark_words(s, &table->elems[k].ref1, 1);
                s->stopped = k % LOOK_EVERY == 0 && wx_load_relaxed(&store->thread.interrupt);
            }
        }
    }
}

static void mark_other(void *data, const uint64_t *words, uint64_t n)
{
    struct sweep *s = data;
    mark_words(s, words, n);
    s->stopped = s->stopped || wx_load_relaxed(s->interrupt);
}

/*
 * Free every box no word below `top`, in the store's objects or among the n words at `payload`
 * refers to.
 */
static void sweep(struct wx_store *store, const uint64_t *top, const uint64_t *payload, uint32_t n)
{
    struct wx_exn_heap *heap = &store->exns;
    const struct wx_thread *t = &store->thread;
    struct sweep s = {.heap = heap, .interrupt = &t->interrupt};
    mark_words(&s, t->stack_base, (uint64_t)(top - t->stack_base));
    mark_words(&s, payload, n);
    mark_words(&s, t->exn, 2);
    if (t->other_stacks) {
        t->other_stacks(t, mark_other, &s);
    }
    mark_tables(&s, store);
    for (size_t i = 0; i < heap->globals.n; i++) {
        mark_words(&s, heap->globals.p[i]->value, 2);
    }
    while (s.todo && !s.stopped) {
        struct wx_exn_box *box = s.todo;
        s.todo = box->next;
        mark_words(&s, box->slots, box->n_slots);
        s.stopped = wx_load_relaxed(&t->interrupt) != 0;
    }
    for (size_t i = 0; i < heap->cells.n; i++) {
        struct wx_exn_cell *cell = &heap->cells.p[i];
        if (cell->box && !cell->box->marked && !s.stopped) {
            free_cell(store, cell);
        } else if (cell->box) {
            cell->box->marked = false;
        }
    }
    s.n_words += heap->cells.n;
    uint64_t at = heap->n_live + s.n_words / WORDS_PER_BOX;
    at = at < 2 * (uint64_t)heap->n_live ? 2 * (uint64_t)heap->n_live : at;
    at = at < MIN_SWEEP ? MIN_SWEEP : at;
    heap->sweep_at = at > FIELD_MASK ? FIELD_MASK : (uint32_t)at;
}

/* -------- making and reading -------- */

/* In a copy of a store: cells that were not copied are free. */
static void find_free(struct wx_exn_heap *heap)
{
    heap->first_free = 0;
    for (size_t i = heap->cells.n; i-- > 0;) {
        struct wx_exn_cell *cell = &heap->cells.p[i];
        if (!cell->box) {
            cell->next_free = heap->first_free;
            heap->first_free = (uint32_t)i + 1;
        }
    }
}

static struct wx_exn_cell *take_cell(struct wx_store *store)
{
    struct wx_exn_heap *heap = &store->exns;
    if (heap->first_free == WX_EXN_UNKNOWN) {
        find_free(heap);
    }
    if (heap->first_free) {
        struct wx_exn_cell *cell = &heap->cells.p[heap->first_free - 1];
        heap->first_free = cell->next_free;
        return cell;
    }
    struct wx_exn_cell empty = {0};
    if (heap->cells.n > FIELD_MASK || !wx_vec_push(&store->mem, &heap->cells, empty)) {
        return NULL;
    }
    return &heap->cells.p[heap->cells.n - 1];
}

static bool new_box(struct wx_store *store, const uint64_t *payload, uint32_t n,
                    uint64_t *ret_handle)
{
    struct wx_exn_heap *heap = &store->exns;
    uint64_t n_bytes = n * sizeof *payload;
    struct wx_exn_box *box =
        heap->n_bytes + n_bytes <= MAX_BYTES ? wx_alloc(&store->mem, sizeof *box + n_bytes) : NULL;
    struct wx_exn_cell *cell = box ? take_cell(store) : NULL;
    if (!cell) {
        wx_free(&store->mem, box);
        return false;
    }
    box->next = NULL;
    box->n_slots = n;
    box->marked = false;
    memcpy(box->slots, payload, n_bytes);
    cell->box = box;
    heap->n_live++;
    heap->n_bytes += n_bytes;
    *ret_handle = handle_of((uint32_t)(cell - heap->cells.p), cell->gen);
    return true;
}

enum wx_trap wx_exn_new(struct wx_store *store, const struct wx_tag *tag, const uint64_t *payload,
                        const uint64_t *top, uint64_t ret_exn[2])
{
    uint32_t n = tag->sig->n_param_slots;
    uint64_t second = n ? payload[0] : 0;
    wx_assert(tag->store == store);
    if (n > 1) {
        uint32_t at = store->exns.sweep_at;
        if (store->exns.n_live >= (at ? at : MIN_SWEEP)) {
            sweep(store, top, payload, n);
        }
        if (!new_box(store, payload, n, &second)) {
            sweep(store, top, payload, n); /* a limit was hit: what is dead makes room */
            if (!new_box(store, payload, n, &second)) {
                return WX_TRAP_NOMEM;
            }
        }
    }
    ret_exn[0] = (uint64_t)(uintptr_t)tag;
    ret_exn[1] = second;
    return WX_TRAP_NONE;
}

static uint32_t payload_slots(const uint64_t exn[2])
{
    return ((const struct wx_tag *)(uintptr_t)exn[0])->sig->n_param_slots;
}

const uint64_t *wx_exn_payload(const struct wx_store *store, const uint64_t exn[2])
{
    if (payload_slots(exn) <= 1) {
        return &exn[1];
    }
    const struct wx_exn_cell *cell = find_cell(&store->exns, exn[1]);
    return cell ? cell->box->slots : NULL;
}

void wx_exn_release(struct wx_store *store, const uint64_t exn[2])
{
    struct wx_exn_cell *cell = payload_slots(exn) > 1 ? find_cell(&store->exns, exn[1]) : NULL;
    if (cell) {
        free_cell(store, cell);
    }
}

/* Cells as they are in another store, but for their boxes: what is freed there is not known here.
 */
static bool mirror_cells(struct wx_store *to, const struct wx_exn_heap *from)
{
    struct wx_exn_heap *heap = &to->exns;
    if (heap->cells.n) {
        return true;
    }
    if (!wx_vec_reserve(&to->mem, &heap->cells, from->cells.n)) {
        return false;
    }
    for (size_t i = 0; i < from->cells.n; i++) {
        heap->cells.p[i] = (struct wx_exn_cell){.gen = from->cells.p[i].gen};
    }
    heap->cells.n = from->cells.n;
    heap->first_free = WX_EXN_UNKNOWN;
    heap->sweep_at = from->sweep_at;
    return true;
}

bool wx_exn_copy_box(struct wx_store *to, const struct wx_store *from, uint64_t handle,
                     uint64_t **ret_slots)
{
    const struct wx_exn_cell *cell = find_cell(&from->exns, handle);
    if (!cell || !mirror_cells(to, &from->exns)) {
        return false;
    }
    struct wx_exn_cell *copy = &to->exns.cells.p[cell - from->exns.cells.p];
    if (copy->box) {
        *ret_slots = NULL;
        return true;
    }
    size_t n_bytes = cell->box->n_slots * sizeof(uint64_t);
    struct wx_exn_box *box = wx_alloc(&to->mem, sizeof *box + n_bytes);
    if (!box) {
        return false;
    }
    *box = (struct wx_exn_box){.n_slots = cell->box->n_slots};
    memcpy(box->slots, cell->box->slots, n_bytes);
    copy->box = box;
    to->exns.n_live++;
    to->exns.n_bytes += n_bytes;
    *ret_slots = box->slots;
    return true;
}

bool wx_exn_is_valid(const struct wx_store *store, const uint64_t exn[2])
{
    const struct wx_tag *tag = (const struct wx_tag *)(uintptr_t)exn[0];
    return !tag || (tag->store == store && wx_exn_payload(store, exn) != NULL);
}

void wx_exn_heap_fini(struct wx_store *store)
{
    for (size_t i = 0; i < store->exns.cells.n; i++) {
        wx_free(&store->mem, store->exns.cells.p[i].box);
    }
    wx_vec_fini(&store->mem, &store->exns.cells);
    wx_vec_fini(&store->mem, &store->exns.globals);
}
