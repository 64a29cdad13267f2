/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deadline: pairing heap: set O(1), take off O(log n) amortised, no memory.
 */
#include "ike/core/sm/deadline.h"

#include <stdbool.h>
#include <stddef.h>

static bool earlier(const struct sm_deadline *a, const struct sm_deadline *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

/* Both are roots (no next, no prev); NULL accepted. */
static struct sm_deadline *meld(struct sm_deadline *a, struct sm_deadline *b)
{
    struct sm_deadline *top, *sub;

    if (!a || !b)
        return a ? a : b;
    top = earlier(a, b) ? a : b;
    sub = top == a ? b : a;
    sub->prev = top;
    sub->next = top->child;
    if (top->child)
        top->child->prev = sub;
    top->child = sub;
    return top;
}

/* Melds a list of siblings, in pairs from the left, then from the right. */
static struct sm_deadline *meld_children(struct sm_deadline *first)
{
    struct sm_deadline *pairs = NULL; /* stack through next */
    struct sm_deadline *root = NULL;

    while (first) {
        struct sm_deadline *a = first;
        struct sm_deadline *b = a->next;
        struct sm_deadline *both;

        first = b ? b->next : NULL;
        a->next = a->prev = NULL;
        if (b)
            b->next = b->prev = NULL;
        both = meld(a, b);
        both->next = pairs;
        pairs = both;
    }
    while (pairs) {
        struct sm_deadline *rest = pairs->next;

        pairs->next = NULL;
        root = meld(root, pairs);
        pairs = rest;
    }
    return root;
}

void sm_deadline_clear(struct sm_deadlines *heap, struct sm_deadline *deadline)
{
    struct sm_deadline *sub;

    if (deadline->at == 0)
        return;
    sub = meld_children(deadline->child);
    if (heap->root == deadline) {
        heap->root = sub;
    } else {
        if (deadline->prev->child == deadline)
            deadline->prev->child = deadline->next;
        else
            deadline->prev->next = deadline->next;
        if (deadline->next)
            deadline->next->prev = deadline->prev;
        heap->root = meld(heap->root, sub);
    }
    deadline->child = deadline->next = deadline->prev = NULL;
    deadline->at = 0;
}

void sm_deadline_set(struct sm_deadlines *heap, struct sm_deadline *deadline, ns_time at)
{
    sm_deadline_clear(heap, deadline);
    if (at == 0)
        return;
    deadline->at = at;
    deadline->order = ++heap->order;
    heap->root = meld(heap->root, deadline);
}

struct sm_deadline *sm_deadline_pop(struct sm_deadlines *heap, ns_time now)
{
    struct sm_deadline *first = heap->root;

    if (!first || first->at > now)
        return NULL;
    sm_deadline_clear(heap, first);
    return first;
}

ns_time sm_deadline_first(const struct sm_deadlines *heap)
{
    return heap->root ? heap->root->at : 0;
}
