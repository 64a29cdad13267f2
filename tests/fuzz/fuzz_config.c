/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: configuration files.  All or nothing: what parses holds valid
 * connections; what does not says where and why, in order of lines.
 */
#include <string.h>

#include "ike/config/config.h"

#define CHECK(what)                                                                                \
    do {                                                                                           \
        if (!(what))                                                                               \
            __builtin_trap();                                                                      \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ike_config *config = NULL;
    static struct config_faults faults;
    int rc = config_parse("fuzz.conf", span_of(data, len), &config, &faults);

    if (rc) {
        CHECK(!config && faults.n >= 1);
        for (size_t i = 0; i < faults.n; i++) {
            CHECK(strncmp(faults.faults[i].text, "fuzz.conf:", 10) == 0);
            CHECK(i == 0 || faults.faults[i - 1].line <= faults.faults[i].line);
        }
        return 0;
    }
    CHECK(config && faults.n == 0);
    for (size_t i = 0; i < config->n_conns; i++)
        CHECK(ike_conn_validate(config->conns[i], NULL) == 0);
    for (size_t i = 0; i < config->n_secrets; i++)
        CHECK(config->secrets[i].file[0] == '/' && config->secrets[i].n_ids > 0);
    config_free(config);
    return 0;
}
