/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: the one error regime of the tree.
 *
 * A function that can fail returns 0 or one of the negative codes below and
 * leaves its outputs unchanged on failure.  Where an operator will read the
 * reason, the last parameter is a `struct err *` (NULL accepted) that carries
 * the code and one sentence naming the field, limit or file that failed.
 *
 * The public header ipsec_offload/error.h repeats these numbers under the
 * IOFF_E_ prefix; sdk/src/error.c asserts that they agree.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

enum err_code {
    ERR_NONE = 0,
    ERR_INVALID = -1,     /* an argument or a field is wrong; text names it */
    ERR_UNSUPPORTED = -2, /* this build, device or version cannot */
    ERR_NOMEM = -3,       /* host memory */
    ERR_FULL = -4,        /* a bounded table is full; text names the limit */
    ERR_NOTFOUND = -5,    /* no such SA, rule, device, connection */
    ERR_EXISTS = -6,      /* duplicate SPI, name, rule */
    ERR_BUSY = -7,        /* in use, or another owner holds the lease */
    ERR_TIMEOUT = -8,     /* no answer within the deadline */
    ERR_DEVICE = -9,      /* device or peer process failed or went away */
    ERR_MALFORMED = -10,  /* bytes from outside do not parse */
    ERR_AUTH = -11,       /* integrity or authentication failed */
    ERR_PERM = -12,       /* permission of a file or of the caller */
    ERR_IO = -13,         /* the operating system refused; text has errno */
    ERR_STATE = -14,      /* not allowed in this state */
    ERR_REFUSED = -15,    /* policy or peer said no */
};

#define ERR_TEXT_LEN 256

struct err {
    int code;                /* enum err_code */
    char text[ERR_TEXT_LEN]; /* one sentence, no newline, always terminated */
};

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* Fills `err` (when not NULL) and returns `code`. */
int err_set(struct err *err, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* As err_set() with ERR_IO, or ERR_PERM/ERR_NOMEM/ERR_NOTFOUND where errno
 * says so; appends strerror(errnum). */
int err_errno(struct err *err, int errnum, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "prefix: " in front of the text already there; returns err->code. */
int err_prefix(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The constant's own name in lower case without prefix, e.g. "not-found". */
const char *err_name(int code);

#endif
