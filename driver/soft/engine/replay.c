/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/soft/engine/replay.h"

/* ESN needs a window to guess by even where the check is off. */
#define GUESS_WINDOW 64u

size_t replay_words(uint32_t window)
{
    size_t need = (window + 31) / 32 + 1;
    size_t n = 1;

    while (n < need)
        n *= 2;
    return n;
}

void replay_init(struct replay *r, uint32_t window, bool esn, _Atomic uint64_t *words)
{
    size_t n = replay_words(window);

    r->window = window;
    r->esn = esn;
    r->words = words;
    r->mask = (uint32_t)(n - 1);
    r->lap_shift = 5 + (uint32_t)__builtin_ctzl(n);
    atomic_init(&r->top, 0);
}

/* RFC 4303 appendix A2.2, cases A and B. */
static bool extend(uint64_t top, uint32_t window, uint32_t low, uint64_t *ret)
{
    uint32_t top_low = (uint32_t)top;
    uint32_t high = (uint32_t)(top >> 32);
    uint32_t bottom = top_low - window + 1; /* modulo 2^32, as the RFC has it */

    if (top_low >= window - 1) {
        if (low < bottom && ++high == 0)
            return false; /* beyond 2^64 - 1 */
    } else if (low >= bottom && high-- == 0) {
        return false; /* before the first number */
    }
    *ret = (uint64_t)high << 32 | low;
    return true;
}

bool replay_number(const struct replay *r, uint32_t low, uint64_t *ret)
{
    if (!r->esn) {
        *ret = low;
        return true;
    }
    return extend(atomic_load_explicit(&r->top, memory_order_relaxed),
                  r->window ? r->window : GUESS_WINDOW, low, ret);
}

static bool inside(const struct replay *r, uint64_t seq)
{
    uint64_t top = atomic_load_explicit(&r->top, memory_order_relaxed);

    /* The first packet of an SA has number 1 (section 2.2). */
    return seq != 0 && (seq > top || top - seq < r->window);
}

bool replay_check(const struct replay *r, uint64_t seq)
{
    uint64_t word;

    if (!r->window)
        return true;
    if (!inside(r, seq))
        return false;
    word = atomic_load_explicit(&r->words[(seq >> 5) & r->mask], memory_order_relaxed);
    return (uint32_t)(word >> 32) != (uint32_t)(seq >> r->lap_shift) || !(word >> (seq & 31) & 1);
}

static bool take(struct replay *r, uint64_t seq)
{
    _Atomic uint64_t *at = &r->words[(seq >> 5) & r->mask];
    uint32_t lap = (uint32_t)(seq >> r->lap_shift);
    uint64_t bit = UINT64_C(1) << (seq & 31);
    uint64_t word = atomic_load_explicit(at, memory_order_acquire);
    uint64_t next;

    do {
        if ((uint32_t)(word >> 32) == lap) {
            if (word & bit)
                return false;
            next = word | bit;
        } else {
            /* A later lap? Then the top is already so far ahead of us. */
            if (!inside(r, seq))
                return false;
            next = (uint64_t)lap << 32 | bit;
        }
    } while (!atomic_compare_exchange_weak_explicit(at, &word, next, memory_order_acq_rel,
                                                    memory_order_acquire));
    return true;
}

static bool raise_top(struct replay *r, uint64_t seq)
{
    uint64_t top = atomic_load_explicit(&r->top, memory_order_relaxed);

    while (seq > top)
        if (atomic_compare_exchange_weak_explicit(&r->top, &top, seq, memory_order_relaxed,
                                                  memory_order_relaxed))
            return true;
    return false;
}

/*
 * The top moves before the word does, so whoever meets the word of a later lap
 * also sees the top that goes with it.  Two numbers of different laps in one
 * word lie further apart than the window, hence a number that is still inside
 * met an older lap, which it may replace.
 */
enum replay_result replay_accept(struct replay *r, uint64_t seq)
{
    bool highest;

    if (r->window && !inside(r, seq))
        return REPLAY_REFUSED;
    highest = raise_top(r, seq);
    if (r->window && !take(r, seq))
        return REPLAY_REFUSED;
    return highest ? REPLAY_HIGHEST : REPLAY_ACCEPTED;
}
