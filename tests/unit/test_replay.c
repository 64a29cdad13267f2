/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_replay: the anti-replay window beside a naive model that remembers every
 * number in a big table, and named edges of RFC 4303 section 3.4.3 and A2.
 */
#include "driver/soft/engine/replay.h"

#include "tests/unit/engine_kit.h"
#include "utils/base/mem.h"

#define MODEL_SIZE 65536u

struct model {
    uint64_t top;
    uint32_t window;
    uint64_t seen[MODEL_SIZE]; /* the last number taken in this place */
};

struct pair {
    struct replay r;
    _Atomic uint64_t *words;
    struct model m;
};

static void pair_init(struct pair *p, uint32_t window, bool esn)
{
    memset(p, 0, sizeof *p);
    p->words = mem_zalloc_array(replay_words(window), sizeof *p->words);
    assert_non_null(p->words);
    replay_init(&p->r, window, esn, p->words);
    p->m.window = window;
}

static bool model_ok(const struct model *m, uint64_t seq)
{
    if (seq == 0 || (seq <= m->top && m->top - seq >= m->window))
        return false;
    return m->seen[seq % MODEL_SIZE] != seq;
}

static void step(struct pair *p, uint64_t seq)
{
    bool ok = model_ok(&p->m, seq);
    enum replay_result want = !ok              ? REPLAY_REFUSED
                              : seq > p->m.top ? REPLAY_HIGHEST
                                               : REPLAY_ACCEPTED;

    /* The check before the ICV may only err by letting pass. */
    assert_int_equal(replay_check(&p->r, seq), ok);
    assert_int_equal(replay_accept(&p->r, seq), want);
    if (!ok)
        return;
    p->m.seen[seq % MODEL_SIZE] = seq;
    if (seq > p->m.top)
        p->m.top = seq;
    assert_true(atomic_load(&p->r.top) == p->m.top);
}

/* RFC 4303 A2 said another way: the number with these low bits that lies in the
 * 2^32 numbers from the window's bottom on. */
static bool model_number(uint64_t top, uint32_t window, uint32_t low, uint64_t *ret)
{
    __int128 bottom = (__int128)top - window + 1;
    __int128 n = (bottom & ~(__int128)UINT32_MAX) | low;

    if (n < bottom)
        n += (__int128)1 << 32;
    if (n < 0 || n > (__int128)UINT64_MAX)
        return false;
    *ret = (uint64_t)n;
    return true;
}

static void check_number(const struct replay *r, uint64_t top, uint32_t low)
{
    uint64_t got = 1, want = 1;

    assert_int_equal(replay_number(r, low, &got), model_number(top, r->window, low, &want));
    assert_true(got == want);
}

static void random_walk(uint32_t window, uint64_t start, uint64_t seed)
{
    static struct pair p;
    struct kit_rng r = { seed };

    pair_init(&p, window, true);
    if (start)
        step(&p, start);
    for (unsigned i = 0; i < 200000; i++) {
        uint64_t top = p.m.top;
        uint64_t seq;

        switch (kit_below(&r, 10)) {
        case 0:
            seq = top + kit_below(&r, 3 * window); /* a jump */
            break;
        case 1:
            seq = top - kit_below(&r, 2 * window); /* may be before the window */
            break;
        default:
            seq = top + 8 - kit_below(&r, window + 12);
        }
        if (seq > top + 4 * (uint64_t)window)
            continue; /* below zero */
        check_number(&p.r, top, (uint32_t)seq);
        step(&p, seq);
    }
    mem_free((void *)(uintptr_t)p.words);
}

static void the_window_agrees_with_a_model_on_random_walks(void **state)
{
    static const uint32_t windows[] = { 32, 64, 100, 128, 512, 1024, 4096 };
    static const uint64_t starts[] = { 0, 5000, UINT32_MAX - 3000, UINT64_C(7) << 32,
                                       (UINT64_C(9) << 32) - 100 };

    (void)state;
    for (size_t w = 0; w < sizeof windows / sizeof windows[0]; w++)
        for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++) {
            uint64_t seed = w * 100 + s + 1;

            random_walk(windows[w], starts[s], seed);
        }
}

struct edge {
    const char *name;
    uint32_t window;
    uint64_t top;
    uint64_t seq;
    bool want;
};

