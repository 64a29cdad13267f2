/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/config/config_keys.h"

#include <stddef.h>
#include <string.h>

#define DAY (86400 * NS_PER_S)

static const struct config_word auth_words[] = {
    { "psk", IKE_AUTH_PSK },     { "pubkey", CONFIG_LACKING },
    { "rsa", CONFIG_LACKING },   { "ecdsa", CONFIG_LACKING },
    { "eap", CONFIG_LACKING },   { "xauth", CONFIG_LACKING },
    { "never", CONFIG_LACKING }, { NULL, 0 },
};
static const struct config_word mode_words[] = {
    { "tunnel", IKE_MODE_TUNNEL }, { "transport", CONFIG_LACKING }, { "beet", CONFIG_LACKING },
    { "pass", CONFIG_LACKING },    { "drop", CONFIG_LACKING },      { NULL, 0 },
};
static const struct config_word action_words[] = {
    { "none", IKE_ACTION_NONE },
    { "start", IKE_ACTION_START },
    { "trap", CONFIG_LACKING },
    { NULL, 0 },
};
static const struct config_word dpd_words[] = {
    { "clear", IKE_DPD_CLEAR },
    { "trap", IKE_DPD_TRAP },
    { "restart", IKE_DPD_RESTART },
    { NULL, 0 },
};
static const struct config_word offload_words[] = {
    { "off", IKE_OFFLOAD_OFF },
    { "prefer", IKE_OFFLOAD_PREFER },
    { "require", IKE_OFFLOAD_REQUIRE },
    { NULL, 0 },
};
/* swanctl's words for the same field. */
static const struct config_word hw_offload_words[] = {
    { "no", IKE_OFFLOAD_OFF },
    { "auto", IKE_OFFLOAD_PREFER },
    { "packet", IKE_OFFLOAD_REQUIRE },
    { "crypto", CONFIG_LACKING },
    { NULL, 0 },
};
static const struct config_word log_words[] = {
    { "error", LOG_ERROR }, { "warning", LOG_WARN }, { "notice", LOG_NOTICE },
    { "info", LOG_INFO },   { "debug", LOG_DEBUG },  { NULL, 0 },
};

#define CONN(f) offsetof(struct ike_conn, f)
#define CHILD(f) offsetof(struct ike_child_conf, f)
#define DAEMON(f) offsetof(struct config_daemon, f)
#define LACKS(where, name)                                                                         \
    {                                                                                              \
        where, name, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL                                   \
    }
#define LACKS_BUT(where, name, accept)                                                             \
    {                                                                                              \
        where, name, NULL, 0, 0, 0, NULL, accept, NULL, NULL, NULL                                 \
    }
#define LACKS_WHY(where, name, why)                                                                \
    {                                                                                              \
        where, name, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, why                                    \
    }

