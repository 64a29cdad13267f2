/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: an authentic peer that sends anything.  Two cores with fixed
 * randomness (tests/lib/two_shards) are brought to a state that the first byte
 * chooses; the rest of the input is a list of steps, most of them a chain of
 * payloads that is sealed with the live keys of one end and delivered.  So the
 * handlers behind decryption see what no honest implementation would send, in
 * every state, with timers, commands, losses and short memory in between.
 *
 * Oracle: no crash, leak or undefined behaviour; counts within their bounds;
 * every command answered once; after a forced end nothing is left installed,
 * reserved or held (two_shards_fini).
 */
#include "ike/core/crypto/skcipher.h"
#include "ike/core/sm/ike_sa.h"
#include "ike/core/sm/transitions.h"
#include "tests/lib/two_shards.h"

#include <stdlib.h>
#include <string.h>

#define CHECK(what)                                                                                \
    do {                                                                                           \
        if (!(what))                                                                               \
            __builtin_trap();                                                                      \
    } while (0)

#define STEPS_MAX 40
#define SAS_MAX 16
#define CHILDREN_MAX 4
#define COMMANDS_MAX STEPS_MAX

static struct two_shards two;
static struct two_outcome outcomes[COMMANDS_MAX];
static unsigned n_commands;
static uint64_t iv;

static uint8_t take(struct rd *rd)
{
    return rd_left(rd) ? rd_u8(rd) : 0;
}

/* The newest or an older IKE SA of the victim that has keys. */
static struct sm_sa *pick_sa(struct two_end *victim, unsigned older)
{
    struct sm_sa *found = NULL;
    unsigned n = 0;

    LIST_FOR_EACH(node, &victim->shard->sas)
    n++;
    LIST_FOR_EACH(node, &victim->shard->sas)
    {
        struct sm_sa *sa = CONTAINER_OF(node, struct sm_sa, node);

        if (sa->keys.d.len && n-- > older)
            found = sa;
    }
    return found;
}

/* Payloads with proper headers: type, critical, length, body; or the rest as it is. */
static void put_chain(struct rd *rd, struct ike_msg *msg, bool raw)
{
    if (raw) {
        size_t len = take(rd);
        uint8_t type = take(rd);

        ike_msg_open(msg, type); /* its header is overwritten by what follows */
        msg->wr.p -= IKE_PAYLOAD_HEADER_LEN;
        len = len < rd_left(rd) ? len : rd_left(rd);
        wr_bytes(&msg->wr, rd_bytes(rd, len), len);
        msg->open_at = 0;
        return;
    }
    for (uint8_t n = take(rd) % 12; n > 0; n--) {
        uint8_t type = take(rd), more = take(rd);
        size_t len = (size_t)(more & 1) << 8 | take(rd);

        len = len < rd_left(rd) ? len : rd_left(rd);
        ike_msg_open(msg, type);
        if (more & 0x80)
            msg->wr.start[msg->open_at + 1] = 0x80;
        wr_bytes(&msg->wr, rd_bytes(rd, len), len);
        ike_msg_close(msg);
    }
}

/* The message id that gets furthest, or one beside it. */
static uint32_t message_id(const struct sm_sa *sa, bool response, uint8_t how)
{
    uint32_t id = response ? (sa->out ? sa->out->mid : sa->send_id - 1) : sa->receive_id;

    return (how & 0xc0) == 0xc0 ? id - 1 + (how & 0x30u) / 16 : id;
}

/* One message of the peer to `me`; its exchange follows what is waited for. */
static void deliver_sealed(struct rd *rd, int me)
{
    struct two_end *victim = &two.end[me];
    uint8_t how = take(rd);
    struct sm_sa *sa = pick_sa(victim, how & 3);
    bool response = how & 4;
    uint8_t buf[IKE_MESSAGE_MAX], exchange = (uint8_t)(IKE_AUTH + take(rd) % 3);
    struct ike_sk_cipher cipher;
    struct ike_sk_frame frame;
    struct ike_sk_lens lens;
    struct ike_msg msg;
    struct span bytes;

    if (!sa || ike_sk_cipher_of(&sa->suite, &sa->keys, !sa->initiator, &cipher, NULL))
        return;
    if (response && sa->out && sa->out->row)
        exchange = sa->out->row->exchange;
    lens = (struct ike_sk_lens){ .iv = (uint8_t)ike_sk_iv_len(&cipher),
                                 .block = (uint8_t)ike_sk_block_len(&cipher),
                                 .icv = (uint8_t)ike_sk_icv_len(&cipher) };
    const struct ike_header h = {
        .spi_i = sa->spi_i,
        .spi_r = sa->spi_r,
        .version = IKE_VERSION_2,
        .exchange = exchange,
        .flags = (uint8_t)((sa->initiator ? 0 : IKE_FLAG_INITIATOR) |
                           (response ? IKE_FLAG_RESPONSE : 0)),
        .message_id = message_id(sa, response, how),
    };

    ike_msg_begin(&msg, buf, sizeof buf, &h);
    ike_sk_open(&msg, &lens);
    put_chain(rd, &msg, how & 8);
    ike_sk_close(&msg, &lens, &frame);
    if (ike_msg_end(&msg, &bytes, NULL) < 0)
        return;
    memset(frame.iv, 0, lens.iv);
    put_be64(frame.iv, ++iv);
    CHECK(ike_sk_seal(&cipher, frame.aad, span_of(frame.iv, lens.iv), frame.text, frame.text_len,
                      frame.icv, NULL) == 0);
    two_inject(&two, me, bytes.p, bytes.len);
}

