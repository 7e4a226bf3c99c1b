/* KEYFILE.seq: the highest number that this key may have signed with. It is raised on the disk before anything is signed,
 * so that no crash, no second terminal and no repeated command ever signs two proposals with one number: that would be
 * equivocation, and the key would be suspended. */
#ifndef ROTA_TOOLS_SEQ_FILE_H
#define ROTA_TOOLS_SEQ_FILE_H

#include "crypto/status.h"

#include <stdint.h>

/* For a new key: nothing was signed. ROTA_EXISTS. */
ROTA_CHECKED struct rota_status rota_seq_create(const char *key_path);
/* The highest so far. ROTA_NOT_FOUND when there is no record. */
ROTA_CHECKED struct rota_status rota_seq_highest(uint64_t *out, const char *key_path);
/* Takes `count` fresh numbers, *out_first and the following, above both the record and `at_least`; durable on return.
 * Makes the record if there is none. */
ROTA_CHECKED struct rota_status rota_seq_reserve(uint64_t *out_first, const char *key_path, uint64_t at_least,
                                                 uint32_t count);

#endif
