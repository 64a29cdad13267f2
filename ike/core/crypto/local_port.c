/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_port: a table of private keys and two look-ups.  A handle is a slot's
 * number and how often the slot has been used, so a handle that was used up or
 * released never names somebody else's key.
 */
#include "ike/core/crypto/local_port.h"

#include "ike/core/crypto/auth.h"
#include "ike/core/crypto/ke.h"

#define HANDLES_DEFAULT 4096
#define HANDLES_LIMIT (1u << 20)
#define NO_SLOT UINT32_MAX

struct slot {
    struct ike_ke *ke;  /* NULL: free */
    uint32_t uses;      /* upper half of the handle */
    uint32_t next_free; /* while free */
};

struct ike_local_crypto {
    struct ike_local_crypto_opts opts;
    uint32_t n_slots, n_used;
    uint32_t first_free;
    struct slot *slots;
};

int ike_local_crypto_new(const struct ike_local_crypto_opts *opts, struct ike_local_crypto **ret,
                         struct err *err)
{
    uint32_t n_slots = opts->handles_max ? opts->handles_max : HANDLES_DEFAULT;
    struct ike_local_crypto *crypto;

    if (n_slots > HANDLES_LIMIT)
        return err_set(err, ERR_INVALID, "handles_max %u is above %u", n_slots, HANDLES_LIMIT);
    crypto = mem_zalloc(sizeof *crypto);
    if (crypto)
        crypto->slots = mem_zalloc_array(n_slots, sizeof crypto->slots[0]);
    if (!crypto || !crypto->slots) {
        mem_free(crypto);
        return err_set(err, ERR_NOMEM, "no memory for %u private key handles", n_slots);
    }
    crypto->opts = *opts;
    crypto->n_slots = n_slots;
    for (uint32_t i = 0; i < n_slots; i++)
        crypto->slots[i].next_free = i + 1 < n_slots ? i + 1 : NO_SLOT;
    *ret = crypto;
    return 0;
}

void ike_local_crypto_free(struct ike_local_crypto *crypto)
{
    if (!crypto)
        return;
    for (uint32_t i = 0; i < crypto->n_slots; i++)
        ike_ke_free(crypto->slots[i].ke);
    mem_free(crypto->slots);
    mem_free(crypto);
}

uint32_t ike_local_crypto_handles(const struct ike_local_crypto *crypto)
{
    return crypto->n_used;
}

/* A slot must be free. */
static uint64_t put_key(struct ike_local_crypto *crypto, struct ike_ke *ke)
{
    uint32_t i = crypto->first_free;
    struct slot *slot = &crypto->slots[i];

    crypto->first_free = slot->next_free;
    crypto->n_used++;
    slot->ke = ke;
    slot->uses++;
    return (uint64_t)slot->uses << 32 | (i + 1);
}

/* Takes the key of a handle out of the table; NULL if there is none. */
static struct ike_ke *take_key(struct ike_local_crypto *crypto, uint64_t handle)
{
    uint32_t i = (uint32_t)handle - 1; /* 0 wraps to beyond the table */
    struct ike_ke *ke;

    if (i >= crypto->n_slots || crypto->slots[i].uses != handle >> 32)
        return NULL;
    ke = crypto->slots[i].ke;
    if (!ke)
        return NULL;
    crypto->slots[i].ke = NULL;
    crypto->slots[i].next_free = crypto->first_free;
    crypto->first_free = i;
    crypto->n_used--;
    return ke;
}

static void explain(const struct ike_local_crypto *crypto, ike_job job, const struct err *why)
{
    if (why->code && crypto->opts.answers.failed)
        crypto->opts.answers.failed(crypto->opts.answers.user, job, why);
}

