/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulate: many schedules.
 *
 *   simulate [-n SCHEDULES] [-s FIRST_SEED] [-f FAILURES] [-t FILE] [-r] [-c]
 *
 * -t writes the transcript of the (last) run, -r runs every seed twice and
 * compares the transcripts byte for byte, -f ends after so many failed seeds [20],
 * -c prints how often each row of the core's table was taken and fails if one was
 * not.  The first violation of each failed seed is printed with the command that
 * repeats it.
 */
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    uint64_t n, first, failures;
    const char *transcript;
    bool repeat, coverage;
};

static void parse(int argc, char **argv, struct options *opts)
{
    int c;

    *opts = (struct options){ .n = 1000, .first = 1, .failures = 20 };
    while ((c = getopt(argc, argv, "n:s:f:t:rc")) != -1) {
        switch (c) {
        case 'n':
            opts->n = strtoull(optarg, NULL, 0);
            break;
        case 's':
            opts->first = strtoull(optarg, NULL, 0);
            break;
        case 'f':
            opts->failures = strtoull(optarg, NULL, 0);
            break;
        case 't':
            opts->transcript = optarg;
            break;
        case 'r':
            opts->repeat = true;
            break;
        case 'c':
            opts->coverage = true;
            break;
        default:
            fprintf(stderr, "usage: simulate [-n SCHEDULES] [-s FIRST_SEED] [-f FAILURES] [-t "
                            "FILE] [-r] [-c]\n");
            exit(2);
        }
    }
}

static bool run_once(struct sim *sim, uint64_t seed, char **ret_text, size_t *ret_len)
{
    bool fine;

    if (ret_text)
        sim->transcript = open_memstream(ret_text, ret_len);
    fine = sim_run(sim, seed);
    if (ret_text)
        fclose(sim->transcript);
    sim->transcript = NULL;
    return fine;
}

static bool run_seed(struct sim *sim, uint64_t seed, const struct options *opts)
{
    char *one = NULL, *two = NULL;
    size_t len_one = 0, len_two = 0;
    bool keep = opts->transcript || opts->repeat;
    bool fine = run_once(sim, seed, keep ? &one : NULL, &len_one);

    if (fine && opts->repeat) {
        fine = run_once(sim, seed, &two, &len_two);
        if (fine && (len_one != len_two || memcmp(one, two, len_one))) {
            snprintf(sim->violation, sizeof sim->violation,
                     "the same seed gave another transcript");
            fine = false;
        }
    }
    if (opts->transcript) {
        FILE *f = fopen(opts->transcript, "w");

        if (f) {
            fwrite(one, 1, len_one, f);
            fclose(f);
        }
    }
    free(one);
    free(two);
    return fine;
}

int main(int argc, char **argv)
{
    static struct sim sim;
    struct options opts;
    uint64_t failed = 0;

    parse(argc, argv, &opts);
    for (uint64_t seed = opts.first; seed < opts.first + opts.n; seed++) {
        if (run_seed(&sim, seed, &opts))
            continue;
        failed++;
        printf("seed %" PRIu64 ": %s\n  repeat: simulate -n 1 -s %" PRIu64 " -t transcript.txt\n",
               seed, sim.violation, seed);
        if (failed == opts.failures) {
            opts.n = seed - opts.first + 1;
            break;
        }
    }
    printf("%" PRIu64 " operations (%" PRIu64 " crossing), %" PRIu64 " crashes, %" PRIu64
           " steps, %" PRIu64 " datagrams (%" PRIu64 " lost, %" PRIu64 " doubled)\n",
           sim.counts.operations, sim.counts.crossings, sim.counts.crashes, sim.counts.steps,
           sim.counts.datagrams, sim.counts.lost, sim.counts.duplicated);
    printf("IKE SAs up %" PRIu64 ", rekeyed %" PRIu64 "; Child SAs up %" PRIu64 ", rekeyed %" PRIu64
           "; ESP sent %" PRIu64 ", delivered %" PRIu64 ", late %" PRIu64 "\n",
           sim.counts.ike_up, sim.counts.ike_rekeys, sim.counts.child_up, sim.counts.child_rekeys,
           sim.counts.esp_sent, sim.counts.esp_delivered, sim.counts.esp_late);
    printf("orphans accepted %" PRIu64 ", suspended %" PRIu64 ", NAT rebindings %" PRIu64 "\n",
           sim.counts.esp_orphan, sim.counts.naps, sim.counts.rebindings);
    if (opts.coverage) {
        sim_coverage_print(stdout);
        if (!sim_coverage_complete(stdout))
            failed++;
    }
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", opts.n + opts.coverage - failed, failed);
    return failed ? 1 : 0;
}
