/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock: time as a value.  Nothing below a process's main file reads the
 * clock; it is handed a `now`.  Nanoseconds since an arbitrary start,
 * monotonic.  tests/lib has a manual clock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

typedef uint64_t ns_time;

#define NS_PER_US 1000ull
#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

/* CLOCK_BOOTTIME: SA lifetimes go on while a machine is suspended. */
ns_time clock_now(void);

#endif
