/* Opening a key file for a command: the passphrase is fetched, the role is checked, what goes wrong is said. */
#ifndef ROTA_TOOLS_KEY_OPEN_H
#define ROTA_TOOLS_KEY_OPEN_H

#include "node/tools/command.h"

/* 0, or the exit code after the complaint. The caller wipes *out with rota_secret_key_wipe. */
int rota_key_open(struct rota_secret_key *out, const struct rota_common *common, const char *path, enum rota_key_role role);
/* The path of the .pub file that belongs to a .key file, and the other way round. NAME without an ending gets one. False
 * when the path is too long. */
bool rota_key_path(char *out, size_t out_size, const char *path, const char *ending);

#endif