/* clang-format off */
const struct config_key config_keys[] = {
/* where          name            set                       field                        min          max          words  accept unit default */
{ CONFIG_CONN,   "version",       config_set_fixed,         0,                           0,           0,           NULL, "2", "IKE version", "2", NULL },
{ CONFIG_CONN,   "local_addrs",   config_set_local_addrs,   0,                           0,           IKE_ADDRS_MAX, NULL, NULL, "addresses", "%any", NULL },
{ CONFIG_CONN,   "remote_addrs",  config_set_remote_addrs,  0,                           0,           IKE_ADDRS_MAX, NULL, NULL, "addresses, prefixes or ranges", "%any", NULL },
{ CONFIG_CONN,   "local_port",    config_set_u16,           CONN(local_port),            1,           65535,       NULL, NULL, "UDP port", "500", NULL },
{ CONFIG_CONN,   "remote_port",   config_set_u16,           CONN(remote_port),           1,           65535,       NULL, NULL, "UDP port", "500", NULL },
{ CONFIG_CONN,   "proposals",     config_set_ike_proposals, 0,                           1,           IKE_PROPOSALS_MAX, NULL, NULL, "proposals", "default", NULL },
{ CONFIG_CONN,   "encap",         config_set_bool,          CONN(encap),                 0,           1,           NULL, NULL, "yes or no", "no", NULL },
{ CONFIG_CONN,   "rekey_time",    config_set_time,          CONN(rekey_time),            0,           365 * DAY,   NULL, NULL, "time", "4h", NULL },
{ CONFIG_CONN,   "over_time",     config_set_time,          CONN(over_time),             0,           365 * DAY,   NULL, NULL, "time", "10% of rekey_time", NULL },
{ CONFIG_CONN,   "rand_time",     config_set_time,          CONN(rand_time),             0,           365 * DAY,   NULL, NULL, "time", "over_time", NULL },
{ CONFIG_CONN,   "dpd_delay",     config_set_time,          CONN(dpd_delay),             0,           DAY,         NULL, NULL, "time", "0s", NULL },
{ CONFIG_CONN,   "dpd_timeout",   config_set_time,          CONN(dpd_timeout),           0,           DAY,         NULL, NULL, "time", "0s", NULL },
{ CONFIG_CONN,   "keepalive",     config_set_time,          CONN(keepalive),             0,           3600 * NS_PER_S, NULL, NULL, "time", "20s", NULL },
{ CONFIG_CONN,   "keyingtries",   config_set_u32,           CONN(keyingtries),           0,           1000,        NULL, NULL, "count, 0 = for ever", "1", NULL },
LACKS_BUT(CONFIG_CONN, "mobike", "no"),
LACKS_BUT(CONFIG_CONN, "fragmentation", "no"),
LACKS_BUT(CONFIG_CONN, "aggressive", "no"),
LACKS_BUT(CONFIG_CONN, "pull", "no"),
LACKS_BUT(CONFIG_CONN, "dscp", "000000 0"),
LACKS_BUT(CONFIG_CONN, "childless", "never"),
LACKS_BUT(CONFIG_CONN, "send_certreq", "no"),
LACKS_BUT(CONFIG_CONN, "send_cert", "never"),
LACKS_BUT(CONFIG_CONN, "ocsp", "never"),
LACKS(CONFIG_CONN, "ppk_id"),
LACKS_BUT(CONFIG_CONN, "ppk_required", "no"),
LACKS_BUT(CONFIG_CONN, "unique", "no"),
LACKS_BUT(CONFIG_CONN, "reauth_time", "0 0s"),
LACKS(CONFIG_CONN, "vips"),
LACKS(CONFIG_CONN, "pools"),
LACKS_BUT(CONFIG_CONN, "if_id_in", "0"),
LACKS_BUT(CONFIG_CONN, "if_id_out", "0"),
LACKS_BUT(CONFIG_CONN, "mediation", "no"),
LACKS(CONFIG_CONN, "mediated_by"),
LACKS(CONFIG_CONN, "mediation_peer"),
LACKS_WHY(CONFIG_CONN, "children", "write: child NAME { ... } in the connection"),

{ CONFIG_LOCAL,  "auth",          config_set_word,          CONN(local.auth),            0,           0,           auth_words, NULL, "word", "psk", NULL },
{ CONFIG_LOCAL,  "id",            config_set_id,            CONN(local.id),              0,           0,           NULL, NULL, "identity", "local address", NULL },
LACKS_BUT(CONFIG_LOCAL, "round", "0 1"),
LACKS(CONFIG_LOCAL, "certs"),
LACKS(CONFIG_LOCAL, "cert"),
LACKS(CONFIG_LOCAL, "pubkeys"),
LACKS(CONFIG_LOCAL, "eap_id"),
LACKS(CONFIG_LOCAL, "aaa_id"),
LACKS(CONFIG_LOCAL, "xauth_id"),

{ CONFIG_REMOTE, "auth",          config_set_word,          CONN(remote.auth),           0,           0,           auth_words, NULL, "word", "psk", NULL },
{ CONFIG_REMOTE, "id",            config_set_id,            CONN(remote.id),             0,           0,           NULL, NULL, "identity", "%any", NULL },
LACKS_BUT(CONFIG_REMOTE, "round", "0 1"),
LACKS(CONFIG_REMOTE, "eap_id"),
LACKS(CONFIG_REMOTE, "groups"),
LACKS(CONFIG_REMOTE, "cert_policy"),
LACKS(CONFIG_REMOTE, "certs"),
LACKS(CONFIG_REMOTE, "cert"),
LACKS(CONFIG_REMOTE, "cacerts"),
LACKS(CONFIG_REMOTE, "cacert"),
LACKS(CONFIG_REMOTE, "ca_id"),
LACKS(CONFIG_REMOTE, "pubkeys"),
LACKS(CONFIG_REMOTE, "revocation"),

{ CONFIG_CHILD,  "local_ts",      config_set_ts,            CHILD(local_ts),             1,           IKE_TS_MAX,  NULL, NULL, "selectors", "dynamic", NULL },
{ CONFIG_CHILD,  "remote_ts",     config_set_ts,            CHILD(remote_ts),            1,           IKE_TS_MAX,  NULL, NULL, "selectors", "dynamic", NULL },
{ CONFIG_CHILD,  "esp_proposals", config_set_esp_proposals, 0,                           1,           IKE_PROPOSALS_MAX, NULL, NULL, "proposals", "default", NULL },
{ CONFIG_CHILD,  "mode",          config_set_word,          CHILD(mode),                 0,           0,           mode_words, NULL, "word", "tunnel", NULL },
{ CONFIG_CHILD,  "start_action",  config_set_word,          CHILD(start_action),         0,           0,           action_words, NULL, "word", "none", NULL },
{ CONFIG_CHILD,  "close_action",  config_set_word,          CHILD(close_action),         0,           0,           action_words, NULL, "word", "none", NULL },
{ CONFIG_CHILD,  "dpd_action",    config_set_word,          CHILD(dpd_action),           0,           0,           dpd_words, NULL, "word", "clear", NULL },
{ CONFIG_CHILD,  "rekey_time",    config_set_time,          CHILD(rekey_time),           0,           365 * DAY,   NULL, NULL, "time", "1h", NULL },
{ CONFIG_CHILD,  "life_time",     config_set_time,          CHILD(life_time),            0,           365 * DAY,   NULL, NULL, "time", "rekey_time + 10%", NULL },
{ CONFIG_CHILD,  "rand_time",     config_set_time,          CHILD(rand_time),            0,           365 * DAY,   NULL, NULL, "time", "life_time - rekey_time", NULL },
{ CONFIG_CHILD,  "rekey_bytes",   config_set_bytes,         CHILD(rekey_bytes),          0,           UINT64_MAX,  NULL, NULL, "bytes", "0", NULL },
{ CONFIG_CHILD,  "life_bytes",    config_set_bytes,         CHILD(life_bytes),           0,           UINT64_MAX,  NULL, NULL, "bytes", "0", NULL },
{ CONFIG_CHILD,  "rekey_packets", config_set_count,         CHILD(rekey_packets),        0,           UINT64_MAX,  NULL, NULL, "packets", "0", NULL },
{ CONFIG_CHILD,  "life_packets",  config_set_count,         CHILD(life_packets),         0,           UINT64_MAX,  NULL, NULL, "packets", "0", NULL },
{ CONFIG_CHILD,  "replay_window", config_set_u16,           CHILD(replay_window),        32,          4096,        NULL, NULL, "packets", "64", NULL },
{ CONFIG_CHILD,  "offload",       config_set_word,          CHILD(offload),              0,           0,           offload_words, NULL, "word", "prefer", NULL },
{ CONFIG_CHILD,  "hw_offload",    config_set_word,          CHILD(offload),              0,           0,           hw_offload_words, NULL, "word", "see offload", NULL },
LACKS(CONFIG_CHILD, "ah_proposals"),
LACKS_BUT(CONFIG_CHILD, "sha256_96", "no"),
LACKS_BUT(CONFIG_CHILD, "rand_bytes", "0"),
LACKS_BUT(CONFIG_CHILD, "rand_packets", "0"),
LACKS(CONFIG_CHILD, "updown"),
LACKS_BUT(CONFIG_CHILD, "hostaccess", "no"),
LACKS_BUT(CONFIG_CHILD, "policies", "yes"),
LACKS_BUT(CONFIG_CHILD, "policies_fwd_out", "no"),
LACKS_BUT(CONFIG_CHILD, "ipcomp", "no"),
LACKS_BUT(CONFIG_CHILD, "inactivity", "0 0s"),
LACKS_BUT(CONFIG_CHILD, "reqid", "0"),
LACKS_BUT(CONFIG_CHILD, "priority", "0"),
LACKS(CONFIG_CHILD, "interface"),
LACKS_BUT(CONFIG_CHILD, "mark_in", "0 0/0 0x00000000/0x00000000"),
LACKS_BUT(CONFIG_CHILD, "mark_in_sa", "no"),
LACKS_BUT(CONFIG_CHILD, "mark_out", "0 0/0 0x00000000/0x00000000"),
LACKS_BUT(CONFIG_CHILD, "set_mark_in", "0 0/0 0x00000000/0x00000000"),
LACKS_BUT(CONFIG_CHILD, "set_mark_out", "0 0/0 0x00000000/0x00000000"),
LACKS_BUT(CONFIG_CHILD, "if_id_in", "0"),
LACKS_BUT(CONFIG_CHILD, "if_id_out", "0"),
LACKS(CONFIG_CHILD, "label"),
LACKS(CONFIG_CHILD, "label_mode"),
LACKS_BUT(CONFIG_CHILD, "tfc_padding", "0"),
LACKS_BUT(CONFIG_CHILD, "per_cpu_sas", "no"),
LACKS(CONFIG_CHILD, "copy_df"),
LACKS(CONFIG_CHILD, "copy_ecn"),
LACKS(CONFIG_CHILD, "copy_dscp"),

{ CONFIG_SECRET, "file",          config_set_path,          offsetof(struct config_secret, file), 0,   0,           NULL, NULL, "absolute path", "none", NULL },
{ CONFIG_SECRET, "id",            config_set_secret_ids,    0,                           1,           CONFIG_SECRET_IDS_MAX, NULL, NULL, "identities", "none", NULL },
LACKS_WHY(CONFIG_SECRET, "secret", "a secret never stands in this file, which is often readable and copied about; put it in a file of mode 0600 and name that with: file = PATH"),

{ CONFIG_DAEMON, "control_socket",     config_set_path,     DAEMON(control_socket),      0,           0,           NULL, NULL, "absolute path", "/run/ipsec-offload/control.vici", NULL },
{ CONFIG_DAEMON, "data_plane",         config_set_path,     DAEMON(data_plane),          1,           0,           NULL, NULL, "device", "soft", NULL },
{ CONFIG_DAEMON, "log_level",          config_set_word,     DAEMON(log_level),           0,           0,           log_words, NULL, "word", "info", NULL },
{ CONFIG_DAEMON, "retransmit_timeout", config_set_time,     DAEMON(retransmit_timeout),  NS_PER_S,    60 * NS_PER_S, NULL, NULL, "time", "1s", NULL },
{ CONFIG_DAEMON, "retransmit_tries",   config_set_u32,      DAEMON(retransmit_tries),    1,           20,          NULL, NULL, "count", "7", NULL },
LACKS_WHY(CONFIG_DAEMON, "key_log", "keys are only logged on request of the command line: --key-log DIR"),

LACKS_WHY(CONFIG_ROOT, "connections", "write: connection NAME { ... } for each"),
LACKS_WHY(CONFIG_ROOT, "secrets", "write: secret NAME { file = PATH  id = ... } for each"),
LACKS_WHY(CONFIG_ROOT, "include", "one file holds the whole configuration; nothing is included"),
LACKS(CONFIG_ROOT, "pools"),
LACKS(CONFIG_ROOT, "authorities"),
};
/* clang-format on */
const size_t config_num_keys = sizeof config_keys / sizeof config_keys[0];

