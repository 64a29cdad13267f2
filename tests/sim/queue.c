/* SPDX-License-Identifier: Apache-2.0 */
/* queue: a binary heap of events, ordered by (time, birth). */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct sim_event *a, struct sim_event *b)
{
    struct sim_event t = *a;

    *a = *b;
    *b = t;
}

void sim_queue_push(struct sim_queue *q, struct sim_event event, struct span data)
{
    size_t i = q->n;

    if (q->n == q->cap) {
        q->cap = q->cap ? 2 * q->cap : 256;
        q->heap = realloc(q->heap, q->cap * sizeof *q->heap);
        if (!q->heap)
            abort();
    }
    event.order = q->born++;
    event.len = data.len;
    event.data = NULL;
    if (data.len) {
        event.data = malloc(data.len);
        if (!event.data)
            abort();
        memcpy(event.data, data.p, data.len);
    }
    q->heap[q->n++] = event;
    while (i && before(&q->heap[i], &q->heap[(i - 1) / 2])) {
        swap(&q->heap[i], &q->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

bool sim_queue_peek(const struct sim_queue *q, ns_time *ret_at)
{
    if (!q->n)
        return false;
    *ret_at = q->heap[0].at;
    return true;
}

struct sim_event sim_queue_pop(struct sim_queue *q)
{
    struct sim_event top = q->heap[0];
    size_t i = 0;

    q->heap[0] = q->heap[--q->n];
    for (;;) {
        size_t least = i;

        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < q->n; child++)
            if (before(&q->heap[child], &q->heap[least]))
                least = child;
        if (least == i)
            return top;
        swap(&q->heap[i], &q->heap[least]);
        i = least;
    }
}

void sim_queue_free(struct sim_queue *q)
{
    while (q->n)
        free(q->heap[--q->n].data);
    free(q->heap);
    *q = (struct sim_queue){ 0 };
}