static const struct edge edges[] = {
    { "number zero is never sent", 64, 0, 0, false },
    { "the first number", 64, 0, 1, true },
    { "the top again", 64, 100, 100, false },
    { "one below the top", 64, 100, 99, true },
    { "last inside the window", 64, 100, 37, true },
    { "first outside the window", 64, 100, 36, false },
    { "last inside a window of 32", 32, 100, 69, true },
    { "first outside a window of 32", 32, 100, 68, false },
    { "last inside a window of 4096", 4096, 10000, 5905, true },
    { "first outside a window of 4096", 4096, 10000, 5904, false },
    { "a jump over the whole ring", 64, 100, 1000000, true },
    { "the last number without ESN", 64, UINT32_MAX - 1, UINT32_MAX, true },
    { "across 2^32 upwards", 64, UINT32_MAX, UINT64_C(1) << 32, true },
    { "across 2^32 downwards", 64, (UINT64_C(1) << 32) + 5, UINT32_MAX - 5, true },
    { "too far across 2^32 downwards", 64, (UINT64_C(1) << 32) + 5, UINT32_MAX - 60, false },
    { "the last number of all", 64, UINT64_MAX - 1, UINT64_MAX, true },
};

static void named_edges_of_the_window(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        const struct edge *e = &edges[i];
        static struct pair p;

        pair_init(&p, e->window, true);
        if (e->top)
            step(&p, e->top);
        if ((replay_accept(&p.r, e->seq) != REPLAY_REFUSED) != e->want)
            fail_msg("%s", e->name);
        assert_int_equal(replay_accept(&p.r, e->seq), REPLAY_REFUSED);
        mem_free((void *)(uintptr_t)p.words);
    }
}

struct guess {
    const char *name;
    uint64_t top;
    uint32_t low;
    bool ok;
    uint64_t want;
};

static const struct guess guesses[] = {
    { "fresh SA, first packet", 0, 1, true, 1 },
    { "fresh SA, a number before zero", 0, UINT32_MAX, false, 0 },
    { "case A, inside", 1000, 990, true, 990 },
    { "case A, at the bottom", 1000, 937, true, 937 },
    { "case A, below the bottom is the next subspace", 1000, 936, true, (UINT64_C(1) << 32) + 936 },
    { "case A begins", 63, 0, true, 0 },
    { "case B, window over the edge", (UINT64_C(2) << 32) + 10, UINT32_MAX - 20, true,
      (UINT64_C(2) << 32) - 21 },
    { "case B, bottom", (UINT64_C(2) << 32) + 10, UINT32_MAX - 52, true, (UINT64_C(2) << 32) - 53 },
    { "case B, below the bottom is ahead", (UINT64_C(2) << 32) + 10, UINT32_MAX - 53, true,
      (UINT64_C(3) << 32) - 54 },
    { "the last subspace has no next", UINT64_MAX - 5, 3, false, 0 },
};

static void named_edges_of_the_extended_number(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof guesses / sizeof guesses[0]; i++) {
        const struct guess *g = &guesses[i];
        static struct pair p;
        uint64_t got = 0;

        pair_init(&p, 64, true);
        atomic_store(&p.r.top, g->top);
        if (replay_number(&p.r, g->low, &got) != g->ok || got != g->want)
            fail_msg("%s: %llx", g->name, (unsigned long long)got);
        check_number(&p.r, g->top, g->low);
        mem_free((void *)(uintptr_t)p.words);
    }
}

static void extended_numbers_agree_with_a_model_anywhere(void **state)
{
    static struct pair p;
    struct kit_rng r = { 99 };

    (void)state;
    pair_init(&p, 128, true);
    for (unsigned i = 0; i < 1000000; i++) {
        uint64_t high = kit_below(&r, 4) ? kit_below(&r, 3) : UINT32_MAX - kit_below(&r, 2);
        uint32_t top_low = kit_below(&r, 2) ? kit_rand(&r) : kit_below(&r, 300) - 150;
        uint64_t top = high << 32 | top_low;

        atomic_store(&p.r.top, top);
        check_number(&p.r, top,
                     kit_below(&r, 2) ? kit_rand(&r) : (uint32_t)top + 200 - kit_below(&r, 400));
    }
    mem_free((void *)(uintptr_t)p.words);
}

static void without_a_window_every_number_passes_and_the_top_is_kept(void **state)
{
    static struct pair p;

    (void)state;
    pair_init(&p, 0, false);
    assert_true(replay_check(&p.r, 5));
    assert_int_equal(replay_accept(&p.r, 5), REPLAY_HIGHEST);
    assert_int_equal(replay_accept(&p.r, 5), REPLAY_ACCEPTED);
    assert_int_equal(replay_accept(&p.r, 1), REPLAY_ACCEPTED);
    assert_true(atomic_load(&p.r.top) == 5);
    mem_free((void *)(uintptr_t)p.words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_window_agrees_with_a_model_on_random_walks),
        cmocka_unit_test(named_edges_of_the_window),
        cmocka_unit_test(named_edges_of_the_extended_number),
        cmocka_unit_test(extended_numbers_agree_with_a_model_anywhere),
        cmocka_unit_test(without_a_window_every_number_passes_and_the_top_is_kept),
    };
    return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
