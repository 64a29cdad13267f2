/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sk_tap: see sk_tap.h.  Keys are looked up in the sender's own IKE SA.
 */
#include "tests/lib/sk_tap.h"

#include "ike/core/crypto/skcipher.h"
#include "ike/core/sm/send.h"
#include "ike/core/sm/state.h"
#include "tests/lib/cmocka.h"

#include <stdio.h>
#include <string.h>

static struct sm_sa *sender_sa(struct two_shards *two, int from, const struct ike_header *h)
{
    uint64_t spi = h->flags & IKE_FLAG_INITIATOR ? h->spi_i : h->spi_r;

    return sm_sa_by_spi(two->end[from].shard, spi);
}

void sk_open(struct two_shards *two, const struct two_packet *p, struct sk_message *ret)
{
    struct span message = span_of(ret->bytes, p->len);
    struct ike_sk_cipher cipher;
    struct ike_sk_lens lens;
    struct ike_sk sk;
    struct span inner;
    struct sm_sa *sa;

    memcpy(ret->bytes, p->bytes, p->len);
    assert_int_equal(ike_header_read(message, &ret->h, NULL), 0);
    assert_int_equal(
        ike_payloads_read(ret->h.next_payload, message, IKE_HEADER_LEN, &ret->pl, NULL), 0);
    ret->clear = ret->pl.n == 0 || ret->pl.p[ret->pl.n - 1].type != IKE_PL_SK;
    if (ret->clear)
        return;
    sa = sender_sa(two, p->from, &ret->h);
    assert_non_null(sa);
    assert_int_equal(sm_sa_cipher(sa, true, &cipher, &lens), 0);
    assert_int_equal(ike_sk_read(message, &ret->pl.p[ret->pl.n - 1], &lens, &sk, NULL), 0);
    assert_int_equal(ike_sk_unseal(&cipher, sk.aad, sk.iv, sk.text, sk.icv,
                                   ret->bytes + (sk.text.p - ret->bytes), NULL),
                     0);
    assert_int_equal(ike_sk_unpad(sk.text, &inner, NULL), 0);
    assert_int_equal(ike_payloads_read(sk.first, inner, 0, &ret->pl, NULL), 0);
}

/* Header `h`, inside SK what `write` makes of `was`. */
static void seal(struct sm_sa *sa, const struct ike_header *h, const struct ike_payloads *was,
                 sk_write_fn *write, void *user, struct two_packet *ret)
{
    struct ike_sk_frame frame = { 0 };
    struct ike_sk_cipher cipher;
    struct ike_sk_lens lens;
    struct ike_msg msg;
    struct span out;

    assert_int_equal(sm_sa_cipher(sa, true, &cipher, &lens), 0);
    ike_msg_begin(&msg, ret->bytes, sizeof ret->bytes, h);
    ike_sk_open(&msg, &lens);
    write(user, &msg, was);
    ike_sk_close(&msg, &lens, &frame);
    assert_int_equal(ike_msg_end(&msg, &out, NULL), 0);
    assert_int_equal(ike_sk_iv(&cipher, &sa->iv_counter, &sa->shard->ports.rng, frame.iv, NULL), 0);
    assert_int_equal(ike_sk_seal(&cipher, frame.aad, span_of(frame.iv, lens.iv), frame.text,
                                 frame.text_len, frame.icv, NULL),
                     0);
    ret->len = out.len;
}

void sk_rewrite(struct two_shards *two, struct two_packet *p, sk_write_fn *write, void *user)
{
    static struct sk_message was;
    struct ike_msg msg;
    struct span out;

    sk_open(two, p, &was);
    if (!was.clear) {
        seal(sender_sa(two, p->from, &was.h), &was.h, &was.pl, write, user, p);
        return;
    }
    ike_msg_begin(&msg, p->bytes, sizeof p->bytes, &was.h);
    write(user, &msg, &was.pl);
    assert_int_equal(ike_msg_end(&msg, &out, NULL), 0);
    p->len = out.len;
}

void sk_request(struct two_shards *two, int from, uint8_t exchange, sk_write_fn *write, void *user)
{
    static const struct ike_payloads none;
    static struct two_packet p;
    struct sm_sa *sa = sm_sa_by_id(two->end[from].shard, two_ike_id(&two->end[from]));
    struct ike_header h = { .version = IKE_VERSION_2, .exchange = exchange };

    assert_non_null(sa);
    h.spi_i = sa->spi_i;
    h.spi_r = sa->spi_r;
    h.flags = sa->initiator ? IKE_FLAG_INITIATOR : 0;
    h.message_id = sa->send_id++;
    p.from = from;
    seal(sa, &h, &none, write, user, &p);
    two_inject(two, !from, p.bytes, p.len);
}

void sk_copy(struct ike_msg *msg, const struct ike_payload *p)
{
    ike_msg_open(msg, p->type);
    wr_span(&msg->wr, p->body);
    ike_msg_close(msg);
}

void sk_copy_but(struct ike_msg *msg, const struct ike_payloads *was, uint8_t type)
{
    for (size_t i = 0; i < was->n; i++)
        if (was->p[i].type != type)
            sk_copy(msg, &was->p[i]);
}

