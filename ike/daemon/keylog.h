/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keylog: session keys in the table formats that Wireshark keeps in its
 * configuration folder, so that `WIRESHARK_CONFIG_DIR=DIR tshark -r FILE`
 * decrypts a capture with nothing else said.  Only with --key-log.
 */
#ifndef IKE_DAEMON_KEYLOG_H
#define IKE_DAEMON_KEYLOG_H

#include "ike/core/ports.h"

struct keylog;

/* Makes DIR (mode 0700) if it is missing and writes its `preferences`. A DIR
 * that others can enter is refused. */
int keylog_open(const char *dir, struct keylog **ret, struct err *err);
void keylog_close(struct keylog *log);
void keylog_ike(struct keylog *log, const struct ike_keylog *keys); /* ikev2_decryption_table */
void keylog_child(struct keylog *log,
                  const struct ike_child_install *child); /* esp_sa, both ways */

#endif
