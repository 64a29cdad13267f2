/* SPDX-License-Identifier: Apache-2.0 */
/* helpers: one-line installs, reads and the clean-up between cases. */
#include <string.h>

#include "tests/conformance/conformance.h"
#include "tests/lib/sdk_opts.h"

#define CLEAN_MAX 4096

static void run(struct ioff_batch *batch)
{
    struct ioff_error error = { 0 };
    int code = ioff_batch_run(batch, &error);

    if (code)
        print_error("batch: %s\n", error.text);
    assert_int_equal(code, 0);
}

struct ioff_sa *conf_add_opts(struct conf *c, const struct ioff_sa_opts *opts)
{
    struct ioff_batch *batch = ioff_batch_new(c->device);
    struct ioff_error error = { 0 };
    struct ioff_sa *sa = NULL;

    if (ioff_batch_sa_add(batch, opts, &sa, &error))
        fail_msg("%s", error.text);
    run(batch);
    return sa;
}

struct ioff_sa *conf_add(struct conf *c, enum ioff_dir dir, uint32_t spi)
{
    struct ioff_sa_opts opts = opts_sa(dir, spi, 1);

    return conf_add_opts(c, &opts);
}

int conf_try(struct conf *c, const struct ioff_sa_opts *opts, struct ioff_error *error)
{
    struct ioff_batch *batch = ioff_batch_new(c->device);
    struct ioff_sa *sa = NULL;
    int code = ioff_batch_sa_add(batch, opts, &sa, error);

    if (!code)
        return ioff_batch_run(batch, error);
    ioff_batch_free(batch);
    return code;
}

struct ioff_rule *conf_rule_opts(struct conf *c, const struct ioff_rule_opts *opts,
                                 struct ioff_sa *sa)
{
    struct ioff_batch *batch = ioff_batch_new(c->device);
    struct ioff_error error = { 0 };
    struct ioff_rule *rule = NULL;

    if (ioff_batch_rule_add(batch, opts, sa, &rule, &error))
        fail_msg("%s", error.text);
    run(batch);
    return rule;
}

struct ioff_rule *conf_rule(struct conf *c, enum ioff_action action, uint32_t priority,
                            struct ioff_sa *sa)
{
    struct ioff_rule_opts opts = opts_rule(action, priority, 1);

    return conf_rule_opts(c, &opts, sa);
}

void conf_delete(struct conf *c, struct ioff_sa *sa)
{
    struct ioff_batch *batch = ioff_batch_new(c->device);

    assert_int_equal(ioff_batch_sa_delete(batch, sa), 0);
    run(batch);
}

void conf_delete_rule(struct conf *c, struct ioff_rule *rule)
{
    struct ioff_batch *batch = ioff_batch_new(c->device);

    assert_int_equal(ioff_batch_rule_delete(batch, rule), 0);
    run(batch);
}

void conf_move(struct conf *c, struct ioff_rule *rule, struct ioff_sa *sa)
{
    struct ioff_batch *batch = ioff_batch_new(c->device);

    assert_int_equal(ioff_batch_rule_move(batch, rule, sa), 0);
    run(batch);
}

struct ioff_sa_info conf_info(struct ioff_sa *sa)
{
    struct ioff_sa_info info = { .size = sizeof info };
    struct ioff_error error = { 0 };

    if (ioff_sa_get(sa, &info, &error))
        fail_msg("%s", error.text);
    return info;
}

struct find {
    uint64_t id;
    struct ioff_rule_info *ret;
    bool found;
};

static int match_rule(void *user, const struct ioff_rule_info *info)
{
    struct find *find = user;

    if (info->id != find->id)
        return 0;
    *find->ret = *info;
    find->found = true;
    return 0;
}

struct ioff_rule_info conf_rule_info(struct conf *c, const struct ioff_rule *rule)
{
    struct ioff_rule_info info = { 0 };
    struct find find = { .id = ioff_rule_id(rule), .ret = &info };

    assert_int_equal(ioff_rule_each(c->device, match_rule, &find, NULL), 0);
    assert_true(find.found);
    return info;
}

struct ids {
    uint64_t id[CLEAN_MAX];
    size_t n;
};

static int collect_sa(void *user, const struct ioff_sa_info *info)
{
    struct ids *ids = user;

    if (!strcmp(info->owner, CONF_OWNER) && ids->n < CLEAN_MAX)
        ids->id[ids->n++] = info->id;
    return 0;
}

static int collect_rule(void *user, const struct ioff_rule_info *info)
{
    struct ids *ids = user;

    if (!strcmp(info->owner, CONF_OWNER) && ids->n < CLEAN_MAX)
        ids->id[ids->n++] = info->id;
    return 0;
}

size_t conf_num_sas(struct conf *c)
{
    struct ids ids = { .n = 0 };

    assert_int_equal(ioff_sa_each(c->device, collect_sa, &ids, NULL), 0);
    return ids.n;
}

size_t conf_num_rules(struct conf *c)
{
    struct ids ids = { .n = 0 };

    assert_int_equal(ioff_rule_each(c->device, collect_rule, &ids, NULL), 0);
    return ids.n;
}

/* Runs in teardown, so it counts instead of asserting. */
size_t conf_clean(struct ioff_device *device)
{
    struct ids ids = { .n = 0 };
    size_t left = 0;

    ioff_rule_each(device, collect_rule, &ids, NULL);
    for (size_t i = 0; i < ids.n; i++) {
        struct ioff_batch *batch = ioff_batch_new(device);
        struct ioff_rule *rule = NULL;

        if (ioff_rule_adopt(device, ids.id[i], &rule, NULL) || ioff_batch_rule_delete(batch, rule))
            ioff_batch_free(batch), left++;
        else
            left += ioff_batch_run(batch, NULL) != 0;
    }
    ids.n = 0;
    ioff_sa_each(device, collect_sa, &ids, NULL);
    for (size_t i = 0; i < ids.n; i++) {
        struct ioff_batch *batch = ioff_batch_new(device);
        struct ioff_sa *sa = NULL;

        if (ioff_sa_adopt(device, ids.id[i], &sa, NULL) || ioff_batch_sa_delete(batch, sa))
            ioff_batch_free(batch), left++;
        else
            left += ioff_batch_run(batch, NULL) != 0;
    }
    return left;
}
