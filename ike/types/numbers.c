/* SPDX-License-Identifier: Apache-2.0 */
/*
 * numbers: names of protocol numbers, as the IANA registry "Internet Key
 * Exchange Version 2 (IKEv2) Parameters" writes them.
 */
#include "ike/types/numbers.h"

#include <stddef.h>

struct name {
    unsigned v;
    const char *text;
};

static const struct name exchanges[] = {
    { IKE_SA_INIT, "IKE_SA_INIT" },
    { IKE_AUTH, "IKE_AUTH" },
    { IKE_CREATE_CHILD_SA, "CREATE_CHILD_SA" },
    { IKE_INFORMATIONAL, "INFORMATIONAL" },
};

static const struct name payloads[] = {
    { IKE_PL_NONE, "none" },       { IKE_PL_SA, "SA" },     { IKE_PL_KE, "KE" },
    { IKE_PL_IDI, "IDi" },         { IKE_PL_IDR, "IDr" },   { IKE_PL_CERT, "CERT" },
    { IKE_PL_CERTREQ, "CERTREQ" }, { IKE_PL_AUTH, "AUTH" }, { IKE_PL_NONCE, "Nonce" },
    { IKE_PL_NOTIFY, "N" },        { IKE_PL_DELETE, "D" },  { IKE_PL_VENDOR, "V" },
    { IKE_PL_TSI, "TSi" },         { IKE_PL_TSR, "TSr" },   { IKE_PL_SK, "SK" },
    { IKE_PL_CP, "CP" },           { IKE_PL_EAP, "EAP" },   { IKE_PL_SKF, "SKF" },
};

#define NOTIFY(n)                                                                                  \
    {                                                                                              \
        IKE_N_##n, #n                                                                              \
    }
static const struct name notifies[] = {
    NOTIFY(UNSUPPORTED_CRITICAL_PAYLOAD),
    NOTIFY(INVALID_IKE_SPI),
    NOTIFY(INVALID_MAJOR_VERSION),
    NOTIFY(INVALID_SYNTAX),
    NOTIFY(INVALID_MESSAGE_ID),
    NOTIFY(INVALID_SPI),
    NOTIFY(NO_PROPOSAL_CHOSEN),
    NOTIFY(INVALID_KE_PAYLOAD),
    NOTIFY(AUTHENTICATION_FAILED),
    NOTIFY(SINGLE_PAIR_REQUIRED),
    NOTIFY(NO_ADDITIONAL_SAS),
    NOTIFY(INTERNAL_ADDRESS_FAILURE),
    NOTIFY(FAILED_CP_REQUIRED),
    NOTIFY(TS_UNACCEPTABLE),
    NOTIFY(INVALID_SELECTORS),
    NOTIFY(TEMPORARY_FAILURE),
    NOTIFY(CHILD_SA_NOT_FOUND),
    NOTIFY(INITIAL_CONTACT),
    NOTIFY(SET_WINDOW_SIZE),
    NOTIFY(ADDITIONAL_TS_POSSIBLE),
    NOTIFY(IPCOMP_SUPPORTED),
    NOTIFY(NAT_DETECTION_SOURCE_IP),
    NOTIFY(NAT_DETECTION_DESTINATION_IP),
    NOTIFY(COOKIE),
    NOTIFY(USE_TRANSPORT_MODE),
    NOTIFY(REKEY_SA),
    NOTIFY(ESP_TFC_PADDING_NOT_SUPPORTED),
    { IKE_N_FRAGMENTATION_SUPPORTED, "IKEV2_FRAGMENTATION_SUPPORTED" },
    NOTIFY(SIGNATURE_HASH_ALGORITHMS),
};

static const char *find(const struct name *names, size_t n, unsigned v)
{
    for (size_t i = 0; i < n; i++)
        if (names[i].v == v)
            return names[i].text;
    return "unknown";
}

const char *ike_exchange_name(unsigned v)
{
    return find(exchanges, sizeof exchanges / sizeof *exchanges, v);
}

const char *ike_payload_name(unsigned v)
{
    return find(payloads, sizeof payloads / sizeof *payloads, v);
}

const char *ike_notify_name(unsigned v)
{
    return find(notifies, sizeof notifies / sizeof *notifies, v);
}
