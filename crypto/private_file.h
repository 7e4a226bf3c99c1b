/* Small files that hold a secret: read only when nobody else may, written so that a crash leaves all or nothing. */
#ifndef ROTA_CRYPTO_PRIVATE_FILE_H
#define ROTA_CRYPTO_PRIVATE_FILE_H

#include "crypto/bytes.h"

/* The whole file into the caller's buffer. ROTA_NOT_FOUND, ROTA_PERMISSION when it is no plain file or group or others have
 * any right on it, ROTA_TOO_LARGE when it does not fit, ROTA_IO otherwise. The caller wipes the buffer. */
ROTA_CHECKED struct rota_status rota_private_file_read(uint8_t *out, size_t *out_len, size_t out_size, const char *path);

/* A new file of mode 0600, durable with its directory when this returns; ROTA_EXISTS when the name is taken, and then what
 * is there stays as it is. */
ROTA_CHECKED struct rota_status rota_private_file_create(const char *path, struct rota_view bytes);

#endif
