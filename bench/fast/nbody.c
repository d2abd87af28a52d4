/* SPDX-License-Identifier: Apache-2.0 */
/* Five bodies under gravity, fixed time step: double arithmetic with a square root and a division.
 */
#include "bench.h"

#define BODIES 5

struct body {
    double x, y, z, vx, vy, vz, mass;
};
static struct body bodies[BODIES];

static void place(void)
{
    uint32_t seed = 17;
    for (int i = 0; i < BODIES; i++) {
        double *p = &bodies[i].x;
        for (int k = 0; k < 6; k++) {
            p[k] = (double)(int32_t)next_random(&seed) / (k < 3 ? 1e8 : 1e10);
        }
        bodies[i].mass = i == 0 ? 40.0 : 0.01 * (i + 1);
    }
}

static void step(double dt)
{
    for (int i = 0; i < BODIES; i++) {
        struct body *p = &bodies[i];
        for (int k = i + 1; k < BODIES; k++) {
            struct body *q = &bodies[k];
            double dx = p->x - q->x, dy = p->y - q->y, dz = p->z - q->z;
            double square = dx * dx + dy * dy + dz * dz + 0.01;
            double pull = dt / (square * __builtin_sqrt(square));
            p->vx -= dx * q->mass * pull;
            p->vy -= dy * q->mass * pull;
            p->vz -= dz * q->mass * pull;
            q->vx += dx * p->mass * pull;
            q->vy += dy * p->mass * pull;
            q->vz += dz * p->mass * pull;
        }
    }
    for (int i = 0; i < BODIES; i++) {
        bodies[i].x += dt * bodies[i].vx;
        bodies[i].y += dt * bodies[i].vy;
        bodies[i].z += dt * bodies[i].vz;
    }
}

uint64_t kernel(uint32_t rounds)
{
    place();
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < 2000; i++) {
            step(0.001);
        }
    }
    uint64_t sum = 0;
    for (int i = 0; i < BODIES; i++) {
        sum = mix(sum, double_bits(bodies[i].x) ^ double_bits(bodies[i].vy));
    }
    return sum;
}
