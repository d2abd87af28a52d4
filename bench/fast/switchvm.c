/* SPDX-License-Identifier: Apache-2.0 */
/* A register machine run by one big switch (br_table): the steps of 3n+1 sequences. */
#include "bench.h"

enum { SET, ADD, MUL, HALF, ODD, LESS, MOVE, JUMP, JUMP_IF, MOST, HALT };

struct instr {
    uint8_t op, to, from;
    int16_t value;
};

/* r0 n, r1 x, r2 steps, r3 flag, r4 most steps, r5 one, r6 end */
static const struct instr program[] = {
    {SET, 0, 0, 1},  {SET, 5, 0, 1},                          /* 0 */
    {MOVE, 1, 0, 0}, {SET, 2, 0, 0},                          /* 2: next n */
    {LESS, 3, 5, 1}, {JUMP_IF, 0, 3, 9},                      /* 4: 1 < x? */
    {MOST, 4, 2, 0}, {ADD, 0, 5, 0},     {JUMP, 0, 0, 17},    /* 6: end reached */
    {ADD, 2, 5, 0},  {ODD, 3, 1, 0},     {JUMP_IF, 0, 3, 14}, /* 9: a step */
    {HALF, 1, 0, 0}, {JUMP, 0, 0, 4},                         /* 12: even */
    {MUL, 1, 0, 3},  {ADD, 1, 5, 0},     {JUMP, 0, 0, 4},     /* 14: odd */
    {LESS, 3, 0, 6}, {JUMP_IF, 0, 3, 2}, {HALT, 0, 0, 0},     /* 17: n < end? */
};

static uint32_t run(uint32_t end)
{
    uint32_t r[8] = {0};
    const struct instr *p = program;
    r[6] = end;
    for (;;) {
        const struct instr *i = p++;
        uint32_t *to = &r[i->to & 7], from = r[i->from & 7];
        switch (i->op) {
        case SET: *to = (uint32_t)i->value; break;
        case ADD: *to += from; break;
        case MUL: *to *= (uint32_t)i->value; break;
        case HALF: *to >>= 1; break;
        case ODD: *to = from & 1; break;
        case LESS: *to = from < r[i->value & 7]; break;
        case MOVE: *to = from; break;
        case JUMP: p = program + i->value; break;
        case JUMP_IF:
            if (from) {
                p = program + i->value;
            }
            break;
        case MOST: *to = *to > from ? *to : from; break;
        default: return r[4];
        }
    }
}

uint64_t kernel(uint32_t rounds)
{
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        sum = mix(sum, run(300 + (round & 7)));
    }
    return sum;
}
