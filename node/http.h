/* The coordinators' and the operator's door: HTTP/1.1 on loopback by default (FORMATS §15). Peers never use it. */
#ifndef ROTA_NODE_HTTP_H
#define ROTA_NODE_HTTP_H

#include "node/node.h"

struct rota_http; /* opaque, heap */

/* Listens on config->http and serves from threads of its own; node and config are borrowed until close. With an empty
 * address *out is NULL and that is fine. ROTA_IO when the port is taken, ROTA_USAGE when the address makes no sense. */
ROTA_CHECKED struct rota_status rota_http_open(struct rota_http **out, struct rota_node *node,
                                               const struct rota_config *config);
/* The port that it listens on, also when the configuration said 0. */
uint16_t rota_http_port(const struct rota_http *http);
/* Ends every connection; answers under way are finished first. NULL is fine. */
void rota_http_close(struct rota_http *http);

#endif
