/* One directory is one node: a second one beside it would vote twice. */
#ifndef ROTA_NODE_LOCK_H
#define ROTA_NODE_LOCK_H

#include "node/config.h"

enum { ROTA_LOCK_PATH_MAX = ROTA_PATH_MAX + 8 };

/* Takes the lock of a node's directory, until the file is closed or the process ends; its path is for messages. -1 with
 * errno when not; EWOULDBLOCK: somebody else has it. */
int rota_node_lock(char out_path[ROTA_LOCK_PATH_MAX], const char *directory);

#endif
