/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        char text[ERR_TEXT_LEN]; /* the arguments may point into err->text */

        va_start(ap, fmt);
        vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        memcpy(err->text, text, sizeof text);
        err->code = code;
    }
    return code;
}

static int code_of_errno(int errnum)
{
    switch (errnum) {
    case EACCES:
    case EPERM:
        return ERR_PERM;
    case ENOMEM:
        return ERR_NOMEM;
    case ENOENT:
        return ERR_NOTFOUND;
    case EEXIST:
        return ERR_EXISTS;
    default:
        return ERR_IO;
    }
}

int err_errno(struct err *err, int errnum, const char *fmt, ...)
{
    char what[ERR_TEXT_LEN];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return err_set(err, code_of_errno(errnum), "%.180s: %s", what, strerror(errnum));
}

int err_prefix(struct err *err, const char *fmt, ...)
{
    char prefix[ERR_TEXT_LEN];
    va_list ap;

    if (!err)
        return ERR_INVALID;
    va_start(ap, fmt);
    vsnprintf(prefix, sizeof prefix, fmt, ap);
    va_end(ap);
    return err_set(err, err->code, "%.100s: %.150s", prefix, err->text);
}

const char *err_name(int code)
{
    static const char *const names[] = {
        [-ERR_NONE] = "none",
        [-ERR_INVALID] = "invalid",
        [-ERR_UNSUPPORTED] = "unsupported",
        [-ERR_NOMEM] = "no-memory",
        [-ERR_FULL] = "full",
        [-ERR_NOTFOUND] = "not-found",
        [-ERR_EXISTS] = "exists",
        [-ERR_BUSY] = "busy",
        [-ERR_TIMEOUT] = "timeout",
        [-ERR_DEVICE] = "device",
        [-ERR_MALFORMED] = "malformed",
        [-ERR_AUTH] = "authentication",
        [-ERR_PERM] = "permission",
        [-ERR_IO] = "io",
        [-ERR_STATE] = "state",
        [-ERR_REFUSED] = "refused",
    };
    size_t i = (size_t)(-(long)code);

    if (code > 0 || i >= sizeof names / sizeof names[0])
        return "unknown";
    return names[i];
}