static void ke_generate(void *user, ike_job job, uint16_t method)
{
    struct ike_local_crypto *crypto = user;
    const struct ike_local_answers *to = &crypto->opts.answers;
    struct span public_value = { 0 };
    struct err why = { 0 };
    struct ike_ke *ke = NULL;
    uint64_t handle = 0;
    int rc;

    if (crypto->first_free == NO_SLOT)
        rc = err_set(&why, ERR_FULL, "%u private keys are held, the limit", crypto->n_slots);
    else
        rc = ike_ke_generate(method, &crypto->opts.rng, &ke, &why);
    if (!rc) {
        handle = put_key(crypto, ke);
        public_value = ike_ke_public(ke);
    }
    explain(crypto, job, &why);
    to->ke(to->user, job, rc, handle, public_value);
}

static void ke_shared(void *user, ike_job job, uint64_t handle, struct span peer_public)
{
    struct ike_local_crypto *crypto = user;
    const struct ike_local_answers *to = &crypto->opts.answers;
    struct ike_ke *ke = take_key(crypto, handle);
    struct secret secret = { 0 };
    struct err why = { 0 };
    int rc;

    if (!ke)
        rc = err_set(&why, ERR_NOTFOUND, "no private key under this handle");
    else
        rc = ike_ke_shared(ke, peer_public, &secret, &why);
    ike_ke_free(ke);
    explain(crypto, job, &why);
    to->shared(to->user, job, rc, span_of(secret.p, secret.len));
    secret_wipe(&secret);
}

static void ke_release(void *user, uint64_t handle)
{
    ike_ke_free(take_key(user, handle));
}

/* The secret of a pair of identities, or why there is none. */
static int find_psk(const struct ike_local_crypto *crypto, const struct ike_auth_request *req,
                    struct secret *ret, struct err *err)
{
    const struct ike_local_secrets *from = &crypto->opts.secrets;
    char local[IKE_ID_TEXT_LEN], remote[IKE_ID_TEXT_LEN];
    int rc = from->psk(from->user, req->conn, req->local_id, req->remote_id, ret);

    if (!rc)
        return 0;
    return err_set(err, rc, "no pre-shared key for %.80s and %.80s: %s",
                   ike_id_text(req->local_id, local), ike_id_text(req->remote_id, remote),
                   err_name(rc));
}

static void auth_sign(void *user, ike_job job, const struct ike_auth_request *req)
{
    struct ike_local_crypto *crypto = user;
    const struct ike_local_answers *to = &crypto->opts.answers;
    struct secret psk = { 0 };
    struct err why = { 0 };
    uint8_t auth[IKE_PRF_LEN_MAX];
    size_t len = 0;
    int rc = find_psk(crypto, req, &psk, &why);

    if (!rc)
        rc = ike_auth_psk(req->prf, span_of(psk.p, psk.len), req->octets, auth, &len, &why);
    secret_wipe(&psk);
    explain(crypto, job, &why);
    to->auth(to->user, job, rc, IKE_AUTH_PSK, span_of(auth, len));
}

static void auth_verify(void *user, ike_job job, const struct ike_auth_request *req, uint8_t method,
                        struct span auth)
{
    struct ike_local_crypto *crypto = user;
    const struct ike_local_answers *to = &crypto->opts.answers;
    struct secret psk = { 0 };
    struct err why = { 0 };
    int rc;

    if (method != IKE_AUTH_PSK)
        rc = err_set(&why, ERR_UNSUPPORTED, "authentication method %u is not supported", method);
    else
        rc = find_psk(crypto, req, &psk, &why);
    if (!rc)
        rc = ike_auth_psk_verify(req->prf, span_of(psk.p, psk.len), req->octets, auth, &why);
    secret_wipe(&psk);
    explain(crypto, job, &why);
    to->auth(to->user, job, rc, method, (struct span){ 0 });
}

struct ike_crypto_port ike_local_crypto_port(struct ike_local_crypto *crypto)
{
    return (struct ike_crypto_port){
        .ke_generate = ke_generate,
        .ke_shared = ke_shared,
        .ke_release = ke_release,
        .auth_sign = auth_sign,
        .auth_verify = auth_verify,
        .user = crypto,
    };
}
