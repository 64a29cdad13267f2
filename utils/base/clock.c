/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/base/clock.h"

#include <time.h>

ns_time clock_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_BOOTTIME, &ts);
    return (ns_time)ts.tv_sec * NS_PER_S + (ns_time)ts.tv_nsec;
}
