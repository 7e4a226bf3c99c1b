/* What the two files of the receipt share: its small parts as JSON, out and in. */
#ifndef ROTA_LEDGER_RECEIPT_PRIVATE_H
#define ROTA_LEDGER_RECEIPT_PRIVATE_H

#include "ledger/receipt.h"

#include <jansson.h>

json_t *rota_receipt_hex_json(struct rota_view bytes);
json_t *rota_receipt_path_json(const struct rota_tree_path *path);
json_t *rota_receipt_header_json(const struct rota_header *header);
json_t *rota_receipt_certificate_json(const struct rota_certificate *certificate);
ROTA_CHECKED struct rota_status rota_receipt_read_path(struct rota_tree_path *out, const json_t *root, const char *name);
ROTA_CHECKED struct rota_status rota_receipt_read_header(struct rota_header *out, const json_t *text);
ROTA_CHECKED struct rota_status rota_receipt_read_certificate(struct rota_certificate *out, const json_t *root);
/* A hex member of any length up to `max` bytes; *out is malloc'd, also when something is wrong with it later. */
ROTA_CHECKED struct rota_status rota_receipt_read_blob(uint8_t **out, size_t *out_len, const json_t *root, const char *name,
                                                       size_t max);

/* receipt_epochs.c */
json_t *rota_receipt_epochs_json(const struct rota_receipt *receipt);
ROTA_CHECKED struct rota_status rota_receipt_read_epochs(struct rota_receipt *out, const json_t *root);
/* Walks from the genesis to the epoch of the receipt's block. */
ROTA_CHECKED struct rota_status rota_receipt_epochs_verify(struct rota_epoch *out, const struct rota_receipt *receipt,
                                                           const struct rota_genesis *genesis);

#endif
