/* SPDX-License-Identifier: Apache-2.0 */
/**
 * ipsec_offload/error.h: the one error regime.  A call answers 0 or a negative
 * IOFF_E_ code; outputs are unchanged on failure.  Calls that an operator may
 * have to understand fill a `struct ioff_error` (NULL accepted) with one
 * sentence that names the field, limit or device at fault.
 */
#ifndef IPSEC_OFFLOAD_ERROR_H
#define IPSEC_OFFLOAD_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

enum ioff_error_code {
    IOFF_E_NONE = 0,
    IOFF_E_INVALID = -1,
    IOFF_E_UNSUPPORTED = -2,
    IOFF_E_NOMEM = -3,
    IOFF_E_FULL = -4,
    IOFF_E_NOTFOUND = -5,
    IOFF_E_EXISTS = -6,
    IOFF_E_BUSY = -7,
    IOFF_E_TIMEOUT = -8,
    IOFF_E_DEVICE = -9,
    IOFF_E_MALFORMED = -10,
    IOFF_E_AUTH = -11,
    IOFF_E_PERM = -12,
    IOFF_E_IO = -13,
    IOFF_E_STATE = -14,
    IOFF_E_REFUSED = -15,
};

#define IOFF_ERROR_TEXT_LEN 256
struct ioff_error {
    int code;
    char text[IOFF_ERROR_TEXT_LEN];
};

/** The constant's own name in lower case without prefix: "not-found". */
const char *ioff_error_name(int code);

#ifdef __cplusplus
}
#endif
#endif
