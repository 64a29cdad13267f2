/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ports: the core's whole world.  ike/core has no sockets, files, clock or
 * randomness of its own; a shard is given five ports and asks through them.
 *
 * Every request to `install` and `crypto` names a job; the answer comes through
 * the ike_shard_answer_*() calls of shard.h, in the same call or later, in any
 * order.  An answer for a job that has been given up (its IKE SA is gone) is
 * dropped by the shard, and what it carried is released through the port.
 *
 * Structs passed are borrowed for the call.
 */
#ifndef IKE_CORE_PORTS_H
#define IKE_CORE_PORTS_H

#include "ike/types/conn.h"
#include "utils/base/bytes.h"
#include "utils/base/clock.h"
#include "utils/base/mem.h"
#include "utils/base/rng.h"

typedef uint64_t ike_job; /* never 0 */

/* The pair of endpoints a datagram travels between.  local.port says which of
 * our sockets: 500 plain, 4500 with the non-ESP marker (which the port adds
 * and takes off). */
struct ike_path {
    struct ip_endpoint local, remote;
};

struct ike_send_port {
    void (*datagram)(void *user, const struct ike_path *path, struct span data);
    void (*keepalive)(void *user, const struct ike_path *path); /* RFC 3948 2.3 */
    void *user;
};

/* The shard has one deadline, its earliest; `arm` moves it. 0 = none. */
struct ike_timer_port {
    void (*arm)(void *user, ns_time at);
    void *user;
};

/* What is to be installed for one Child SA. */
#define IKE_CHILD_KEY_MAX 64
struct ike_child_keys {
    uint8_t encr_len, integ_len; /* encr_len includes the salt of AEAD ciphers */
    uint8_t encr[IKE_CHILD_KEY_MAX];
    uint8_t integ[IKE_CHILD_KEY_MAX];
};

struct ike_child_install {
    uint64_t child;          /* the core's id of this Child SA */
    uint64_t tunnel;         /* stays the same through rekeys */
    const char *conn, *name; /* configuration names */
    struct ike_suite suite;  /* encr, integ, esn */
    enum ike_mode mode;
    uint32_t spi_in, spi_out;
    struct ike_child_keys key_in, key_out;
    struct ike_ts_list local_ts, remote_ts; /* narrowed */
    struct ike_path path;                   /* outer endpoints */
    bool udp_encap;
    bool out_standby;                  /* add the outbound SA but leave traffic on the old one */
    const struct ike_child_conf *conf; /* lifetimes, window, offload */
    ns_time rekey_after; /* soft time limit with its random part taken off; 0 = none */
};

/*
 * Who owns a reserved SPI: the core from the answer of spi_reserve to the call of
 * install, the port from that call to its answer.  If the install fails, the SPI
 * is the core's again, which releases it.  If it succeeds, the SPI goes with
 * remove.  An install that the core no longer wants is removed when its answer is
 * there, never before; if the answer is a failure, its SPI is released.
 */
struct ike_install_port {
    void (*spi_reserve)(void *user, ike_job job);
    void (*spi_release)(void *user, uint32_t spi); /* reserved, not installed */
    /* Inbound live first, then outbound (unless out_standby), all or nothing. */
    void (*install)(void *user, ike_job job, const struct ike_child_install *child);
    /* Switches the tunnel's traffic to this child's outbound SA. */
    void (*activate_out)(void *user, uint64_t child);
    /* Removes both SAs and, if the tunnel's traffic still is on this child, its
     * rules; the drop rule stays. */
    void (*remove)(void *user, uint64_t child);
    /* The peer's endpoint moved (NAT rebinding). */
    void (*update_path)(void *user, uint64_t child, const struct ike_path *path, bool udp_encap);
    void *user;
};

struct ike_auth_request {
    const char *conn;
    const struct ike_id *local_id, *remote_id; /* of the signing / verified pair */
    uint16_t prf;                              /* enum ike_prf */
    struct span octets;                        /* <SignedOctets>, RFC 7296 section 2.15 */
};

struct ike_crypto_port {
    /* Makes a key pair; the private half stays with the port under a handle. */
    void (*ke_generate)(void *user, ike_job job, uint16_t method);
    /* Computes g^ir; the handle is used up. */
    void (*ke_shared)(void *user, ike_job job, uint64_t handle, struct span peer_public);
    void (*ke_release)(void *user, uint64_t handle);
    /* AUTH payload data: for PSK prf(prf(secret, "Key Pad for IKEv2"), octets);
     * the secret is looked up by the identities and never comes here. */
    void (*auth_sign)(void *user, ike_job job, const struct ike_auth_request *req);
    void (*auth_verify)(void *user, ike_job job, const struct ike_auth_request *req, uint8_t method,
                        struct span auth);
    void *user;
};

struct ike_ports {
    struct ike_send_port send;
    struct ike_timer_port timer;
    struct rng rng;
    struct ike_install_port install;
    struct ike_crypto_port crypto;
};

/* Not a port: what the core tells whoever listens.  Any member may be NULL. */
struct ike_sa_info;
struct ike_child_info;
struct ike_keylog {
    uint64_t spi_i, spi_r;
    const struct ike_suite *suite;
    struct span sk_ai, sk_ar, sk_ei, sk_er; /* sk_e* with salt for AEAD */
};
enum ike_change { IKE_CHANGE_UP, IKE_CHANGE_DOWN, IKE_CHANGE_REKEYED };
struct ike_observer {
    void (*ike_changed)(void *user, enum ike_change what, const struct ike_sa_info *sa,
                        const char *reason);
    void (*child_changed)(void *user, enum ike_change what, const struct ike_sa_info *sa,
                          const struct ike_child_info *child, const char *reason);
    void (*keys)(void *user, const struct ike_keylog *keys); /* only set with --key-log */
    /* One line for the operator; `peer_caused` lines are to be rate-limited. */
    void (*log)(void *user, int level, bool peer_caused, const char *text);
    void *user;
};

#endif
