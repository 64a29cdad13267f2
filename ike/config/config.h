/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config: the configuration as one value, from a file's text or, key by key,
 * from VICI's load-conn.  Both go through the one table of config_keys.c, so a
 * key means the same wherever it comes from.  No I/O: the caller reads the
 * file and the daemon's key process reads the secrets that it names.
 *
 * File syntax (libconfuse's), with swanctl's keys:
 *
 *   connection gw-gw {
 *       local_addrs = 192.0.2.1
 *       remote_addrs = 198.51.100.1
 *       local { id = gw-a }
 *       remote { id = gw-b }
 *       child net { local_ts = "10.1.0.0/16"  remote_ts = "10.2.0.0/16" }
 *   }
 *   secret psk { file = "/etc/ipsec-offload/psk"  id = "gw-a, gw-b" }
 *   daemon { data_plane = soft }
 *
 * Threads: config_parse() uses libconfuse, whose lexer is global: one call at a
 * time in a process.  The rest has no shared state.
 */
#ifndef IKE_CONFIG_CONFIG_H
#define IKE_CONFIG_CONFIG_H

#include "ike/types/conn.h"
#include "utils/base/log.h"

#define CONFIG_FILE_MAX (1024u * 1024) /* bytes */
#define CONFIG_CONNS_MAX 4096
#define CONFIG_SECRETS_MAX 1024
#define CONFIG_SECRET_IDS_MAX 16
#define CONFIG_PATH_LEN 108 /* fits sun_path */
#define CONFIG_KEY_LEN 32

/* Where a pre-shared key is and whose it is; never the key itself. */
struct config_secret {
    char name[IKE_NAME_LEN];
    char file[CONFIG_PATH_LEN];
    uint8_t n_ids;
    struct ike_id ids[CONFIG_SECRET_IDS_MAX];
};

struct config_daemon {
    char control_socket[CONFIG_PATH_LEN];
    char data_plane[CONFIG_PATH_LEN]; /* ioff_device_open()'s spec: "soft", "soft:PATH" */
    enum log_level log_level;
    ns_time retransmit_timeout; /* wait before the first retransmission */
    uint32_t retransmit_tries;
};

struct ike_config {
    size_t n_conns, n_secrets;
    struct ike_conn **conns; /* one reference each, owned */
    struct config_secret *secrets;
    struct config_daemon daemon;
};

/* One error: `text` is the whole line that an operator reads, "gw.conf:12:
 * connection gw, child net, key rekey_time: ...". */
struct config_fault {
    unsigned line;
    char key[CONFIG_KEY_LEN]; /* "" where no key is at fault */
    char text[512];
};

#define CONFIG_FAULTS_MAX 20
struct config_faults {
    size_t n;      /* kept, in order of lines */
    size_t n_more; /* seen after the table was full */
    struct config_fault faults[CONFIG_FAULTS_MAX];
};

/* All or nothing.  `file` is only a name for the errors.  On failure *ret is
 * unchanged, the code is that of the first fault and faults->n >= 1. */
int config_parse(const char *file, struct span text, struct ike_config **ret,
                 struct config_faults *faults) MUST_CHECK;
void config_free(struct ike_config *config); /* NULL accepted */

/*
 * One connection, key by key (VICI).  Begin, set in any order, then end or
 * drop.  `section` says where a key stands: "" for the connection, "local",
 * "remote" (swanctl's suffixes as in "local-1" are taken off; a second,
 * differently named one is refused) or "children.NAME".  A VICI list is handed
 * over joined by commas.  The errors name connection, child and key.
 */
struct config_target {
    struct ike_conn *conn;
    char local_name[IKE_NAME_LEN], remote_name[IKE_NAME_LEN];
    uint64_t seen_conn, seen_local, seen_remote;
    uint64_t seen_child[IKE_CHILDREN_MAX];
};

int config_conn_begin(struct config_target *target, const char *name, struct err *err) MUST_CHECK;
/* Makes sure that a section exists even if it sets no key. */
int config_section(struct config_target *target, const char *section, struct err *err) MUST_CHECK;
int config_set(struct config_target *target, const char *section, const char *key,
               const char *value, struct err *err) MUST_CHECK;
/* Checks the whole and hands the connection over; the target is then empty. */
int config_conn_end(struct config_target *target, struct ike_conn **ret,
                    struct err *err) MUST_CHECK;
void config_conn_drop(struct config_target *target); /* a zero target accepted */

/* Defaults, as in the manual page. */
void config_daemon_init(struct config_daemon *daemon);

#endif
