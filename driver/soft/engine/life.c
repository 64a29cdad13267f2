/* SPDX-License-Identifier: Apache-2.0 */
/*
 * life: limits of an SA.  A hard limit lets not one packet through beyond it,
 * however many workers share the SA; the packet that reaches it ends the SA at
 * once, so that control hears of it before the next packet is lost.
 *
 * Outbound, packets are counted by the sequence number itself: a limit of n
 * packets is a last number n, beside the end of the sequence space, which never
 * wraps (RFC 4303 section 3.3.3; under GCM a second use of a number would be a
 * second use of an IV).
 */
#include "driver/soft/engine/internal.h"

/* True for the one caller who is first. */
static bool note(struct sa *sa, enum sa_note bit)
{
    if (atomic_load_explicit(&sa->noted, memory_order_relaxed) & bit)
        return false;
    return !(atomic_fetch_or_explicit(&sa->noted, bit, memory_order_relaxed) & bit);
}

static void soft(struct engine *e, struct sa *sa, enum sa_note bit, const char *cause)
{
    if (note(sa, bit))
        event_sa(e, sa, NIC_EVENT_SOFT_LIFETIME, cause);
}

static void end(struct engine *e, struct sa *sa, const char *cause)
{
    atomic_store_explicit(&sa->state, NIC_SA_DEAD, memory_order_relaxed);
    if (note(sa, NOTE_HARD))
        event_sa(e, sa, NIC_EVENT_HARD_LIFETIME, cause);
}

bool life_is_on(struct engine *e, struct sa *sa, ns_time now)
{
    if (sa_is_dead(sa))
        return false;
    if (now < sa->hard_at)
        return true;
    end(e, sa, "time");
    return false;
}

/* How many of the packets, from the first, the byte limits let through. */
static size_t take_bytes(struct engine *e, struct sa *sa, const uint32_t *lens, size_t n)
{
    uint64_t limit = sa->life.hard_bytes ? sa->life.hard_bytes : UINT64_MAX;
    uint64_t used = atomic_load_explicit(&sa->bytes, memory_order_relaxed);
    uint64_t next;
    size_t k;

    do {
        next = used;
        for (k = 0; k < n && next <= limit && lens[k] <= limit - next; k++)
            next += lens[k];
    } while (!atomic_compare_exchange_weak_explicit(&sa->bytes, &used, next, memory_order_relaxed,
                                                    memory_order_relaxed));
    if (sa->life.soft_bytes && next >= sa->life.soft_bytes)
        soft(e, sa, NOTE_SOFT_BYTES, "bytes");
    if (k < n || next == limit)
        end(e, sa, "bytes");
    return k;
}

static size_t take_numbers(struct engine *e, struct sa *sa, size_t n, uint64_t *ret_first)
{
    uint64_t last = atomic_load_explicit(&sa->seq, memory_order_relaxed);
    size_t k;

    do {
        uint64_t left = last < sa->seq_max ? sa->seq_max - last : 0;

        k = n < left ? n : (size_t)left;
        if (k == 0)
            return 0;
    } while (!atomic_compare_exchange_weak_explicit(&sa->seq, &last, last + k, memory_order_relaxed,
                                                    memory_order_relaxed));
    *ret_first = last + 1;
    last += k;
    if (last >= sa->seq_note) {
        if (sa->life.soft_packets && last >= sa->life.soft_packets)
            soft(e, sa, NOTE_SOFT_PACKETS, "packets");
        life_note_seq(e, sa, last);
    }
    if (last == sa->seq_max)
        end(e, sa, last == sa->life.hard_packets ? "packets" : "sequence");
    return k;
}

size_t life_take(struct engine *e, struct sa *sa, const uint32_t *lens, size_t n, ns_time now,
                 uint64_t *ret_first)
{
    if (!life_is_on(e, sa, now))
        return 0;
    if (sa->life.hard_bytes | sa->life.soft_bytes)
        n = take_bytes(e, sa, lens, n);
    return n ? take_numbers(e, sa, n, ret_first) : 0;
}

static bool admit_packet(struct engine *e, struct sa *sa)
{
    uint64_t limit = sa->life.hard_packets ? sa->life.hard_packets : UINT64_MAX;
    uint64_t n = atomic_load_explicit(&sa->packets, memory_order_relaxed);

    do {
        if (n >= limit)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&sa->packets, &n, n + 1, memory_order_relaxed,
                                                    memory_order_relaxed));
    if (sa->life.soft_packets && n + 1 >= sa->life.soft_packets)
        soft(e, sa, NOTE_SOFT_PACKETS, "packets");
    if (n + 1 == limit)
        end(e, sa, "packets");
    return true;
}

bool life_admit(struct engine *e, struct sa *sa, uint32_t len)
{
    if (sa_is_dead(sa))
        return false; /* an earlier packet of this burst was the last */
    if ((sa->life.hard_bytes | sa->life.soft_bytes) && take_bytes(e, sa, &len, 1) == 0)
        return false;
    return !(sa->life.hard_packets | sa->life.soft_packets) || admit_packet(e, sa);
}

void life_note_seq(struct engine *e, struct sa *sa, uint64_t seq)
{
    if (seq >= sa->high_water && note(sa, NOTE_HIGH_WATER))
        event_sa(e, sa, NIC_EVENT_SEQ_HIGH_WATER, NULL);
    if (sa->in && note(sa, NOTE_FIRST))
        event_sa(e, sa, NIC_EVENT_FIRST_PACKET, NULL);
}

static ns_time soft_at(const struct sa *sa)
{
    ns_time t = sa->life.soft_time;

    return t && t < UINT64_MAX - sa->born ? sa->born + t : UINT64_MAX;
}

ns_time life_deadline(const struct sa *sa)
{
    uint32_t noted = atomic_load_explicit(&sa->noted, memory_order_relaxed);

    if (sa_is_dead(sa))
        return UINT64_MAX;
    if (!(noted & NOTE_SOFT_TIME) && soft_at(sa) < sa->hard_at)
        return soft_at(sa);
    return sa->hard_at;
}

/* Walks the SAs only when the earliest deadline has come. */
void life_tick(struct engine *e, ns_time now)
{
    if (now < e->next_deadline)
        return;
    e->next_deadline = UINT64_MAX;
    LIST_FOR_EACH(at, &e->sas)
    {
        struct sa *sa = CONTAINER_OF(at, struct sa, node);
        ns_time next;

        if (!sa_is_dead(sa) && now >= soft_at(sa))
            soft(e, sa, NOTE_SOFT_TIME, "time");
        life_is_on(e, sa, now);
        next = life_deadline(sa);
        if (next < e->next_deadline)
            e->next_deadline = next;
    }
}
