/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proposal_text: keywords of proposals, one table for reading, writing and
 * naming.  Keywords and long names are strongSwan's, so that a swanctl.conf
 * reads the same here and VICI clients show what they are used to.
 */
#include "ike/types/proposal.h"

#include "ike/types/textbuf.h"

#include <stdio.h>
#include <string.h>

struct keyword {
    const char *word;
    const char *name; /* VICI's form */
    struct ike_transform t;
    bool esp; /* this version can install it for a Child SA */
};

/* The first row of a transform is how it is written; later rows are aliases. */
#define ENCR(id_, bits_)                                                                           \
    {                                                                                              \
        .type = IKE_TT_ENCR, .id = (id_), .key_bits = (bits_)                                      \
    }
#define OTHER(type_, id_)                                                                          \
    {                                                                                              \
        .type = (type_), .id = (id_)                                                               \
    }
static const struct keyword keywords[] = {
    { "aes128gcm16", "AES_GCM_16", ENCR(IKE_ENCR_AES_GCM_16, 128), true },
    { "aes192gcm16", "AES_GCM_16", ENCR(IKE_ENCR_AES_GCM_16, 192), false },
    { "aes256gcm16", "AES_GCM_16", ENCR(IKE_ENCR_AES_GCM_16, 256), true },
    { "aes128", "AES_CBC", ENCR(IKE_ENCR_AES_CBC, 128), false },
    { "aes256", "AES_CBC", ENCR(IKE_ENCR_AES_CBC, 256), false },
    { "sha256", "HMAC_SHA2_256_128", OTHER(IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_256_128), false },
    { "sha384", "HMAC_SHA2_384_192", OTHER(IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_384_192), false },
    { "sha512", "HMAC_SHA2_512_256", OTHER(IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_512_256), false },
    { "prfsha256", "PRF_HMAC_SHA2_256", OTHER(IKE_TT_PRF, IKE_PRF_HMAC_SHA2_256), false },
    { "prfsha384", "PRF_HMAC_SHA2_384", OTHER(IKE_TT_PRF, IKE_PRF_HMAC_SHA2_384), false },
    { "prfsha512", "PRF_HMAC_SHA2_512", OTHER(IKE_TT_PRF, IKE_PRF_HMAC_SHA2_512), false },
    { "x25519", "CURVE_25519", OTHER(IKE_TT_KE, IKE_KE_X25519), true },
    { "ecp256", "ECP_256", OTHER(IKE_TT_KE, IKE_KE_ECP256), true },
    { "modp2048", "MODP_2048", OTHER(IKE_TT_KE, IKE_KE_MODP2048), true },
    { "esn", "EXT_SEQ", OTHER(IKE_TT_ESN, IKE_ESN_YES), true },
    { "noesn", "NO_EXT_SEQ", OTHER(IKE_TT_ESN, IKE_ESN_NO), true },
    { "aes128gcm128", "AES_GCM_16", ENCR(IKE_ENCR_AES_GCM_16, 128), true },
    { "aes192gcm128", "AES_GCM_16", ENCR(IKE_ENCR_AES_GCM_16, 192), false },
    { "aes256gcm128", "AES_GCM_16", ENCR(IKE_ENCR_AES_GCM_16, 256), true },
    { "sha2_256", "HMAC_SHA2_256_128", OTHER(IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_256_128), false },
    { "sha2_384", "HMAC_SHA2_384_192", OTHER(IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_384_192), false },
    { "sha2_512", "HMAC_SHA2_512_256", OTHER(IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_512_256), false },
    { "curve25519", "CURVE_25519", OTHER(IKE_TT_KE, IKE_KE_X25519), true },
};
#define N_KEYWORDS (sizeof keywords / sizeof *keywords)
#define WORD_LEN 32

static const char ike_supported[] =
    "aes128gcm16 aes192gcm16 aes256gcm16 aes128 aes256 sha256 sha384 sha512 prfsha256 prfsha384 "
    "prfsha512 x25519 ecp256 modp2048";
static const char esp_supported[] = "aes128gcm16 aes256gcm16 x25519 ecp256 modp2048 esn noesn";

static const char *const ike_defaults[] = {
    "aes256gcm16-aes128gcm16-prfsha384-prfsha256-x25519-ecp256-modp2048",
    "aes256-aes128-sha384-sha256-prfsha384-prfsha256-x25519-ecp256-modp2048",
};
/* The second lets a peer that is configured without PFS rekey. */
static const char *const esp_defaults[] = {
    "aes256gcm16-aes128gcm16-x25519-esn-noesn",
    "aes256gcm16-aes128gcm16-esn-noesn",
};