static const struct {
    enum config_where inside;
    const char *name;
} sections[] = {
    { CONFIG_ROOT, "connection" }, { CONFIG_ROOT, "secret" }, { CONFIG_ROOT, "daemon" },
    { CONFIG_CONN, "local" },      { CONFIG_CONN, "remote" }, { CONFIG_CONN, "child" },
};

const char *config_where_name(enum config_where where)
{
    static const char *const names[CONFIG_WHERE_N] = {
        "the top level", "connection", "local", "remote", "child", "secret", "daemon",
    };

    return names[where];
}

const struct config_key *config_key_find(enum config_where where, const char *name)
{
    for (size_t i = 0; i < config_num_keys; i++)
        if (config_keys[i].where == where && strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    return NULL;
}

/* True if `word` is one of the space-separated words of `list`. */
static bool in_words(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *p = list; p && len; p = strchr(p, ' ')) {
        p += *p == ' ';
        if (strncmp(p, word, len) == 0 && (p[len] == ' ' || p[len] == '\0'))
            return true;
    }
    return false;
}

static int lacking(const struct config_key *key, const char *value, struct err *err)
{
    if (in_words(key->accept, value))
        return 0;
    if (key->why)
        return err_set(err, ERR_UNSUPPORTED, "not accepted: %s", key->why);
    if (key->accept)
        return err_set(err, ERR_UNSUPPORTED,
                       "\"%.40s\" is not supported in this version (expected %.*s or no such key)",
                       value, (int)strcspn(key->accept, " "), key->accept);
    return err_set(err, ERR_UNSUPPORTED, "not supported in this version (expected no such key)");
}

