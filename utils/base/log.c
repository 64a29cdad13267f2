/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 1024

static atomic_int current_level = LOG_INFO;
static void (*sink_fn)(void *, enum log_level, const char *);
static void *sink_user;

static const char *const level_names[] = { "error", "warning", "notice", "info", "debug" };
static const int syslog_levels[] = { 3, 4, 5, 6, 7 }; /* sd-daemon(3) */

void log_set_level(enum log_level level)
{
    atomic_store(&current_level, (int)level);
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&current_level, memory_order_relaxed);
}

void log_set_sink(void (*sink)(void *, enum log_level, const char *), void *user)
{
    sink_fn = sink;
    sink_user = user;
}

static int line_head(char *line, size_t cap, enum log_level level, const char *module)
{
    time_t t = time(NULL);
    struct tm tm;

    if (getenv("JOURNAL_STREAM"))
        return snprintf(line, cap, "<%d>%s: ", syslog_levels[level], module);
    gmtime_r(&t, &tm);
    return snprintf(line, cap, "%04d-%02d-%02dT%02d:%02d:%02dZ %s %s: ", tm.tm_year + 1900,
                    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, level_names[level],
                    module);
}

/* A peer's bytes must not forge a second line or a terminal escape.  U+0080 to
 * U+009F are control characters too: 0xc2 and a byte below 0xa0 in UTF-8. */
static void make_printable(char *s)
{
    for (unsigned char *b = (unsigned char *)s; *b; b++) {
        if (b[0] < 0x20 || b[0] == 0x7f)
            b[0] = '?';
        else if (b[0] == 0xc2 && b[1] >= 0x80 && b[1] < 0xa0)
            b[0] = b[1] = '?';
    }
}

void log_line(enum log_level level, const char *module, const char *fmt, ...)
{
    char line[LINE_MAX_LEN];
    int head;
    va_list ap;

    if (!log_enabled(level))
        return;
    head = line_head(line, sizeof line, level, module);
    va_start(ap, fmt);
    vsnprintf(line + head, sizeof line - (size_t)head - 1, fmt, ap);
    va_end(ap);
    make_printable(line + head);
    if (sink_fn) {
        sink_fn(sink_user, level, line + head);
        return;
    }
    size_t len = strlen(line);
    line[len] = '\n';
    if (write(STDERR_FILENO, line, len + 1) < 0)
        return; /* nowhere left to complain */
}

bool log_limit_pass(struct log_limit *limit, ns_time now, uint64_t *ret_held_back)
{
    uint64_t cost = NS_PER_S / (limit->per_s ? limit->per_s : 1);
    uint64_t cap = cost * limit->burst;

    if (limit->last == 0)
        limit->tokens_ns = cap;
    else if (now > limit->last)
        limit->tokens_ns += now - limit->last;
    if (limit->tokens_ns > cap)
        limit->tokens_ns = cap;
    limit->last = now ? now : 1;
    if (limit->tokens_ns < cost) {
        limit->held_back++;
        return false;
    }
    limit->tokens_ns -= cost;
    *ret_held_back = limit->held_back;
    limit->held_back = 0;
    return true;
}