static void copy_edited(const struct sk_change *c, struct ike_msg *msg, const struct ike_payload *p)
{
    static uint8_t body[IKE_MESSAGE_MAX];
    size_t len = c->cut ? c->cut : p->body.len;

    assert_true(c->at + c->n <= p->body.len && len <= p->body.len);
    memcpy(body, p->body.p, p->body.len);
    memcpy(body + c->at, c->bytes, c->n);
    ike_msg_open(msg, p->type);
    wr_span(&msg->wr, span_of(body, len));
    ike_msg_close(msg);
}

void sk_change_write(void *change, struct ike_msg *msg, const struct ike_payloads *was)
{
    const struct sk_change *c = change;
    bool edited = false;

    for (size_t i = 0; i < was->n; i++) {
        const struct ike_payload *p = &was->p[i];

        if (p->type == c->edit && !edited) {
            copy_edited(c, msg, p);
            edited = true;
        } else if (p->type != c->drop) {
            sk_copy(msg, p);
        }
    }
    assert_true(edited || !c->edit);
    if (c->notify)
        ike_notify_put(msg, c->notify, span_of(c->bytes, c->edit ? 0 : c->n));
    if (c->add) {
        ike_msg_open(msg, c->add);
        if (c->critical && !msg->wr.failed)
            msg->wr.start[msg->open_at + 1] = 0x80;
        ike_msg_close(msg);
    }
}

void sk_change_next(struct sk_tap *tap, int from, uint8_t exchange, bool response,
                    const struct sk_change *change)
{
    tap->rule = (struct sk_rule){ .from = from,
                                  .exchange = exchange,
                                  .response = response,
                                  .times = 1,
                                  .write = sk_change_write,
                                  .user = (void *)(uintptr_t)change };
}

static void add(char *text, const char *more)
{
    size_t at = strlen(text);

    assert_true(at + strlen(more) < SK_TAP_TEXT);
    snprintf(text + at, SK_TAP_TEXT - at, "%s", more);
}

static void add_payload(char *text, const struct ike_payload *p)
{
    struct ike_notify_payload n;
    struct ike_delete d;
    char part[80];

    if (p->type == IKE_PL_NOTIFY && ike_notify_read(p->body, &n, NULL) == 0)
        snprintf(part, sizeof part, " N(%s)", ike_notify_name(n.type));
    else if (p->type == IKE_PL_DELETE && ike_delete_read(p->body, &d, NULL) == 0)
        snprintf(part, sizeof part, d.proto == IKE_PROTO_IKE ? " D(IKE)" : " D(ESP)");
    else
        snprintf(part, sizeof part, " %s", ike_payload_name(p->type));
    add(text, part);
}

static void write_down(struct sk_tap *tap, const struct two_packet *p, bool lost)
{
    static const struct ike_payloads no_outer;
    static char dump[IKE_DUMP_LEN];
    struct sk_message *m = &tap->last[p->from];
    char line[80];

    sk_open(tap->two, p, m);
    tap->packet[p->from] = *p;
    tap->n[p->from]++;
    snprintf(line, sizeof line, "%c %s %s %u:", p->from ? 'B' : 'A',
             ike_exchange_name(m->h.exchange),
             m->h.flags & IKE_FLAG_RESPONSE ? "response" : "request", m->h.message_id);
    add(tap->ladder, line);
    for (size_t i = 0; i < m->pl.n; i++)
        add_payload(tap->ladder, &m->pl.p[i]);
    add(tap->ladder, lost ? " (lost)\n" : "\n");
    add(tap->dumps, ike_dump(&m->h, m->clear ? &m->pl : &no_outer, m->clear ? NULL : &m->pl, dump,
                             sizeof dump));
}

static bool fits(const struct sk_rule *rule, const struct two_packet *p)
{
    return rule->write && rule->from == p->from && rule->exchange == p->bytes[18] &&
           rule->response == !!(p->bytes[19] & IKE_FLAG_RESPONSE) &&
           (rule->times == 0 || rule->n < rule->times);
}

static bool pass(void *user, struct two_packet *p)
{
    struct sk_tap *tap = user;
    bool lost = tap->lose[p->from] > 0;

    if (lost)
        tap->lose[p->from]--;
    else if (fits(&tap->rule, p)) {
        tap->rule.n++;
        sk_rewrite(tap->two, p, tap->rule.write, tap->rule.user);
    }
    if (tap->record)
        write_down(tap, p, lost);
    return !lost;
}

void sk_tap_on(struct sk_tap *tap, struct two_shards *two)
{
    memset(tap, 0, sizeof *tap);
    tap->two = two;
    tap->record = true;
    two->filter = pass;
    two->filter_user = tap;
}

void sk_tap_clear(struct sk_tap *tap)
{
    sk_tap_on(tap, tap->two);
}

static void compare(const struct sk_tap *tap, const char *got, const char *want)
{
    if (strcmp(got, want) == 0)
        return;
    fprintf(stderr, "%s--- got ---\n%s--- wanted ---\n%s--- end ---\n", tap->ladder, got, want);
    fail_msg("other messages than expected");
}

void sk_ladder_is(const struct sk_tap *tap, const char *want)
{
    compare(tap, tap->ladder, want);
}

void sk_dumps_are(const struct sk_tap *tap, const char *want)
{
    compare(tap, tap->dumps, want);
}

bool sk_said(const struct sk_tap *tap, int end, uint16_t notify, struct ike_notify_payload *ret)
{
    return ike_notify_find(&tap->last[end].pl, notify, ret);
}
