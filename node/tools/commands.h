/* Every command there is, one file each or one for a noun; commands.c puts them in order. */
#ifndef ROTA_TOOLS_COMMANDS_H
#define ROTA_TOOLS_COMMANDS_H

#include "node/tools/command.h"

extern const struct rota_command rota_command_key_generate, rota_command_key_show;
extern const struct rota_command rota_command_genesis_new, rota_command_genesis_show, rota_command_genesis_seal,
    rota_command_genesis_words;
extern const struct rota_command rota_command_node_init, rota_command_node_status, rota_command_node_recover;
extern const struct rota_command rota_command_membership_show, rota_command_membership_draft,
    rota_command_membership_approve, rota_command_membership_submit, rota_command_membership_assemble;
extern const struct rota_command rota_command_proposal_new, rota_command_proposal_check, rota_command_proposal_sign,
    rota_command_proposal_show;
extern const struct rota_command rota_command_submit, rota_command_import;
extern const struct rota_command rota_command_receipt_get, rota_command_receipt_verify;
extern const struct rota_command rota_command_show, rota_command_export, rota_command_anomalies;
extern const struct rota_command rota_command_evidence_list, rota_command_evidence_export, rota_command_evidence_verify,
    rota_command_forensics;
extern const struct rota_command rota_command_completion;

#endif
