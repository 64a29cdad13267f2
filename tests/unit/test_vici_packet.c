/* SPDX-License-Identifier: Apache-2.0 */
/* test_vici_packet: packet bytes, and the decoder over every split of a stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ike/vici/vici_packet.h"
#include "utils/base/mem.h"

/* Two packets as they stand on the wire: list-sas {ike=gw}, then CMD_UNKNOWN. */
static const uint8_t stream[] = {
    0, 0, 0,   19,  0,   8, 'l', 'i', 's', 't', '-', 's', 'a', 's',
    3, 3, 'i', 'k', 'e', 0, 2,   'g', 'w', 0,   0,   0,   1,   2,
};

static void a_request_is_written_byte_for_byte(void **state)
{
    struct vici_writer w;
    struct span out;

    (void)state;
    vici_packet_begin(&w, VICI_CMD_REQUEST, "list-sas");
    vici_text(&w, "ike", "gw");
    assert_int_equal(vici_packet_end(&w, &out, NULL), 0);
    assert_int_equal(out.len, 23);
    assert_memory_equal(out.p, stream, 23);
    vici_writer_fini(&w);
    vici_packet_begin(&w, VICI_CMD_UNKNOWN, NULL);
    assert_int_equal(vici_packet_end(&w, &out, NULL), 0);
    assert_int_equal(out.len, 5);
    assert_memory_equal(out.p, stream + 23, 5);
    vici_writer_fini(&w);
}

static void check_first(const struct vici_packet *p)
{
    char text[8];

    assert_int_equal(p->type, VICI_CMD_REQUEST);
    assert_true(vici_span_is(p->name, "list-sas"));
    assert_string_equal(vici_find_text(p->message, "ike", text, sizeof text), "gw");
}

static void two_packets_are_found_however_the_stream_is_cut(void **state)
{
    (void)state;
    for (size_t cut = 0; cut <= sizeof stream; cut++) {
        struct vici_decoder d = { 0 };
        struct vici_packet p;
        int seen = 0;

        for (int part = 0; part < 2; part++) {
            size_t from = part ? cut : 0, to = part ? sizeof stream : cut;
            struct span in = span_of(stream + from, to - from);

            while (vici_decoder_push(&d, &in, &p, NULL) == 1) {
                if (seen++ == 0)
                    check_first(&p);
                else
                    assert_int_equal(p.type, VICI_CMD_UNKNOWN);
            }
            assert_int_equal(in.len, 0);
        }
        assert_int_equal(seen, 2);
        vici_decoder_fini(&d);
    }
}

static void a_byte_at_a_time_gives_the_same_packets(void **state)
{
    struct vici_decoder d = { 0 };
    struct vici_packet p;
    int seen = 0;

    (void)state;
    for (size_t i = 0; i < sizeof stream; i++) {
        struct span in = span_of(stream + i, 1);

        if (vici_decoder_push(&d, &in, &p, NULL) == 1 && seen++ == 0)
            check_first(&p);
    }
    assert_int_equal(seen, 2);
    vici_decoder_fini(&d);
}

static void a_length_of_0_or_over_512_kib_is_refused_before_memory_is_taken(void **state)
{
    static const uint8_t bad[][4] = { { 0, 0, 0, 0 }, { 0, 8, 0, 1 }, { 255, 255, 255, 255 } };
    struct err err;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct vici_decoder d = { 0 };
        struct span in = span_of(bad[i], 4);
        struct vici_packet p;

        assert_int_equal(vici_decoder_push(&d, &in, &p, &err), ERR_MALFORMED);
        assert_non_null(strstr(err.text, "packet length"));
        vici_decoder_fini(&d);
    }
}

static void an_announced_length_takes_no_memory_until_the_bytes_come(void **state)
{
    struct vici_decoder d = { 0 };
    struct span in = span_of("\x00\x08\x00\x00"
                             "\x01",
                             5); /* 512 KiB announced */
    struct vici_packet p;

    (void)state;
    assert_int_equal(vici_decoder_push(&d, &in, &p, NULL), 0);
    assert_true(d.cap <= 512);
    vici_decoder_fini(&d);
}

static void malformed_packets_are_refused_by_field(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *text;
    } bad[] = {
        { "", 0, "packet is empty, expected a type" },
        { "\x08", 1, "packet type 8 is unknown" },
        { "\x00", 1, "packet name is cut short" },
        { "\x03\x05list", 6, "packet name is cut short" },
        { "\x07\x00", 2, "packet name is empty" },
        { "\x01\x02", 2, "message byte 0, top level: section end without a section" },
    };
    struct vici_packet p;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(vici_packet_parse(span_of(bad[i].bytes, bad[i].len), &p, &err),
                         ERR_MALFORMED);
        assert_string_equal(err.text, bad[i].text);
    }
}

static void a_packet_that_carried_a_secret_is_wiped_when_the_next_comes(void **state)
{
    struct vici_decoder d = { 0 };
    struct vici_writer w;
    struct vici_packet p;
    struct span out, none = { 0 };

    (void)state;
    vici_packet_begin(&w, VICI_CMD_REQUEST, "load-shared");
    vici_text(&w, "data", "s3cret");
    assert_int_equal(vici_packet_end(&w, &out, NULL), 0);
    assert_int_equal(vici_decoder_push(&d, &out, &p, NULL), 1);
    assert_non_null(memmem(d.buf, d.cap, "s3cret", 6));
    assert_int_equal(vici_decoder_push(&d, &none, &p, NULL), 0);
    assert_null(memmem(d.buf, d.cap, "s3cret", 6));
    vici_decoder_fini(&d);
    vici_writer_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_written_byte_for_byte),
        cmocka_unit_test(two_packets_are_found_however_the_stream_is_cut),
        cmocka_unit_test(a_byte_at_a_time_gives_the_same_packets),
        cmocka_unit_test(a_length_of_0_or_over_512_kib_is_refused_before_memory_is_taken),
        cmocka_unit_test(an_announced_length_takes_no_memory_until_the_bytes_come),
        cmocka_unit_test(malformed_packets_are_refused_by_field),
        cmocka_unit_test(a_packet_that_carried_a_secret_is_wiped_when_the_next_comes),
    };
    return cmocka_run_group_tests_name("vici_packet", tests, NULL, NULL);
}
