/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the words of 32 KiB of text: classes of bytes, a hash, chains of entries in a pool. */
#include "bench.h"

#define SIZE 32768
#define HEADS 64

struct word {
    struct word *next;
    uint32_t hash, len, count;
    const uint8_t *text;
};

static uint8_t text[SIZE];
static struct word pool[4096], *heads[HEADS];
static uint32_t n_words;

static int is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static int equal(const uint8_t *a, const uint8_t *b, uint32_t len)
{
    while (len > 0 && *a == *b) {
        a++;
        b++;
        len--;
    }
    return len == 0;
}

static void count(const uint8_t *start, uint32_t len, uint32_t hash)
{
    struct word **head = &heads[(hash ^ hash >> 8) % HEADS], *w = *head;
    while (w != NULL && !(w->hash == hash && w->len == len && equal(w->text, start, len))) {
        w = w->next;
    }
    if (w == NULL) {
        if (n_words == sizeof pool / sizeof pool[0]) {
            return;
        }
        w = &pool[n_words++];
        *w = (struct word){*head, hash, len, 0, start};
        *head = w;
    }
    w->count++;
}

uint64_t kernel(uint32_t rounds)
{
    uint64_t sum = 0;
    make_text(text, SIZE, 30);
    for (uint32_t round = 0; round < rounds; round++) {
        n_words = 0;
        for (int i = 0; i < HEADS; i++) {
            heads[i] = NULL;
        }
        uint32_t lines = 0;
        for (uint32_t i = 0; i < SIZE;) {
            uint32_t start = i, hash = 0;
            while (i < SIZE && is_letter(text[i])) {
                hash = hash * 31 + text[i++];
            }
            if (i > start) {
                count(text + start, i - start, hash);
            } else {
                lines += text[i++] == '\n';
            }
        }
        for (uint32_t i = 0; i < n_words; i++) {
            sum = mix(sum, pool[i].count * lines + pool[i].hash);
        }
        text[round * 61 % SIZE] ^= 1;
    }
    return sum;
}
