/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal: what the SDK's files share, below the public headers and above
 * driver/core.
 *
 *   device.c     opens, owns the handle tables, asks the shim
 *   batch.c      collects ops, submits, settles handles
 *   sa.c         option structs to attributes; get, enumerate, adopt
 *   event.c      the shim's events to public ones
 *   placement.c  the ladder of places, with reasons
 *   handles.c    handles by device id
 *   convert.c    values between the two vocabularies
 *   options.c    size-led structs
 */
#ifndef SDK_INTERNAL_H
#define SDK_INTERNAL_H

#include <ipsec_offload/device.h>
#include <ipsec_offload/inline.h>
#include <ipsec_offload/sa.h>

#include "driver/core/provider.h"
#include "utils/base/list.h"

/* A handle's life.  The state that a device reports (larval, active, draining,
 * dead) is another matter: this one says what the caller may do with it. */
enum phase {
    PHASE_LARVAL,   /* in a batch that is not carried out yet; has no id */
    PHASE_LIVE,     /* in the device, and in the table by id */
    PHASE_DRAINING, /* its delete is in a batch; still in the table */
    PHASE_LOST,     /* went with its device; in the `lost` list until deleted */
};

struct handle {
    struct list lost;    /* node; linked in PHASE_LOST only */
    struct handle *next; /* in its hash bucket */
    struct ioff_device *device;
    struct ioff_batch *batch; /* larval or draining: by which batch */
    uint64_t id;
    size_t op; /* larval: position in the submitted batch */
    enum phase phase;
};

struct ioff_sa {
    struct handle h;
    enum ioff_offload requested;
    bool adopted; /* another process asked: `requested` is this device's */
    enum ioff_dir dir;
    uint32_t spi;
    uint64_t tunnel;
};

struct ioff_rule {
    struct handle h;
};

/* Handles by id: chained, grows by doubling, never fails to insert. */
struct handles {
    struct handle **buckets;
    size_t n_buckets; /* a power of two */
    size_t n;
};

struct ioff_device {
    struct nic_device *nic;
    enum ioff_offload offload; /* never DEFAULT */
    struct handles sas, rules;
    struct list lost_sas, lost_rules;
    struct list in_flight; /* batches submitted and not completed */
    ioff_event_fn *event_fn;
    void *event_user;
};

/* error.c */
int error_give(struct ioff_error *error, int code, const struct err *err);

/* handles.c */
int handles_init(struct handles *table);
void handles_fini(struct handles *table); /* the handles are not freed */
void handles_insert(struct handles *table, struct handle *handle);
void handles_remove(struct handles *table, struct handle *handle);
struct handle *handles_find(const struct handles *table, uint64_t id);
struct handle *handles_pop(struct handles *table); /* any one, or NULL */
/* Takes a handle out of wherever it is known and frees it. */
void handle_free(struct handles *table, struct handle *handle);

/* options.c: copies the part of a size-led struct that both sides know over
 * the defaults that stand in `dst`.  `what` names it in errors. */
int options_read(void *dst, size_t known, const void *src, const char *what, struct err *err);
/* Writes an answer into a caller's size-led struct: as much of it as it has. */
int options_write(void *dst, const void *src, size_t known, const char *what, struct err *err);

/* convert.c */
void text_copy(char *dst, const char *src, size_t len);
struct ioff_endpoint endpoint_to_public(const struct ip_endpoint *e);
struct ip_endpoint endpoint_from_public(const struct ioff_endpoint *e);
struct ioff_selector selector_to_public(const struct nic_selector *s);
struct nic_selector selector_from_public(const struct ioff_selector *s);
/* Everything but size and placement. */
void sa_info_to_public(const struct nic_sa_info *info, struct ioff_sa_info *ret);
void rule_info_to_public(const struct nic_rule_info *info, struct ioff_rule_info *ret);

/* placement.c */
enum placement_origin { PLACED_HERE, PLACED_BEFORE, PLACED_LOST };
/* What an SA asks for, with the device's default put in. */
enum ioff_offload placement_requested(const struct ioff_device *device, enum ioff_offload offload);
/* May this device take an SA that asks for `requested`? */
int placement_check(const struct ioff_device *device, enum ioff_offload requested, struct err *err);
void placement_fill(const struct ioff_device *device, enum ioff_offload requested,
                    enum placement_origin origin, struct ioff_placement *ret);

/* sa.c: option structs to validated attributes.  Key bytes are in *ret only. */
int sa_attr_from_opts(const struct ioff_device *device, const struct ioff_sa_opts *opts,
                      struct nic_sa_attr *ret, enum ioff_offload *ret_requested, struct err *err);
int rule_attr_from_opts(const struct ioff_device *device, const struct ioff_rule_opts *opts,
                        bool has_sa, struct nic_rule_attr *ret, struct err *err);

/* batch.c */
int batch_run(struct ioff_batch *batch, ns_time limit, struct ioff_error *error);
void batches_abort(struct ioff_device *device); /* completes all in flight, ERR_DEVICE */

/* event.c: a nic_device's event_fn; `user` is the struct ioff_device. */
void event_forward(void *user, const struct nic_event *event);

#endif
