/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: the anti-replay window of one inbound SA (RFC 4303 section 3.4.3) and
 * the reconstruction of extended sequence numbers (appendix A2), for several
 * workers at once and without a lock.
 *
 * The window is a ring of words; a word carries 32 sequence numbers and the lap
 * of the ring they belong to:
 *
 *      63            32 31             0
 *     +----------------+----------------+
 *     |      lap       |  seen, bit/seq |
 *     +----------------+----------------+
 *
 * So moving the window clears nothing: the first number of a new lap replaces
 * the word.  One compare-and-swap decides a number's fate, which is why no
 * number is ever accepted twice, however workers interleave.  The ring has one
 * word more than the window needs, so numbers inside the window never meet on
 * a word.
 *
 * Only the low 32 bits of the lap are kept: a word that no packet touched for
 * exactly 2^32 laps (2^38 packets at least) would make its numbers look seen.
 * That fails closed.
 */
#ifndef ENGINE_REPLAY_H
#define ENGINE_REPLAY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct replay {
    uint32_t window; /* numbers; 0 = no check, only the top is kept */
    uint32_t mask;   /* words - 1 */
    uint32_t lap_shift;
    bool esn;
    _Atomic uint64_t *words;
    _Atomic uint64_t top; /* highest number accepted */
};

enum replay_result { REPLAY_REFUSED, REPLAY_ACCEPTED, REPLAY_HIGHEST };

/* Words that replay_init() needs for this window. */
size_t replay_words(uint32_t window);
/* `words`: replay_words() zeroed words that live as long as *r. */
void replay_init(struct replay *r, uint32_t window, bool esn, _Atomic uint64_t *words);

/* Takes the 32 bits of the wire to the full number; false: no number that this
 * SA could still accept. */
bool replay_number(const struct replay *r, uint32_t low, uint64_t *ret);
/* Before the ICV is verified: may this number still be new?  Changes nothing. */
bool replay_check(const struct replay *r, uint64_t seq);
/* After the ICV is verified: takes the number, unless somebody else has it. */
enum replay_result replay_accept(struct replay *r, uint64_t seq);

#endif
