/* SPDX-License-Identifier: Apache-2.0 */
/*
 * numbers: protocol numbers of IKEv2 as the IANA registry has them.
 */
#ifndef IKE_TYPES_NUMBERS_H
#define IKE_TYPES_NUMBERS_H

#define IKE_PORT 500
#define IKE_NATT_PORT 4500
#define IKE_VERSION_2 0x20
#define IKE_HEADER_LEN 28
#define IKE_MESSAGE_MAX 10000 /* bytes; longer datagrams are dropped unread */
#define IKE_NONCE_MIN 16      /* RFC 7296 section 3.9 */
#define IKE_NONCE_MAX 256
#define IKE_NONCE_LEN 32 /* ours */

enum ike_exchange {
    IKE_SA_INIT = 34,
    IKE_AUTH = 35,
    IKE_CREATE_CHILD_SA = 36,
    IKE_INFORMATIONAL = 37,
};

enum ike_flag { IKE_FLAG_INITIATOR = 0x08, IKE_FLAG_VERSION = 0x10, IKE_FLAG_RESPONSE = 0x20 };

enum ike_payload_type {
    IKE_PL_NONE = 0,
    IKE_PL_SA = 33,
    IKE_PL_KE = 34,
    IKE_PL_IDI = 35,
    IKE_PL_IDR = 36,
    IKE_PL_CERT = 37,
    IKE_PL_CERTREQ = 38,
    IKE_PL_AUTH = 39,
    IKE_PL_NONCE = 40,
    IKE_PL_NOTIFY = 41,
    IKE_PL_DELETE = 42,
    IKE_PL_VENDOR = 43,
    IKE_PL_TSI = 44,
    IKE_PL_TSR = 45,
    IKE_PL_SK = 46,
    IKE_PL_CP = 47,
    IKE_PL_EAP = 48,
    IKE_PL_SKF = 53,
};

enum ike_protocol { IKE_PROTO_NONE = 0, IKE_PROTO_IKE = 1, IKE_PROTO_AH = 2, IKE_PROTO_ESP = 3 };

enum ike_transform_type {
    IKE_TT_ENCR = 1,
    IKE_TT_PRF = 2,
    IKE_TT_INTEG = 3,
    IKE_TT_KE = 4,
    IKE_TT_ESN = 5
};
#define IKE_ATTR_KEY_LENGTH 14

enum ike_encr {
    IKE_ENCR_AES_CBC = 12,
    IKE_ENCR_AES_GCM_8 = 18,
    IKE_ENCR_AES_GCM_12 = 19,
    IKE_ENCR_AES_GCM_16 = 20
};
enum ike_prf {
    IKE_PRF_HMAC_SHA1 = 2,
    IKE_PRF_HMAC_SHA2_256 = 5,
    IKE_PRF_HMAC_SHA2_384 = 6,
    IKE_PRF_HMAC_SHA2_512 = 7
};
enum ike_integ {
    IKE_INTEG_NONE = 0,
    IKE_INTEG_HMAC_SHA2_256_128 = 12,
    IKE_INTEG_HMAC_SHA2_384_192 = 13,
    IKE_INTEG_HMAC_SHA2_512_256 = 14
};
enum ike_ke_method {
    IKE_KE_NONE = 0,
    IKE_KE_MODP2048 = 14,
    IKE_KE_ECP256 = 19,
    IKE_KE_X25519 = 31
};
enum ike_esn { IKE_ESN_NO = 0, IKE_ESN_YES = 1 };

enum ike_auth_method {
    IKE_AUTH_RSA = 1,
    IKE_AUTH_PSK = 2,
    IKE_AUTH_NULL = 13,
    IKE_AUTH_SIGNATURE = 14
};
enum ike_id_type {
    IKE_ID_IPV4 = 1,
    IKE_ID_FQDN = 2,
    IKE_ID_EMAIL = 3,
    IKE_ID_IPV6 = 5,
    IKE_ID_DN = 9,
    IKE_ID_GN = 10,
    IKE_ID_KEY = 11
};
enum ike_ts_type { IKE_TS_IPV4_RANGE = 7, IKE_TS_IPV6_RANGE = 8 };

enum ike_notify {
    IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD = 1,
    IKE_N_INVALID_IKE_SPI = 4,
    IKE_N_INVALID_MAJOR_VERSION = 5,
    IKE_N_INVALID_SYNTAX = 7,
    IKE_N_INVALID_MESSAGE_ID = 9,
    IKE_N_INVALID_SPI = 11,
    IKE_N_NO_PROPOSAL_CHOSEN = 14,
    IKE_N_INVALID_KE_PAYLOAD = 17,
    IKE_N_AUTHENTICATION_FAILED = 24,
    IKE_N_SINGLE_PAIR_REQUIRED = 34,
    IKE_N_NO_ADDITIONAL_SAS = 35,
    IKE_N_INTERNAL_ADDRESS_FAILURE = 36,
    IKE_N_FAILED_CP_REQUIRED = 37,
    IKE_N_TS_UNACCEPTABLE = 38,
    IKE_N_INVALID_SELECTORS = 39,
    IKE_N_TEMPORARY_FAILURE = 43,
    IKE_N_CHILD_SA_NOT_FOUND = 44,
    IKE_N_STATUS_FIRST = 16384,
    IKE_N_INITIAL_CONTACT = 16384,
    IKE_N_SET_WINDOW_SIZE = 16385,
    IKE_N_ADDITIONAL_TS_POSSIBLE = 16386,
    IKE_N_IPCOMP_SUPPORTED = 16387,
    IKE_N_NAT_DETECTION_SOURCE_IP = 16388,
    IKE_N_NAT_DETECTION_DESTINATION_IP = 16389,
    IKE_N_COOKIE = 16390,
    IKE_N_USE_TRANSPORT_MODE = 16391,
    IKE_N_REKEY_SA = 16393,
    IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED = 16394,
    IKE_N_FRAGMENTATION_SUPPORTED = 16430,
    IKE_N_SIGNATURE_HASH_ALGORITHMS = 16431,
};

/* Registry names: "IKE_SA_INIT", "NO_PROPOSAL_CHOSEN"; "unknown" otherwise. */
const char *ike_exchange_name(unsigned v);
const char *ike_payload_name(unsigned v);
const char *ike_notify_name(unsigned v);

#endif