static void command(int me, uint8_t what)
{
    struct two_outcome *o = &outcomes[n_commands++];

    switch (what % 6) {
    case 0:
    case 1:
        two_rekey(&two, me, what % 2, o);
        return;
    case 2:
    case 3:
        two_terminate(&two, me, what % 2, false, o);
        return;
    case 4:
        *o = (struct two_outcome){ 0 };
        ike_shard_initiate(two.end[me].shard, two.clock.now, "gw", NULL, two_outcome_set, o);
        return;
    default:
        n_commands--;
        if (two_active(&two.end[me]))
            two_child_event(&two, me, (enum ike_child_event)(what / 6 % 4));
    }
}

static void check_bounds(int me)
{
    struct ike_stats s = two_stats(&two.end[me]);

    CHECK(s.ike_sas <= SAS_MAX);
    CHECK(s.half_open <= s.ike_sas + 1);
    CHECK(s.children <= SAS_MAX * CHILDREN_MAX);
    CHECK(two_live(&two.end[me]) >= s.children);
    CHECK(two.end[me].n_reserved <= SAS_MAX * CHILDREN_MAX);
}

static void step(struct rd *rd, int me)
{
    uint8_t op = take(rd);

    switch (op % 8) {
    default:
        deliver_sealed(rd, me);
        break;
    case 3: /* an allocation fails, now or a little later */
        mem_fail_nth(1 + op / 8);
        break;
    case 4: /* the honest peer goes on, too */
        for (unsigned n = op / 8; n > 0 && two_shards_step(&two); n--)
            ;
        break;
    case 5:
        command(me, take(rd));
        break;
    case 6:
        two_shards_advance(&two, (ns_time)(op / 8) * (op / 8) * 100 * NS_PER_MS);
        break;
    case 7: /* what is on the way is lost */
        while (two.n_packets)
            free(two.packets[--two.n_packets]);
        break;
    }
    check_bounds(me);
}

/* 0: the victim has answered IKE_SA_INIT, or awaits the answer to IKE_AUTH;
 * 1: established; 2: established with child_rekey and IKE rekey behind it. */
static void set_stage(int stage, int me, bool victim_begins)
{
    struct two_outcome o = { 0 };

    ike_shard_initiate(two.end[victim_begins ? me : !me].shard, two.clock.now, "gw", NULL, NULL,
                       NULL);
    if (stage == 0) {
        two_shards_step(&two);
        if (victim_begins)
            two_shards_step(&two);
        return;
    }
    two_shards_run(&two);
    for (int i = 0; stage == 2 && i < 2; i++) {
        two_rekey(&two, me, !i, &o);
        two_shards_run(&two);
    }
}

/* Whatever happened: a forced end leaves nothing behind. */
static void finish(void)
{
    const struct ike_target all = { .force = true };

    mem_fail_nth(0);
    for (int i = 0; i < 2; i++)
        ike_shard_terminate(two.end[i].shard, two.clock.now, &all, NULL, NULL);
    two_shards_advance(&two, 300 * NS_PER_S);
    for (int i = 0; i < 2; i++) {
        struct ike_stats s = two_stats(&two.end[i]);

        CHECK(s.ike_sas == 0 && s.half_open == 0 && s.children == 0);
        CHECK(two_live(&two.end[i]) == 0 && two.end[i].n_reserved == 0);
    }
    for (unsigned i = 0; i < n_commands; i++)
        CHECK(outcomes[i].n == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct ike_settings settings = {
        .half_open_max = 4, .ike_sa_max = SAS_MAX, .child_max = CHILDREN_MAX, .retransmit_tries = 3
    };
    struct rd rd;
    uint8_t how;
    int me;

    rd_init(&rd, data, len);
    how = take(&rd);
    me = how & 1;
    n_commands = 0;
    iv = 1ull << 40;
    two_shards_init_with(&two, 1, &settings);
    two.delay = how & 4;
    two_shards_put_both(&two, how & 8 ? "aes128-sha256-prfsha256-ecp256" : NULL,
                        how & 8 ? "aes128gcm16-ecp256-noesn" : NULL);
    set_stage((how >> 4) % 3, me, how & 2);
    for (unsigned n = 0; n < STEPS_MAX && rd_left(&rd); n++)
        step(&rd, me);
    finish();
    two_shards_fini(&two);
    return 0;
}
