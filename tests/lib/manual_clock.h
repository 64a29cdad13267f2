/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manual_clock: time that moves when a test says so (utils/base/clock.h hands
 * time around as a value, so this is all there is to it).
 */
#ifndef TESTS_LIB_MANUAL_CLOCK_H
#define TESTS_LIB_MANUAL_CLOCK_H

#include "utils/base/clock.h"

struct manual_clock {
    ns_time now;
};

/* Not 0: zero means "never" in many contracts. */
#define MANUAL_CLOCK_INIT                                                                          \
    {                                                                                              \
        .now = 1000 * NS_PER_S                                                                     \
    }

static inline ns_time manual_clock_advance(struct manual_clock *clock, ns_time by)
{
    return clock->now += by;
}

/* Moves to `at`, or stays where it is if that has passed. */
static inline ns_time manual_clock_move_to(struct manual_clock *clock, ns_time at)
{
    if (at > clock->now)
        clock->now = at;
    return clock->now;
}

#endif
