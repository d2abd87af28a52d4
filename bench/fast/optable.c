/* SPDX-License-Identifier: Apache-2.0 */
/* An interpreter that calls one function for each operation through a table (call_indirect). */
#include "bench.h"

enum { PUSH, ADD, SUB, MUL, GET, SET, LESS, JUMP_IF, LOAD, STORE, HALT };

struct machine {
    const int32_t *pc;
    uint32_t depth, running;
    int32_t stack[16], vars[4], memory[64];
};
static struct machine machine;

/* a[i % 64] = a[i % 64] * 3 + i - total; total += a[i % 64], for i from 0 below 1,000 */
static const int32_t program[] = {
    GET, 0,     LOAD, PUSH, 3,   MUL, GET,  0,    ADD,  GET,     1,   SUB,  GET,
    0,   STORE, GET,  1,    GET, 0,   LOAD, ADD,  SET,  1,       GET, 0,    PUSH,
    1,   ADD,   SET,  0,    GET, 0,   PUSH, 1000, LESS, JUMP_IF, -37, HALT,
};

static void push(struct machine *m, int32_t v) { m->stack[m->depth++ & 15] = v; }
static int32_t pop(struct machine *m) { return m->stack[--m->depth & 15]; }

static void op_push(struct machine *m) { push(m, *m->pc++); }
static void op_add(struct machine *m)
{
    uint32_t b = (uint32_t)pop(m);
    push(m, (int32_t)((uint32_t)pop(m) + b));
}
static void op_sub(struct machine *m)
{
    uint32_t b = (uint32_t)pop(m);
    push(m, (int32_t)((uint32_t)pop(m) - b));
}
static void op_mul(struct machine *m)
{
    uint32_t b = (uint32_t)pop(m);
    push(m, (int32_t)((uint32_t)pop(m) * b));
}
static void op_get(struct machine *m) { push(m, m->vars[*m->pc++ & 3]); }
static void op_set(struct machine *m) { m->vars[*m->pc++ & 3] = pop(m); }
static void op_less(struct machine *m)
{
    int32_t b = pop(m);
    push(m, pop(m) < b);
}
static void op_jump_if(struct machine *m)
{
    int32_t by = *m->pc++;
    m->pc += pop(m) ? by : 0;
}
static void op_load(struct machine *m) { push(m, m->memory[pop(m) & 63]); }
static void op_store(struct machine *m)
{
    int32_t at = pop(m);
    m->memory[at & 63] = pop(m);
}
static void op_halt(struct machine *m) { m->running = 0; }

static void (*const operations[])(struct machine *) = {
    op_push, op_add,     op_sub,  op_mul,   op_get,  op_set,
    op_less, op_jump_if, op_load, op_store, op_halt,
};

uint64_t kernel(uint32_t rounds)
{
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        machine.pc = program;
        machine.depth = 0;
        machine.running = 1;
        machine.vars[0] = 0;
        machine.vars[1] = (int32_t)round;
        while (machine.running) {
            operations[*machine.pc++](&machine);
        }
        sum = mix(sum, (uint32_t)machine.vars[1]);
    }
    return sum;
}