static bool transform_eq(const struct ike_transform *a, const struct ike_transform *b)
{
    return a->type == b->type && a->id == b->id && a->key_bits == b->key_bits;
}

static const struct keyword *find_transform(const struct ike_transform *t)
{
    for (size_t i = 0; i < N_KEYWORDS; i++)
        if (transform_eq(&keywords[i].t, t))
            return &keywords[i];
    return NULL;
}

static const struct keyword *find_word(const char *word)
{
    for (size_t i = 0; i < N_KEYWORDS; i++)
        if (!strcmp(keywords[i].word, word))
            return &keywords[i];
    return NULL;
}

static bool is_aead(const struct ike_transform *t)
{
    return t->type == IKE_TT_ENCR && t->id >= IKE_ENCR_AES_GCM_8 && t->id <= IKE_ENCR_AES_GCM_16;
}

static unsigned count_type(const struct ike_proposal *p, uint8_t type)
{
    unsigned n = 0;

    for (size_t i = 0; i < p->n_transforms; i++)
        n += p->transforms[i].type == type;
    return n;
}

static void add(struct ike_proposal *p, uint8_t type, uint16_t id)
{
    if (p->n_transforms < IKE_TRANSFORMS_MAX)
        p->transforms[p->n_transforms++] = (struct ike_transform){ .type = type, .id = id };
}

static void drop_type(struct ike_proposal *p, uint8_t type)
{
    uint8_t n = 0;

    for (size_t i = 0; i < p->n_transforms; i++)
        if (p->transforms[i].type != type)
            p->transforms[n++] = p->transforms[i];
    p->n_transforms = n;
}

static int add_word(struct ike_proposal *p, const char *word, struct err *err)
{
    const struct keyword *k = find_word(word);
    bool esp = p->proto == IKE_PROTO_ESP;

    if (!k || (esp && !k->esp) || (!esp && k->t.type == IKE_TT_ESN))
        return err_set(err, ERR_UNSUPPORTED,
                       "%s proposal: keyword '%s' is not supported; "
                       "supported: %s",
                       esp ? "ESP" : "IKE", word, esp ? esp_supported : ike_supported);
    for (size_t i = 0; i < p->n_transforms; i++)
        if (transform_eq(&p->transforms[i], &k->t))
            return err_set(err, ERR_INVALID, "%s proposal: keyword '%s' is there twice",
                           esp ? "ESP" : "IKE", word);
    p->transforms[p->n_transforms++] = k->t; /* no more than there are keywords */
    return 0;
}

static int add_words(struct ike_proposal *p, const char *text, struct err *err)
{
    const char *at = text;

    for (;;) {
        size_t len = strcspn(at, "-");
        char word[WORD_LEN];
        int rc;

        if (!len || len >= sizeof word)
            return err_set(err, ERR_INVALID, "proposal '%.100s': %s keyword", text,
                           len ? "too long a" : "an empty");
        memcpy(word, at, len);
        word[len] = '\0';
        if ((rc = add_word(p, word, err)))
            return rc;
        if (!at[len])
            return 0;
        at += len + 1;
    }
}

/* The registry numbers of HMAC-SHA2 integrity algorithms lie 7 above those of
 * the PRF with the same hash. */
static void derive_prfs(struct ike_proposal *p)
{
    size_t n = p->n_transforms;

    for (size_t i = 0; i < n; i++)
        if (p->transforms[i].type == IKE_TT_INTEG)
            add(p, IKE_TT_PRF,
                (uint16_t)(p->transforms[i].id - IKE_INTEG_HMAC_SHA2_256_128 +
                           IKE_PRF_HMAC_SHA2_256));
}

static int complete_ike(struct ike_proposal *p, bool aead, const char *text, struct err *err)
{
    if (!count_type(p, IKE_TT_PRF))
        derive_prfs(p);
    if (aead)
        drop_type(p, IKE_TT_INTEG); /* there for the PRF alone, as strongSwan reads it */
    else if (!count_type(p, IKE_TT_INTEG))
        return err_set(err, ERR_INVALID,
                       "IKE proposal '%.100s' lacks an integrity keyword "
                       "(sha256 sha384 sha512)",
                       text);
    if (!count_type(p, IKE_TT_PRF))
        return err_set(err, ERR_INVALID,
                       "IKE proposal '%.100s' lacks a PRF keyword "
                       "(prfsha256 prfsha384 prfsha512)",
                       text);
    if (!count_type(p, IKE_TT_KE))
        return err_set(err, ERR_INVALID,
                       "IKE proposal '%.100s' lacks a key exchange keyword "
                       "(x25519 ecp256 modp2048)",
                       text);
    return 0;
}

