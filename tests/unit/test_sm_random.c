/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random commands on both ends at random moments, with late answers and a bad
 * network; then the network heals, and both ends must come to agree.
 */
#include "ike/core/shard.h"

#include "tests/lib/two_shards.h"
#include "tests/lib/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

static struct two_shards two;

struct weather {
    struct seeded_rng seeded;
    struct rng rng;
    uint32_t loss, twice; /* of 100 */
};

static bool bad_network(void *user, struct two_packet *p)
{
    struct weather *w = user;

    if (rng_below(&w->rng, 100) < w->twice && two.n_packets + 2 < TWO_PACKETS_MAX) {
        struct two_packet *copy = malloc(sizeof *copy);

        *copy = *p;
        two.packets[two.n_packets++] = copy;
    }
    return rng_below(&w->rng, 100) >= w->loss;
}

static void shuffle_packets(struct weather *w)
{
    if (two.n_packets > 1) {
        uint32_t i = rng_below(&w->rng, two.n_packets);
        struct two_packet *first = two.packets[0];

        two.packets[0] = two.packets[i];
        two.packets[i] = first;
    }
}

static uint64_t last_seed;
static uint32_t last_loss;

static int say_seed(void **state)
{
    (void)state;
    print_message("last storm: SM_SEED=%u SM_LOSS=%u repeats it\n", (unsigned)last_seed, last_loss);
    return 0;
}

static struct two_outcome outcomes[64];

static void command(struct weather *w, unsigned n)
{
    int me = (int)rng_below(&w->rng, 2);
    struct two_outcome *o = &outcomes[n];

    *o = (struct two_outcome){ 0 };
    switch (rng_below(&w->rng, 8)) {
    case 0:
    case 1:
    case 2:
        two_rekey(&two, me, true, o);
        break;
    case 3:
    case 4:
    case 5:
        two_rekey(&two, me, false, o);
        break;
    case 6:
        two_terminate(&two, me, rng_below(&w->rng, 3) > 0, false, o);
        break;
    default:
        ike_shard_initiate(two.end[me].shard, two.clock.now, "gw", NULL, two_outcome_set, o);
    }
}

static bool room(void)
{
    return two.end[0].n_installs < TWO_INSTALLS_MAX - 8 &&
           two.end[1].n_installs < TWO_INSTALLS_MAX - 8;
}

static void storm(struct weather *w)
{
    unsigned n = 0;

    for (unsigned step = 0; step < 400 && room(); step++) {
        const char *why;

        if (n < 64 && rng_below(&w->rng, 12) == 0)
            command(w, n++);
        if (rng_below(&w->rng, 20) == 0)
            two_shards_advance_slowly(&two, rng_below(&w->rng, 3000) * NS_PER_MS);
        shuffle_packets(w);
        two_shards_step(&two);
        why = two_disagree(&two);
        if (why && w->loss == 0 && why[0] == 'k') /* keys differ is never right */
            fail_msg("%s", why);
    }
    two.filter = NULL;
    two_shards_advance(&two, 400 * NS_PER_S);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(outcomes[i].n, 1);
}

/* Children that are neither draining nor on the way out. */
static unsigned same_children(void)
{
    const char *why = two_disagree(&two);

    if (why || two_live(&two.end[0]) != two_live(&two.end[1]))
        two_print(&two);
    if (why)
        fail_msg("%s", why);
    assert_int_equal(two_live(&two.end[0]), two_live(&two.end[1]));
    assert_int_equal(two_stats(&two.end[0]).ike_sas, two_stats(&two.end[1]).ike_sas);
    assert_int_equal(two_stats(&two.end[0]).children, two_stats(&two.end[1]).children);
    assert_int_equal(two_stats(&two.end[0]).half_open, 0);
    assert_int_equal(two_stats(&two.end[1]).half_open, 0);
    return two_live(&two.end[0]);
}

static void run(uint64_t seed, uint32_t loss)
{
    struct weather w = { .loss = loss, .twice = loss };

    w.rng = seeded_rng_init(&w.seeded, seed * 77 + loss);
    two_shards_init(&two, seed);
    two_shards_put_both(&two, NULL, NULL);
    assert_int_equal(two_shards_up(&two, 0), 0);
    two.delay = true;
    two.filter = bad_network;
    two.filter_user = &w;
    storm(&w);
    same_children();
    /* And it still works. */
    two.delay = false;
    two_shards_up(&two, 0);
    assert_true(same_children() >= 1);
    two_shards_fini(&two);
}

static void after_any_storm_both_ends_agree(void **state)
{
    uint64_t first = getenv("SM_SEED") ? strtoull(getenv("SM_SEED"), NULL, 0) : 1;
    uint64_t n = getenv("SM_SEED") ? 1 : (getenv("SM_N") ? strtoull(getenv("SM_N"), NULL, 0) : 150);

    (void)state;
    for (uint64_t seed = first; seed < first + n; seed++) {
        for (uint32_t loss = 0; loss <= 20; loss += 10) {
            if (getenv("SM_LOSS") && loss != (uint32_t)atoi(getenv("SM_LOSS")))
                continue;
            last_seed = seed;
            last_loss = loss;
            run(seed, loss);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(after_any_storm_both_ends_agree, say_seed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
