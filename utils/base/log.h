/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: levelled lines to one sink.  Never a key, never a whole packet.
 *
 * Lines look like "2026-11-23T10:00:00Z info ike: text".  Under systemd
 * (JOURNAL_STREAM set) the time is left out and the level is a <N> prefix.
 * Thread-safe: one write(2) a line.  A line that peers can cause goes through
 * LOG_LIMITED, which lets a burst through and then says how many it held back.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "utils/base/clock.h"
#include "utils/base/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_NOTICE, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);
/* Replaces the sink (tests); NULL restores standard error. */
void log_set_sink(void (*sink)(void *user, enum log_level level, const char *line), void *user);

/* `module` is a short lower-case tag: "ike", "dp", "sdk". */
void log_line(enum log_level level, const char *module, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* A token bucket per call site: `burst` lines at once, then `per_s` a second. */
struct log_limit {
    uint32_t burst;
    uint32_t per_s;
    ns_time last;
    uint64_t tokens_ns;
    uint64_t held_back;
};
#define LOG_LIMIT_INIT(burst_, per_s_)                                                             \
    {                                                                                              \
        .burst = (burst_), .per_s = (per_s_)                                                       \
    }
/* True if this line may be written now; *ret_held_back says how many were
 * suppressed since the last one that was. Single-threaded per limit. */
bool log_limit_pass(struct log_limit *limit, ns_time now, uint64_t *ret_held_back);

#endif
