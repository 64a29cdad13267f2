/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error: the public codes are the tree's codes under another prefix, and the
 * text passes through as it is.
 */
#include <ipsec_offload/error.h>

#include <stdio.h>
#include <string.h>

#include "sdk/src/internal.h"

#define SAME(name) _Static_assert((int)IOFF_E_##name == (int)ERR_##name, #name)
SAME(NONE);
SAME(INVALID);
SAME(UNSUPPORTED);
SAME(NOMEM);
SAME(FULL);
SAME(NOTFOUND);
SAME(EXISTS);
SAME(BUSY);
SAME(TIMEOUT);
SAME(DEVICE);
SAME(MALFORMED);
SAME(AUTH);
SAME(PERM);
SAME(IO);
SAME(STATE);
SAME(REFUSED);
_Static_assert(IOFF_ERROR_TEXT_LEN == ERR_TEXT_LEN, "error text length");

const char *ioff_error_name(int code)
{
    return err_name(code);
}

/* Answers `code`; fills `error` when there is one.  A failure without a text
 * of its own still gets one. */
int error_give(struct ioff_error *error, int code, const struct err *err)
{
    if (!error || !code)
        return code;
    error->code = code;
    if (err && err->text[0])
        memcpy(error->text, err->text, sizeof error->text);
    else
        snprintf(error->text, sizeof error->text, "%s", err_name(code));
    return code;
}
