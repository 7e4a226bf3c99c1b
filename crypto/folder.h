/* A name that was given to a file is durable only when its folder is. For every layer that makes files. */
#ifndef ROTA_CRYPTO_FOLDER_H
#define ROTA_CRYPTO_FOLDER_H

#include "crypto/status.h"

/* Syncs the folder of this file, whether the file is there or not. ROTA_PERMISSION, ROTA_IO. */
ROTA_CHECKED struct rota_status rota_folder_sync(const char *path_of_file);

#endif
