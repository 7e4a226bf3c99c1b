#include "node/tools/commands.h"

const struct rota_command *const rota_commands[] = {
    &rota_command_key_generate,   &rota_command_key_show,      &rota_command_genesis_new,
    &rota_command_genesis_show,   &rota_command_genesis_seal,  &rota_command_genesis_words,
    &rota_command_node_init,      &rota_command_node_status,   &rota_command_proposal_new,
    &rota_command_proposal_check, &rota_command_proposal_sign, &rota_command_proposal_show,
    &rota_command_submit,         &rota_command_import,        &rota_command_receipt_get,
    &rota_command_receipt_verify, &rota_command_show,          &rota_command_export,
    &rota_command_anomalies,      &rota_command_completion,    NULL,
};