static int complete(struct ike_proposal *p, const char *text, struct err *err)
{
    unsigned n_encr = count_type(p, IKE_TT_ENCR), n_aead = 0;

    for (size_t i = 0; i < p->n_transforms; i++)
        n_aead += is_aead(&p->transforms[i]);
    if (!n_encr)
        return err_set(err, ERR_INVALID, "proposal '%.100s' lacks an encryption keyword", text);
    if (n_aead && n_aead != n_encr)
        return err_set(err, ERR_INVALID,
                       "proposal '%.100s' mixes AES-GCM with AES-CBC; write two "
                       "proposals (RFC 7296 section 3.3)",
                       text);
    if (p->proto == IKE_PROTO_IKE)
        return complete_ike(p, n_aead > 0, text, err);
    if (!count_type(p, IKE_TT_ESN)) {
        add(p, IKE_TT_ESN, IKE_ESN_YES);
        add(p, IKE_TT_ESN, IKE_ESN_NO);
    }
    return 0;
}

int ike_proposal_parse(const char *text, enum ike_protocol proto, struct ike_proposal *ret,
                       struct err *err)
{
    struct ike_proposal p = { .num = 1, .proto = (uint8_t)proto };
    int rc;

    if (proto != IKE_PROTO_IKE && proto != IKE_PROTO_ESP)
        return err_set(err, ERR_UNSUPPORTED, "proposal for protocol %d: only IKE and ESP",
                       (int)proto);
    if (!strcmp(text, "default"))
        text = proto == IKE_PROTO_IKE ? ike_defaults[0] : esp_defaults[0];
    if ((rc = add_words(&p, text, err)) || (rc = complete(&p, text, err)))
        return rc;
    *ret = p;
    return 0;
}

size_t ike_proposal_defaults(enum ike_protocol proto, struct ike_proposal ret[IKE_PROPOSALS_MAX])
{
    const char *const *texts = proto == IKE_PROTO_IKE ? ike_defaults : esp_defaults;
    size_t n = 0;

    for (size_t i = 0; i < 2; i++)
        if (!ike_proposal_parse(texts[i], proto, &ret[n], NULL)) {
            ret[n].num = (uint8_t)(n + 1);
            n++;
        }
    return n;
}

static void add_transform_text(struct textbuf *tb, const struct ike_transform *t)
{
    static const char *const types[] = { "type", "encr", "prf", "integ", "ke", "esn" };
    const struct keyword *k = find_transform(t);

    if (tb->len)
        textbuf_add(tb, "-");
    if (t->unusable)
        textbuf_add(tb, "!");
    if (k) {
        textbuf_add(tb, "%s", k->word);
        return;
    }
    if (t->type >= IKE_TT_ENCR && t->type <= IKE_TT_ESN)
        textbuf_add(tb, "%s%u", types[t->type], t->id);
    else
        textbuf_add(tb, "type%u:%u", t->type, t->id);
    if (t->key_bits)
        textbuf_add(tb, "_%u", t->key_bits);
}

const char *ike_proposal_text(const struct ike_proposal *p, char buf[IKE_PROPOSAL_TEXT_LEN])
{
    struct textbuf tb;

    textbuf_init(&tb, buf, IKE_PROPOSAL_TEXT_LEN);
    for (size_t i = 0; i < p->n_transforms; i++)
        add_transform_text(&tb, &p->transforms[i]);
    return buf;
}

const char *ike_suite_text(const struct ike_suite *s, char buf[IKE_PROPOSAL_TEXT_LEN])
{
    const struct ike_transform *const all[] = { &s->encr, &s->integ, &s->prf, &s->ke, &s->esn };
    struct textbuf tb;

    textbuf_init(&tb, buf, IKE_PROPOSAL_TEXT_LEN);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        bool none = all[i]->id == 0 && all[i]->type != IKE_TT_ESN; /* NONE: not worth a word */

        if (all[i]->type && !none)
            add_transform_text(&tb, all[i]);
    }
    return buf;
}

const char *ike_transform_name(const struct ike_transform *t)
{
    const struct keyword *k = find_transform(t);

    return k ? k->name : "unknown";
}
