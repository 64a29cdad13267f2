/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/daemon/keylog.h"

#include "utils/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_TEXT_LEN (2 * 128 + 1)
#define LINE_LEN 2048

struct keylog {
    int dir;
};

static int write_new(int dir, const char *name, const char *text, struct err *err)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    size_t len = strlen(text);
    int rc = 0;

    if (fd < 0)
        return err_errno(err, errno, "key log: %s", name);
    if (write(fd, text, len) != (ssize_t)len)
        rc = err_errno(err, errno, "key log: %s", name);
    close(fd);
    return rc;
}

static int open_dir(const char *path, int *ret, struct err *err)
{
    struct stat st;
    int dir;

    if (mkdir(path, 0700) && errno != EEXIST)
        return err_errno(err, errno, "key log: %s", path);
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (dir < 0 || fstat(dir, &st)) {
        int errnum = errno;

        if (dir >= 0)
            close(dir);
        return err_errno(err, errnum, "key log: %s", path);
    }
    if (st.st_uid != geteuid()) {
        close(dir);
        return err_set(err, ERR_PERM, "key log: %s belongs to user %u", path, st.st_uid);
    }
    if (st.st_mode & 077) {
        close(dir);
        return err_set(err, ERR_PERM, "key log: %s has mode %03o and lets others in; expected 700",
                       path, st.st_mode & 0777);
    }
    *ret = dir;
    return 0;
}

int keylog_open(const char *path, struct keylog **ret, struct err *err)
{
    struct keylog *log = mem_zalloc(sizeof *log);
    int rc;

    if (!log)
        return err_set(err, ERR_NOMEM, "no memory for the key log");
    rc = open_dir(path, &log->dir, err);
    if (rc) {
        mem_free(log);
        return rc;
    }
    rc = write_new(log->dir, "preferences", "esp.enable_encryption_decode: TRUE\n", err);
    if (rc) {
        keylog_close(log);
        return rc;
    }
    *ret = log;
    return 0;
}

void keylog_close(struct keylog *log)
{
    if (!log)
        return;
    close(log->dir);
    mem_free(log);
}

/* One line, appended in one write so that a reader never sees half of it. */
static void append(struct keylog *log, const char *table, char *line)
{
    int fd = openat(log->dir, table, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    size_t len = strlen(line);

    if (fd < 0 || write(fd, line, len) != (ssize_t)len)
        log_line(LOG_ERROR, "keylog", "%s: %s", table, strerror(errno));
    if (fd >= 0)
        close(fd);
    mem_wipe(line, len);
}

static const char *hex_of(struct span key, char buf[KEY_TEXT_LEN])
{
    buf[0] = '\0';
    if (key.len <= (KEY_TEXT_LEN - 1) / 2)
        hex_encode(buf, key.p, key.len);
    return buf;
}

/* Wireshark's names (epan/dissectors/packet-isakmp.c). */
static const char *ike_encr_text(const struct ike_transform *t, char *buf, size_t cap)
{
    if (t->id == IKE_ENCR_AES_CBC)
        snprintf(buf, cap, "AES-CBC-%u [RFC3602]", t->key_bits);
    else
        snprintf(buf, cap, "AES-GCM-%u with %u octet ICV [RFC5282]", t->key_bits,
                 t->id == IKE_ENCR_AES_GCM_8    ? 8
                 : t->id == IKE_ENCR_AES_GCM_12 ? 12
                                                : 16);
    return buf;
}

static const char *ike_integ_text(const struct ike_transform *t)
{
    switch (t->type ? t->id : IKE_INTEG_NONE) {
    case IKE_INTEG_HMAC_SHA2_256_128:
        return "HMAC_SHA2_256_128 [RFC4868]";
    case IKE_INTEG_HMAC_SHA2_384_192:
        return "HMAC_SHA2_384_192 [RFC4868]";
    case IKE_INTEG_HMAC_SHA2_512_256:
        return "HMAC_SHA2_512_256 [RFC4868]";
    default:
        return "NONE [RFC4306]";
    }
}

void keylog_ike(struct keylog *log, const struct ike_keylog *keys)
{
    char ei[KEY_TEXT_LEN], er[KEY_TEXT_LEN], ai[KEY_TEXT_LEN], ar[KEY_TEXT_LEN];
    char encr[64], line[LINE_LEN];

    snprintf(line, sizeof line, "%016" PRIx64 ",%016" PRIx64 ",%s,%s,\"%s\",%s,%s,\"%s\"\n",
             keys->spi_i, keys->spi_r, hex_of(keys->sk_ei, ei), hex_of(keys->sk_er, er),
             ike_encr_text(&keys->suite->encr, encr, sizeof encr), hex_of(keys->sk_ai, ai),
             hex_of(keys->sk_ar, ar), ike_integ_text(&keys->suite->integ));
    append(log, "ikev2_decryption_table", line);
    mem_wipe(ei, sizeof ei);
    mem_wipe(er, sizeof er);
    mem_wipe(ai, sizeof ai);
    mem_wipe(ar, sizeof ar);
}

static void log_direction(struct keylog *log, const struct ip_addr *from, const struct ip_addr *to,
                          uint32_t spi, const struct ike_child_keys *keys)
{
    char key[KEY_TEXT_LEN], src[IP_TEXT_LEN], dst[IP_TEXT_LEN], line[LINE_LEN];

    snprintf(line, sizeof line,
             "\"IPv%c\",\"%s\",\"%s\",\"0x%08" PRIx32
             "\",\"AES-GCM with 16 octet ICV [RFC4106]\",\"0x%s\",\"NULL\",\"\"\n",
             from->family == 6 ? '6' : '4', ip_addr_text(from, src), ip_addr_text(to, dst), spi,
             hex_of(span_of(keys->encr, keys->encr_len), key));
    append(log, "esp_sa", line);
    mem_wipe(key, sizeof key);
}

void keylog_child(struct keylog *log, const struct ike_child_install *child)
{
    const struct ip_addr *local = &child->path.local.addr;
    const struct ip_addr *remote = &child->path.remote.addr;

    log_direction(log, remote, local, child->spi_in, &child->key_in);
    log_direction(log, local, remote, child->spi_out, &child->key_out);
}
