/* Groups of options that several commands share. */
#ifndef ROTA_TOOLS_OPTIONS_H
#define ROTA_TOOLS_OPTIONS_H

#include "node/tools/command.h"

struct rota_option_group {
    const struct argp *argp;
    const char *title;
    unsigned use; /* one of enum rota_uses; 0: every command */
};

/* A NULL argp ends the list. */
extern const struct rota_option_group rota_option_groups[];

#define ROTA_NODE_DEFAULT "http://127.0.0.1:8101"

/* Before parsing, and after it: what nobody said. */
void rota_common_defaults(struct rota_common *common, const struct rota_command *command);
void rota_common_complete(struct rota_common *common);

#endif
