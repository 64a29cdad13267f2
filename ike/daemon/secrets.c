/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/daemon/secrets.h"

#include "utils/base/list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRETS_MAX 4096
#define SECRET_MIN 16 /* bytes: below 128 bits a captured exchange can be guessed off line */
#define FILE_MAX (2 * KEYPROTO_SECRET_MAX + 4)

struct entry {
    struct list node;
    char name[KEYPROTO_NAME_MAX + 1];
    unsigned n_ids;
    struct ike_id ids[KEYPROTO_IDS_MAX];
    struct secret secret;
};

struct secret_set {
    struct list entries;
    unsigned n;
};

struct secret_set *secret_set_new(void)
{
    struct secret_set *set = mem_zalloc(sizeof *set);

    if (set)
        list_init(&set->entries);
    return set;
}

static void entry_free(struct entry *entry)
{
    list_remove(&entry->node);
    mem_free_secret(entry, sizeof *entry);
}

void secret_set_free(struct secret_set *set)
{
    if (!set)
        return;
    LIST_FOR_EACH(node, &set->entries)
    entry_free(CONTAINER_OF(node, struct entry, node));
    mem_free(set);
}

static void remove_named(struct secret_set *set, const char *name)
{
    LIST_FOR_EACH(node, &set->entries)
    {
        struct entry *entry = CONTAINER_OF(node, struct entry, node);

        if (strcmp(entry->name, name) == 0) {
            entry_free(entry);
            set->n--;
        }
    }
}

int secret_set_add(struct secret_set *set, const char *name, const struct ike_id *ids,
                   unsigned n_ids, struct span secret, struct err *err)
{
    struct entry *entry;

    if (secret.len < SECRET_MIN || secret.len > KEYPROTO_SECRET_MAX)
        return err_set(err, ERR_INVALID, "secret %s: %zu bytes; %d to %d are accepted", name,
                       secret.len, SECRET_MIN, KEYPROTO_SECRET_MAX);
    if (n_ids > KEYPROTO_IDS_MAX)
        return err_set(err, ERR_FULL, "secret %s: more than %d identities", name, KEYPROTO_IDS_MAX);
    entry = mem_zalloc(sizeof *entry);
    if (!entry)
        return err_set(err, ERR_NOMEM, "no memory for secret %s", name);
    remove_named(set, name);
    if (set->n >= SECRETS_MAX) { /* then none was replaced either */
        mem_free(entry);
        return err_set(err, ERR_FULL, "more than %d secrets", SECRETS_MAX);
    }
    snprintf(entry->name, sizeof entry->name, "%s", name);
    entry->n_ids = n_ids;
    if (n_ids)
        memcpy(entry->ids, ids, n_ids * sizeof *ids);
    secret_set(&entry->secret, secret.p, secret.len);
    list_add_tail(&set->entries, &entry->node);
    set->n++;
    return 0;
}

static bool names(const struct entry *entry, const struct ike_id *id)
{
    for (unsigned i = 0; i < entry->n_ids; i++)
        if (ike_id_eq(&entry->ids[i], id))
            return true;
    return false;
}

static int score(const struct entry *entry, const struct ike_id *local, const struct ike_id *remote)
{
    if (entry->n_ids == 0)
        return 1;
    if (names(entry, remote))
        return names(entry, local) ? 4 : 3;
    /* A secret that names another peer is that peer's: used for this one, it
     * would let the other claim this one's identity. */
    return entry->n_ids == 1 && names(entry, local) ? 2 : 0;
}

int secret_set_find(const struct secret_set *set, const struct ike_id *local,
                    const struct ike_id *remote, struct secret *ret)
{
    const struct entry *best = NULL;
    int best_score = 0;

    LIST_FOR_EACH(node, &((struct secret_set *)set)->entries)
    {
        const struct entry *entry = CONTAINER_OF(node, struct entry, node);
        int s = score(entry, local, remote);

        if (s > best_score) {
            best = entry;
            best_score = s;
        }
    }
    if (!best)
        return ERR_NOTFOUND;
    *ret = best->secret;
    return 0;
}

/* --- text forms --- */

static int base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool base64_decode(struct span text, struct secret *ret)
{
    uint32_t bits = 0;
    unsigned n_bits = 0;
    uint16_t len = 0;

    while (text.len && text.p[text.len - 1] == '=')
        text.len--;
    for (size_t i = 0; i < text.len; i++) {
        int v = base64_value(text.p[i]);

        if (v < 0 || len == KEYPROTO_SECRET_MAX)
            return false;
        bits = bits << 6 | (uint32_t)v;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            ret->p[len++] = (uint8_t)(bits >> n_bits);
        }
    }
    ret->len = len;
    return true;
}

static bool hex_text_decode(struct span text, struct secret *ret)
{
    char digits[2 * KEYPROTO_SECRET_MAX + 1];
    bool ok;

    if (text.len % 2 || text.len > 2 * KEYPROTO_SECRET_MAX)
        return false;
    memcpy(digits, text.p, text.len);
    digits[text.len] = '\0';
    ok = hex_decode(ret->p, text.len / 2, digits);
    mem_wipe(digits, sizeof digits);
    ret->len = (uint16_t)(text.len / 2);
    return ok;
}

int secret_decode(struct span text, struct secret *ret, struct err *err)
{
    struct span body = text.len >= 2 ? span_of(text.p + 2, text.len - 2) : text;
    bool ok = true;

    if (text.len >= 2 && memcmp(text.p, "0x", 2) == 0)
        ok = hex_text_decode(body, ret);
    else if (text.len >= 2 && memcmp(text.p, "0s", 2) == 0)
        ok = base64_decode(body, ret);
    else if (text.len > KEYPROTO_SECRET_MAX)
        ok = false;
    else
        secret_set(ret, text.p, text.len);
    if (!ok || ret->len < SECRET_MIN) {
        secret_wipe(ret);
        return err_set(err, ERR_INVALID,
                       "%d to %d bytes expected, or 0x… hexadecimal, or 0s… base64", SECRET_MIN,
                       KEYPROTO_SECRET_MAX);
    }
    return 0;
}

static int check_file(int fd, const char *path, struct err *err)
{
    struct stat st;

    if (fstat(fd, &st))
        return err_errno(err, errno, "%s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_PERM, "%s: not a regular file", path);
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return err_set(err, ERR_PERM, "%s: owned by user %u; root or user %u expected", path,
                       st.st_uid, geteuid());
    if (st.st_mode & 077)
        return err_set(err, ERR_PERM, "%s: mode %03o lets others in; expected 600 or 400", path,
                       st.st_mode & 0777);
    return 0;
}

int secret_file_read(const char *path, struct secret *ret, struct err *err)
{
    uint8_t text[FILE_MAX + 1];
    ssize_t n = 0;
    int fd, rc;

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return err_errno(err, errno, "%s", path);
    rc = check_file(fd, path, err);
    if (!rc && (n = read(fd, text, sizeof text)) < 0)
        rc = err_errno(err, errno, "%s", path);
    close(fd);
    if (rc)
        return rc;
    if (n > FILE_MAX) {
        mem_wipe(text, sizeof text);
        return err_set(err, ERR_INVALID, "%s: longer than %d bytes", path, FILE_MAX);
    }
    if (n && text[n - 1] == '\n')
        n--;
    rc = secret_decode(span_of(text, (size_t)n), ret, err);
    mem_wipe(text, sizeof text);
    return rc ? err_prefix(err, "%s", path) : 0;
}
