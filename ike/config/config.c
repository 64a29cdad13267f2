/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/config/config.h"

#include <string.h>

#include "utils/base/mem.h"

void config_daemon_init(struct config_daemon *daemon)
{
    *daemon = (struct config_daemon){
        .control_socket = "/run/ipsec-offload/control.vici",
        .data_plane = "soft",
        .log_level = LOG_INFO,
        .retransmit_timeout = NS_PER_S,
        .retransmit_tries = 7,
    };
}

void config_free(struct ike_config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->n_conns; i++)
        ike_conn_unref(config->conns[i]);
    mem_free(config->conns);
    mem_free(config->secrets);
    mem_free(config);
}
