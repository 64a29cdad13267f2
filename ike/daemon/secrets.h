/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secrets: the pre-shared keys that the key process holds, and the check of
 * the files they come from.  Lives in the key process alone.
 */
#ifndef IKE_DAEMON_SECRETS_H
#define IKE_DAEMON_SECRETS_H

#include "ike/daemon/keyproto.h"
#include "utils/base/mem.h"

struct secret_set; /* a bounded set of (identities, secret); wiped on free */

struct secret_set *secret_set_new(void); /* NULL: no memory */
void secret_set_free(struct secret_set *set);
/* Replaces one of the same name. Copies and leaves wiping `secret` to the caller. */
int secret_set_add(struct secret_set *set, const char *name, const struct ike_id *ids,
                   unsigned n_ids, struct span secret, struct err *err) MUST_CHECK;
/* The best match of a pair: both identities named, then the remote one, then
 * the local one alone, then a secret without identities. */
int secret_set_find(const struct secret_set *set, const struct ike_id *local,
                    const struct ike_id *remote, struct secret *ret) MUST_CHECK;

/* Reads a secret: a regular file of 16 to 512 bytes, owned by root or by this
 * user, with no permission for group or others.  One line end at the end is
 * not part of it; "0x" and "0s" announce hexadecimal and base64, as in
 * swanctl.conf. The caller wipes *ret. */
int secret_file_read(const char *path, struct secret *ret, struct err *err) MUST_CHECK;
int secret_decode(struct span text, struct secret *ret, struct err *err) MUST_CHECK;

#endif
