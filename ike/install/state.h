/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state: what the files of this room share.  Not for others.
 */
#ifndef IKE_INSTALL_STATE_H
#define IKE_INSTALL_STATE_H

#include "ike/install/install.h"
#include "utils/base/list.h"

#include <ipsec_offload/sa.h>

#define LABEL_LEN IOFF_LABEL_LEN
#define SELECTORS_MAX IOFF_SELECTORS_MAX

/* One Child SA as it stands in the device.  Handles are NULL until the batch is
 * done and after the device was lost. */
struct install_child {
    struct list node;
    uint64_t id; /* the core's; 0 = adopted from an earlier run */
    char label[LABEL_LEN];
    struct ioff_sa *sa_in, *sa_out;
    uint64_t sa_in_id, sa_out_id;
    uint32_t spi_in, spi_out;
    bool esn;
    bool standby;     /* traffic still is on the older SA */
    bool removed;     /* the core has let go while a batch was under way */
    bool lost;        /* was installed when the device went away */
    unsigned batches; /* under way that hold a pointer to this child */
    uint32_t generation;
    ns_time drop_at; /* when to remove it: adopted, or a removal to be tried again; 0 = not */
    size_t n_selectors;
    struct ioff_selector selectors[SELECTORS_MAX];
};

/* One outbound rule in the device. */
struct install_rule {
    struct list node;
    char label[LABEL_LEN];
    struct ioff_selector selector;
    struct ioff_rule *handle;
    uint64_t rule_id;
    /* Whose outbound SA it points at, from the moment a batch says so: the core
     * may let go of the child before as soon as it has switched.  NULL = none. */
    struct install_child *owner;
    struct install_child *before; /* owner again if the batch under way fails */
};

struct install {
    struct install_opts opts;
    struct ioff_device *device;
    char *spec; /* owned; opts.device */
    bool up;
    bool closing; /* events are held back */
    ns_time now;  /* of the running call */
    struct list children;
    struct list rules;
};

/* install.c */
struct install_child *install_child_find(struct install *in, uint64_t id);
struct install_child *install_child_by_sa(struct install *in, uint64_t sa_id);
void install_child_free(struct install *in, struct install_child *child);
/* Takes both SAs and the rules that still point at them out of the device. */
void install_child_drop(struct install *in, struct install_child *child);

/* rules.c */
struct install_rule *install_rule_find(struct install *in, const char *label,
                                       const struct ioff_selector *sel);
/* Adds to `batch` what points the child's selectors at its outbound SA. The
 * rules created for it are put on the list with a NULL handle that the batch
 * fills; install_rules_settle() ends that after the batch. */
int install_rules_point(struct install *in, struct ioff_batch *batch, struct install_child *child,
                        struct err *err);
void install_rules_settle(struct install *in, struct install_child *child, bool ok);
/* Adds to `batch` what deletes the child's rules; changes nothing here. */
int install_rules_delete(struct install *in, struct ioff_batch *batch,
                         const struct install_child *child);
void install_rules_drop(struct install *in, const struct install_child *child); /* the records */
void install_rules_forget(struct install *in); /* the device is gone */

/* device.c */
void install_on_event(void *user, const struct ioff_event *event);
int install_adopt(struct install *in, struct err *err);
void install_orphans_replaced(struct install *in, const struct install_child *by);
void install_orphans_expire(struct install *in);

/* convert.c */
struct ioff_endpoint install_endpoint(const struct ip_endpoint *e);
struct ip_endpoint install_ip_endpoint(const struct ioff_endpoint *e);
/* "conn/child"; ERR_INVALID if it does not fit: a label cut short would be
 * another connection's. */
int install_label(const char *conn, const char *child, char ret[LABEL_LEN], struct err *err);
bool install_selector_eq(const struct ioff_selector *a, const struct ioff_selector *b);
/* Every pair of a local and a remote selector; ERR_FULL beyond the maximum. */
int install_selectors(const struct ike_ts_list *local, const struct ike_ts_list *remote,
                      struct ioff_selector *ret, size_t cap, size_t *ret_n, struct err *err);
/* `opts` borrows the key from `child` and selectors from `rec`. */
int install_sa_opts(const struct ike_child_install *child, const struct install_child *rec,
                    bool inbound, struct ioff_sa_opts *ret, struct err *err);
void install_err(struct err *err, const struct ioff_error *from);

#endif
