/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each exchange says, payload by payload, begun from each side: every
 * message is opened and its dump compared with the text that stands here.
 */
#include "ike/core/shard.h"

#include "tests/lib/sk_tap.h"
#include "tests/lib/cmocka.h"

#include <stdio.h>
#include <string.h>

static struct two_shards two;
static struct sk_tap tap;

static int begin(void **state)
{
    (void)state;
    two_shards_init(&two, 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

static void up(const char *ike, const char *esp)
{
    two_shards_put_both(&two, ike, esp);
    assert_int_equal(two_shards_up(&two, 0), 0);
    sk_tap_on(&tap, &two);
}

static void idle(void)
{
    two_shards_run(&two);
    sk_tap_clear(&tap);
}

static void the_set_up_offers_chooses_and_narrows(void **state)
{
    (void)state;
    sk_tap_on(&tap, &two);
    two_shards_put_both(&two, "aes128-aes256-sha256-sha512-modp2048-ecp256",
                        "aes256gcm16-aes128gcm16-x25519");
    assert_int_equal(two_shards_up(&two, 1), 0);
    sk_dumps_are(&tap,
                 "IKE_SA_INIT(34) request initiator id=0 spi_i=02663cf4d73c4c04 "
                 "spi_r=0000000000000000 468 bytes\n"
                 "  SA #1 IKE aes128-aes256-sha256-sha512-modp2048-ecp256-prfsha256-prfsha512\n"
                 "  KE MODP_2048(14) 256 bytes\n"
                 "  Nonce 32 bytes\n"
                 "  N NAT_DETECTION_SOURCE_IP(16388) 20 bytes\n"
                 "  N NAT_DETECTION_DESTINATION_IP(16389) 20 bytes\n"
                 "IKE_SA_INIT(34) response responder id=0 spi_i=02663cf4d73c4c04 "
                 "spi_r=01df5139b29d4172 432 bytes\n"
                 "  SA #1 IKE aes128-prfsha256-sha256-modp2048\n"
                 "  KE MODP_2048(14) 256 bytes\n"
                 "  Nonce 32 bytes\n"
                 "  N NAT_DETECTION_SOURCE_IP(16388) 20 bytes\n"
                 "  N NAT_DETECTION_DESTINATION_IP(16389) 20 bytes\n"
                 "IKE_AUTH(35) request initiator id=1 spi_i=02663cf4d73c4c04 "
                 "spi_r=01df5139b29d4172 256 bytes\n"
                 "    IDi b.example\n"
                 "    IDr a.example\n"
                 "    AUTH method 2, 32 bytes\n"
                 "    N INITIAL_CONTACT(16384)\n"
                 "    SA #1 ESP aes256gcm16-aes128gcm16-esn-noesn spi=b0000001\n"
                 "    TSi 10.2.0.0/16\n"
                 "    TSr 10.1.0.0/16\n"
                 "IKE_AUTH(35) response responder id=1 spi_i=02663cf4d73c4c04 "
                 "spi_r=01df5139b29d4172 208 bytes\n"
                 "    IDr a.example\n"
                 "    AUTH method 2, 32 bytes\n"
                 "    SA #1 ESP aes256gcm16-esn spi=a0000001\n"
                 "    TSi 10.2.0.0/16\n"
                 "    TSr 10.1.0.0/16\n");
}

static void a_set_up_in_aead_names_no_integrity_algorithm(void **state)
{
    (void)state;
    sk_tap_on(&tap, &two);
    two_shards_put_both(&two, NULL, NULL);
    assert_int_equal(two_shards_up(&two, 0), 0);
    sk_dumps_are(&tap, "IKE_SA_INIT(34) request initiator id=0 spi_i=01df5139b29d4172 "
                       "spi_r=0000000000000000 200 bytes\n"
                       "  SA #1 IKE aes256gcm16-prfsha384-x25519\n"
                       "  KE CURVE_25519(31) 32 bytes\n"
                       "  Nonce 32 bytes\n"
                       "  N NAT_DETECTION_SOURCE_IP(16388) 20 bytes\n"
                       "  N NAT_DETECTION_DESTINATION_IP(16389) 20 bytes\n"
                       "IKE_SA_INIT(34) response responder id=0 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 200 bytes\n"
                       "  SA #1 IKE aes256gcm16-prfsha384-x25519\n"
                       "  KE CURVE_25519(31) 32 bytes\n"
                       "  Nonce 32 bytes\n"
                       "  N NAT_DETECTION_SOURCE_IP(16388) 20 bytes\n"
                       "  N NAT_DETECTION_DESTINATION_IP(16389) 20 bytes\n"
                       "IKE_AUTH(35) request initiator id=1 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 239 bytes\n"
                       "    IDi a.example\n"
                       "    IDr b.example\n"
                       "    AUTH method 2, 48 bytes\n"
                       "    N INITIAL_CONTACT(16384)\n"
                       "    SA #1 ESP aes256gcm16-esn spi=a0000001\n"
                       "    TSi 10.1.0.0/16\n"
                       "    TSr 10.2.0.0/16\n"
                       "IKE_AUTH(35) response responder id=1 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 214 bytes\n"
                       "    IDr b.example\n"
                       "    AUTH method 2, 48 bytes\n"
                       "    SA #1 ESP aes256gcm16-esn spi=b0000001\n"
                       "    TSi 10.1.0.0/16\n"
                       "    TSr 10.2.0.0/16\n");
}

static void a_set_up_in_transport_mode_says_so_twice(void **state)
{
    (void)state;
    sk_tap_on(&tap, &two);
    for (int i = 0; i < 2; i++) {
        struct ike_conn *conn = two_shards_conn(&two, i, NULL, NULL);

        assert_int_equal(ike_ts_parse("dynamic[tcp/443]", &conn->children[0].local_ts.ts[0], NULL),
                         0);
        assert_int_equal(ike_ts_parse("dynamic", &conn->children[0].remote_ts.ts[0], NULL), 0);
        conn->children[0].mode = IKE_MODE_TRANSPORT;
        two_shards_put(&two, i, conn);
    }
    assert_int_equal(two_shards_up(&two, 0), 0);
    sk_dumps_are(&tap, "IKE_SA_INIT(34) request initiator id=0 spi_i=01df5139b29d4172 "
                       "spi_r=0000000000000000 200 bytes\n"
                       "  SA #1 IKE aes256gcm16-prfsha384-x25519\n"
                       "  KE CURVE_25519(31) 32 bytes\n"
                       "  Nonce 32 bytes\n"
                       "  N NAT_DETECTION_SOURCE_IP(16388) 20 bytes\n"
                       "  N NAT_DETECTION_DESTINATION_IP(16389) 20 bytes\n"
                       "IKE_SA_INIT(34) response responder id=0 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 200 bytes\n"
                       "  SA #1 IKE aes256gcm16-prfsha384-x25519\n"
                       "  KE CURVE_25519(31) 32 bytes\n"
                       "  Nonce 32 bytes\n"
                       "  N NAT_DETECTION_SOURCE_IP(16388) 20 bytes\n"
                       "  N NAT_DETECTION_DESTINATION_IP(16389) 20 bytes\n"
                       "IKE_AUTH(35) request initiator id=1 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 247 bytes\n"
                       "    IDi a.example\n"
                       "    IDr b.example\n"
                       "    AUTH method 2, 48 bytes\n"
                       "    N INITIAL_CONTACT(16384)\n"
                       "    SA #1 ESP aes256gcm16-esn spi=a0000001\n"
                       "    TSi 192.0.2.1/32[tcp/443]\n"
                       "    TSr 192.0.2.2/32\n"
                       "    N USE_TRANSPORT_MODE(16391)\n"
                       "IKE_AUTH(35) response responder id=1 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 222 bytes\n"
                       "    IDr b.example\n"
                       "    AUTH method 2, 48 bytes\n"
                       "    SA #1 ESP aes256gcm16-esn spi=b0000001\n"
                       "    TSi 192.0.2.1/32[tcp/443]\n"
                       "    TSr 192.0.2.2/32[tcp/443]\n"
                       "    N USE_TRANSPORT_MODE(16391)\n");
}

static void a_set_up_without_common_child_proposal_says_why(void **state)
{
    (void)state;
    two_shards_put(&two, 0, two_shards_conn(&two, 0, NULL, "aes128gcm16-esn"));
    two_shards_put(&two, 1, two_shards_conn(&two, 1, NULL, "aes256gcm16-esn"));
    sk_tap_on(&tap, &two);
    assert_int_equal(two_shards_up(&two, 0), ERR_REFUSED);
    sk_dumps_are(&tap, "IKE_SA_INIT(34) request initiator id=0 spi_i=01df5139b29d4172 "
                       "spi_r=0000000000000000 200 bytes\n"
                       "  SA #1 IKE aes256gcm16-prfsha384-x25519\n"
                       "  KE CURVE_25519(31) 32 bytes\n"
                       "  Nonce 32 bytes\n"
                       "  N NAT_DETECTION_SOURCE_IP(16388) 20 bytes\n"
                       "  N NAT_DETECTION_DESTINATION_IP(16389) 20 bytes\n"
                       "IKE_SA_INIT(34) response responder id=0 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 200 bytes\n"
                       "  SA #1 IKE aes256gcm16-prfsha384-x25519\n"
                       "  KE CURVE_25519(31) 32 bytes\n"
                       "  Nonce 32 bytes\n"
                       "  N NAT_DETECTION_SOURCE_IP(16388) 20 bytes\n"
                       "  N NAT_DETECTION_DESTINATION_IP(16389) 20 bytes\n"
                       "IKE_AUTH(35) request initiator id=1 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 239 bytes\n"
                       "    IDi a.example\n"
                       "    IDr b.example\n"
                       "    AUTH method 2, 48 bytes\n"
                       "    N INITIAL_CONTACT(16384)\n"
                       "    SA #1 ESP aes128gcm16-esn spi=a0000001\n"
                       "    TSi 10.1.0.0/16\n"
                       "    TSr 10.2.0.0/16\n"
                       "IKE_AUTH(35) response responder id=1 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 138 bytes\n"
                       "    IDr b.example\n"
                       "    AUTH method 2, 48 bytes\n"
                       "    N NO_PROPOSAL_CHOSEN(14)\n");
}

static void a_refused_initiator_hears_nothing_but_the_refusal(void **state)
{
    (void)state;
    two_shards_put_both(&two, NULL, NULL);
    two.end[0].psk = "another";
    sk_tap_on(&tap, &two);
    assert_int_equal(two_shards_up(&two, 0), ERR_AUTH);
    sk_dumps_are(&tap, "IKE_SA_INIT(34) request initiator id=0 spi_i=01df5139b29d4172 "
                       "spi_r=0000000000000000 200 bytes\n"
                       "  SA #1 IKE aes256gcm16-prfsha384-x25519\n"
                       "  KE CURVE_25519(31) 32 bytes\n"
                       "  Nonce 32 bytes\n"
                       "  N NAT_DETECTION_SOURCE_IP(16388) 20 bytes\n"
                       "  N NAT_DETECTION_DESTINATION_IP(16389) 20 bytes\n"
                       "IKE_SA_INIT(34) response responder id=0 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 200 bytes\n"
                       "  SA #1 IKE aes256gcm16-prfsha384-x25519\n"
                       "  KE CURVE_25519(31) 32 bytes\n"
                       "  Nonce 32 bytes\n"
                       "  N NAT_DETECTION_SOURCE_IP(16388) 20 bytes\n"
                       "  N NAT_DETECTION_DESTINATION_IP(16389) 20 bytes\n"
                       "IKE_AUTH(35) request initiator id=1 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 239 bytes\n"
                       "    IDi a.example\n"
                       "    IDr b.example\n"
                       "    AUTH method 2, 48 bytes\n"
                       "    N INITIAL_CONTACT(16384)\n"
                       "    SA #1 ESP aes256gcm16-esn spi=a0000001\n"
                       "    TSi 10.1.0.0/16\n"
                       "    TSr 10.2.0.0/16\n"
                       "IKE_AUTH(35) response responder id=1 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 65 bytes\n"
                       "    N AUTHENTICATION_FAILED(24)\n");
}

static void no_common_ike_proposal_is_said_in_clear(void **state)
{
    (void)state;
    two_shards_put(&two, 0, two_shards_conn(&two, 0, "aes128gcm16-prfsha256-x25519", NULL));
    two_shards_put(&two, 1, two_shards_conn(&two, 1, "aes256gcm16-prfsha256-x25519", NULL));
    sk_tap_on(&tap, &two);
    assert_int_equal(two_shards_up(&two, 0), ERR_REFUSED);
    sk_dumps_are(&tap, "IKE_SA_INIT(34) request initiator id=0 spi_i=01df5139b29d4172 "
                       "spi_r=0000000000000000 200 bytes\n"
                       "  SA #1 IKE aes128gcm16-prfsha256-x25519\n"
                       "  KE CURVE_25519(31) 32 bytes\n"
                       "  Nonce 32 bytes\n"
                       "  N NAT_DETECTION_SOURCE_IP(16388) 20 bytes\n"
                       "  N NAT_DETECTION_DESTINATION_IP(16389) 20 bytes\n"
                       "IKE_SA_INIT(34) response responder id=0 spi_i=01df5139b29d4172 "
                       "spi_r=0000000000000000 36 bytes\n"
                       "  N NO_PROPOSAL_CHOSEN(14)\n");
}

/* ---- new Child SA ---- */

static void a_new_child_from_the_initiator_has_nonces_of_its_own(void **state)
{
    struct two_outcome o;

    (void)state;
    up(NULL, NULL);
    two_terminate(&two, 0, true, false, &o);
    idle();
    assert_int_equal(two_shards_up(&two, 0), 0);
    sk_dumps_are(&tap, "CREATE_CHILD_SA(36) request initiator id=3 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 177 bytes\n"
                       "    SA #1 ESP aes256gcm16-esn spi=a0000002\n"
                       "    Nonce 32 bytes\n"
                       "    TSi 10.1.0.0/16\n"
                       "    TSr 10.2.0.0/16\n"
                       "CREATE_CHILD_SA(36) response responder id=3 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 177 bytes\n"
                       "    SA #1 ESP aes256gcm16-esn spi=b0000002\n"
                       "    Nonce 32 bytes\n"
                       "    TSi 10.1.0.0/16\n"
                       "    TSr 10.2.0.0/16\n");
}

static void a_new_child_from_the_responder_has_no_initiator_flag(void **state)
{
    struct two_outcome o;

    (void)state;
    up(NULL, NULL);
    two_terminate(&two, 1, true, false, &o);
    idle();
    assert_int_equal(two_shards_up(&two, 1), 0);
    sk_dumps_are(&tap, "CREATE_CHILD_SA(36) request responder id=1 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 177 bytes\n"
                       "    SA #1 ESP aes256gcm16-esn spi=b0000002\n"
                       "    Nonce 32 bytes\n"
                       "    TSi 10.2.0.0/16\n"
                       "    TSr 10.1.0.0/16\n"
                       "CREATE_CHILD_SA(36) response initiator id=1 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 177 bytes\n"
                       "    SA #1 ESP aes256gcm16-esn spi=a0000002\n"
                       "    Nonce 32 bytes\n"
                       "    TSi 10.2.0.0/16\n"
                       "    TSr 10.1.0.0/16\n");
}

static void a_new_child_with_a_group_has_a_key_exchange(void **state)
{
    struct two_outcome o;

    (void)state;
    up(NULL, "aes256gcm16-esn-ecp256");
    two_terminate(&two, 0, true, false, &o);
    idle();
    assert_int_equal(two_shards_up(&two, 0), 0);
    sk_dumps_are(&tap, "CREATE_CHILD_SA(36) request initiator id=3 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 257 bytes\n"
                       "    SA #1 ESP aes256gcm16-esn-ecp256 spi=a0000002\n"
                       "    Nonce 32 bytes\n"
                       "    KE ECP_256(19) 64 bytes\n"
                       "    TSi 10.1.0.0/16\n"
                       "    TSr 10.2.0.0/16\n"
                       "CREATE_CHILD_SA(36) response responder id=3 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 257 bytes\n"
                       "    SA #1 ESP aes256gcm16-ecp256-esn spi=b0000002\n"
                       "    Nonce 32 bytes\n"
                       "    KE ECP_256(19) 64 bytes\n"
                       "    TSi 10.1.0.0/16\n"
                       "    TSr 10.2.0.0/16\n");
}

/* ---- rekey Child SA ---- */

static void rekey_child_from(int me)
{
    struct two_outcome o;

    two_rekey(&two, me, true, &o);
    two_shards_run(&two);
    assert_int_equal(o.n, 1);
    assert_int_equal(o.code, 0);
}

static void a_child_rekey_from_the_initiator_names_its_inbound_spi(void **state)
{
    (void)state;
    up(NULL, NULL);
    rekey_child_from(0);
    sk_dumps_are(&tap, "CREATE_CHILD_SA(36) request initiator id=2 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 189 bytes\n"
                       "    N REKEY_SA(16393) ESP spi=a0000001\n"
                       "    SA #1 ESP aes256gcm16-esn spi=a0000002\n"
                       "    Nonce 32 bytes\n"
                       "    TSi 10.1.0.0/16\n"
                       "    TSr 10.2.0.0/16\n"
                       "CREATE_CHILD_SA(36) response responder id=2 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 177 bytes\n"
                       "    SA #1 ESP aes256gcm16-esn spi=b0000002\n"
                       "    Nonce 32 bytes\n"
                       "    TSi 10.1.0.0/16\n"
                       "    TSr 10.2.0.0/16\n"
                       "INFORMATIONAL(37) request initiator id=3 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 69 bytes\n"
                       "    D ESP spi=a0000001\n"
                       "INFORMATIONAL(37) response responder id=3 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 69 bytes\n"
                       "    D ESP spi=b0000001\n");
}

static void a_child_rekey_from_the_responder_names_its_inbound_spi(void **state)
{
    (void)state;
    up(NULL, NULL);
    rekey_child_from(1);
    sk_dumps_are(&tap, "CREATE_CHILD_SA(36) request responder id=0 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 189 bytes\n"
                       "    N REKEY_SA(16393) ESP spi=b0000001\n"
                       "    SA #1 ESP aes256gcm16-esn spi=b0000002\n"
                       "    Nonce 32 bytes\n"
                       "    TSi 10.2.0.0/16\n"
                       "    TSr 10.1.0.0/16\n"
                       "CREATE_CHILD_SA(36) response initiator id=0 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 177 bytes\n"
                       "    SA #1 ESP aes256gcm16-esn spi=a0000002\n"
                       "    Nonce 32 bytes\n"
                       "    TSi 10.2.0.0/16\n"
                       "    TSr 10.1.0.0/16\n"
                       "INFORMATIONAL(37) request responder id=1 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 69 bytes\n"
                       "    D ESP spi=b0000001\n"
                       "INFORMATIONAL(37) response initiator id=1 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 69 bytes\n"
                       "    D ESP spi=a0000001\n");
}

static void a_child_rekey_with_a_group_has_a_key_exchange(void **state)
{
    (void)state;
    up(NULL, "aes128gcm16-noesn-modp2048");
    rekey_child_from(1);
    sk_dumps_are(&tap, "CREATE_CHILD_SA(36) request responder id=0 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 461 bytes\n"
                       "    N REKEY_SA(16393) ESP spi=b0000001\n"
                       "    SA #1 ESP aes128gcm16-noesn-modp2048 spi=b0000002\n"
                       "    Nonce 32 bytes\n"
                       "    KE MODP_2048(14) 256 bytes\n"
                       "    TSi 10.2.0.0/16\n"
                       "    TSr 10.1.0.0/16\n"
                       "CREATE_CHILD_SA(36) response initiator id=0 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 449 bytes\n"
                       "    SA #1 ESP aes128gcm16-modp2048-noesn spi=a0000002\n"
                       "    Nonce 32 bytes\n"
                       "    KE MODP_2048(14) 256 bytes\n"
                       "    TSi 10.2.0.0/16\n"
                       "    TSr 10.1.0.0/16\n"
                       "INFORMATIONAL(37) request responder id=1 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 69 bytes\n"
                       "    D ESP spi=b0000001\n"
                       "INFORMATIONAL(37) response initiator id=1 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 69 bytes\n"
                       "    D ESP spi=a0000001\n");
}

/* ---- rekey IKE SA ---- */

static void rekey_ike_from(int me)
{
    struct two_outcome o;

    two_rekey(&two, me, false, &o);
    two_shards_run(&two);
    assert_int_equal(o.n, 1);
    assert_int_equal(o.code, 0);
}

static void an_ike_rekey_from_the_initiator_has_the_new_spis_in_its_proposals(void **state)
{
    (void)state;
    up(NULL, NULL);
    rekey_ike_from(0);
    sk_dumps_are(&tap, "CREATE_CHILD_SA(36) request initiator id=2 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 181 bytes\n"
                       "    SA #1 IKE aes256gcm16-prfsha384-x25519 spi=019eea62f83a2d1e\n"
                       "    Nonce 32 bytes\n"
                       "    KE CURVE_25519(31) 32 bytes\n"
                       "CREATE_CHILD_SA(36) response responder id=2 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 181 bytes\n"
                       "    SA #1 IKE aes256gcm16-prfsha384-x25519 spi=02be023d51d6fc53\n"
                       "    Nonce 32 bytes\n"
                       "    KE CURVE_25519(31) 32 bytes\n"
                       "INFORMATIONAL(37) request initiator id=3 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 65 bytes\n"
                       "    D IKE\n"
                       "INFORMATIONAL(37) response responder id=3 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 57 bytes\n");
}

static void an_ike_rekey_from_the_responder_makes_it_the_initiator(void **state)
{
    (void)state;
    up("aes256-sha384-prfsha384-ecp256", NULL);
    rekey_ike_from(1);
    idle();
    rekey_ike_from(1); /* now as the initiator of what it has made */
    sk_dumps_are(&tap, "CREATE_CHILD_SA(36) request initiator id=0 spi_i=0253798876a2c369 "
                       "spi_r=016f4fa4af57da1f 248 bytes\n"
                       "    SA #1 IKE aes256-sha384-prfsha384-ecp256 spi=02dadfc12fbc4b00\n"
                       "    Nonce 32 bytes\n"
                       "    KE ECP_256(19) 64 bytes\n"
                       "CREATE_CHILD_SA(36) response responder id=0 spi_i=0253798876a2c369 "
                       "spi_r=016f4fa4af57da1f 248 bytes\n"
                       "    SA #1 IKE aes256-prfsha384-sha384-ecp256 spi=0170b63a483cbf53\n"
                       "    Nonce 32 bytes\n"
                       "    KE ECP_256(19) 64 bytes\n"
                       "INFORMATIONAL(37) request initiator id=1 spi_i=0253798876a2c369 "
                       "spi_r=016f4fa4af57da1f 88 bytes\n"
                       "    D IKE\n"
                       "INFORMATIONAL(37) response responder id=1 spi_i=0253798876a2c369 "
                       "spi_r=016f4fa4af57da1f 88 bytes\n");
}

/* ---- deletes and liveness ---- */

static void a_child_delete_is_answered_with_the_other_half(void **state)
{
    struct two_outcome o;

    (void)state;
    up(NULL, NULL);
    two_terminate(&two, 0, true, false, &o);
    two_shards_run(&two);
    sk_dumps_are(&tap, "INFORMATIONAL(37) request initiator id=2 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 69 bytes\n"
                       "    D ESP spi=a0000001\n"
                       "INFORMATIONAL(37) response responder id=2 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 69 bytes\n"
                       "    D ESP spi=b0000001\n");
}

static void a_child_delete_from_the_responder_is_answered_likewise(void **state)
{
    struct two_outcome o;

    (void)state;
    up(NULL, NULL);
    two_terminate(&two, 1, true, false, &o);
    two_shards_run(&two);
    sk_dumps_are(&tap, "INFORMATIONAL(37) request responder id=0 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 69 bytes\n"
                       "    D ESP spi=b0000001\n"
                       "INFORMATIONAL(37) response initiator id=0 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 69 bytes\n"
                       "    D ESP spi=a0000001\n");
}

static void an_ike_delete_is_answered_with_nothing(void **state)
{
    struct two_outcome o;

    (void)state;
    up(NULL, NULL);
    two_terminate(&two, 0, false, false, &o);
    two_shards_run(&two);
    sk_dumps_are(&tap, "INFORMATIONAL(37) request initiator id=2 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 65 bytes\n"
                       "    D IKE\n"
                       "INFORMATIONAL(37) response responder id=2 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 57 bytes\n");
}

static void an_ike_delete_from_the_responder_is_answered_with_nothing(void **state)
{
    struct two_outcome o;

    (void)state;
    up(NULL, NULL);
    two_terminate(&two, 1, false, false, &o);
    two_shards_run(&two);
    sk_dumps_are(&tap, "INFORMATIONAL(37) request responder id=0 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 65 bytes\n"
                       "    D IKE\n"
                       "INFORMATIONAL(37) response initiator id=0 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 57 bytes\n");
}

static void liveness_is_an_empty_question_from_either_side(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct ike_conn *conn = two_shards_conn(&two, i, NULL, NULL);

        conn->dpd_delay = (i ? 45 : 30) * NS_PER_S;
        conn->rekey_time = 0;
        two_shards_put(&two, i, conn);
    }
    assert_int_equal(two_shards_up(&two, 0), 0);
    sk_tap_on(&tap, &two);
    two_shards_advance(&two, 31 * NS_PER_S); /* A at 30 s; each answer tells the other end too */
    assert_int_equal(tap.n[0], 1);
    two_shards_advance(&two, 30 * NS_PER_S);
    sk_dumps_are(&tap, "INFORMATIONAL(37) request initiator id=2 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 57 bytes\n"
                       "INFORMATIONAL(37) response responder id=2 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 57 bytes\n"
                       "INFORMATIONAL(37) request initiator id=3 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 57 bytes\n"
                       "INFORMATIONAL(37) response responder id=3 spi_i=01df5139b29d4172 "
                       "spi_r=02663cf4d73c4c04 57 bytes\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(the_set_up_offers_chooses_and_narrows),
        T(a_set_up_in_aead_names_no_integrity_algorithm),
        T(a_set_up_in_transport_mode_says_so_twice),
        T(a_set_up_without_common_child_proposal_says_why),
        T(a_refused_initiator_hears_nothing_but_the_refusal),
        T(no_common_ike_proposal_is_said_in_clear),
        T(a_new_child_from_the_initiator_has_nonces_of_its_own),
        T(a_new_child_from_the_responder_has_no_initiator_flag),
        T(a_new_child_with_a_group_has_a_key_exchange),
        T(a_child_rekey_from_the_initiator_names_its_inbound_spi),
        T(a_child_rekey_from_the_responder_names_its_inbound_spi),
        T(a_child_rekey_with_a_group_has_a_key_exchange),
        T(an_ike_rekey_from_the_initiator_has_the_new_spis_in_its_proposals),
        T(an_ike_rekey_from_the_responder_makes_it_the_initiator),
        T(a_child_delete_is_answered_with_the_other_half),
        T(a_child_delete_from_the_responder_is_answered_likewise),
        T(an_ike_delete_is_answered_with_nothing),
        T(an_ike_delete_from_the_responder_is_answered_with_nothing),
        T(liveness_is_an_empty_question_from_either_side),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