int config_key_set(const struct config_key *key, const char *value, void *base, struct err *err)
{
    return key->set ? key->set(key, value, base, err) : lacking(key, value, err);
}

/* Levenshtein distance, for names shorter than CONFIG_KEY_LEN. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[CONFIG_KEY_LEN + 1];
    size_t n = strlen(a), m = strlen(b);

    if (n > CONFIG_KEY_LEN || m > CONFIG_KEY_LEN)
        return CONFIG_KEY_LEN;
    for (unsigned j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        unsigned diagonal = row[0];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);

            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[m];
}

static void keep_nearest(const char *name, const char *candidate, unsigned *best,
                         const char **ret_nearest)
{
    unsigned d = distance(name, candidate);

    if (d < *best) {
        *best = d;
        *ret_nearest = candidate;
    }
}

int config_key_unknown(enum config_where where, const char *name, struct err *err)
{
    const char *nearest = NULL;
    unsigned best = 4;

    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        if (strcmp(sections[i].name, name) == 0 && sections[i].inside != where)
            return err_set(err, ERR_INVALID, "section does not belong here (expected in %s)",
                           config_where_name(sections[i].inside));
    for (size_t i = 0; i < config_num_keys; i++)
        if (config_keys[i].set && strcmp(config_keys[i].name, name) == 0)
            return err_set(err, ERR_INVALID, "does not belong here (expected in %s)",
                           config_where_name(config_keys[i].where));
    for (size_t i = 0; i < config_num_keys; i++)
        if (config_keys[i].where == where && config_keys[i].set)
            keep_nearest(name, config_keys[i].name, &best, &nearest);
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        if (sections[i].inside == where)
            keep_nearest(name, sections[i].name, &best, &nearest);
    if (nearest)
        return err_set(err, ERR_INVALID, "no such key in %s (did you mean %s?)",
                       config_where_name(where), nearest);
    return err_set(err, ERR_INVALID, "no such key in %s (see ipsec-offload.conf(5))",
                   config_where_name(where));
}
