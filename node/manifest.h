/* Recovery manifests that this node's operator has put in (PROTOCOL M12): files of its directory, one for each epoch that
 * began with one, recovery-EPOCH.manifest, each an epoch change as FORMATS §16.3 has it. They stay: a ledger that is fetched
 * anew meets them all again. And what such a manifest says about the ledger here. No threads, no links. */
#ifndef ROTA_NODE_MANIFEST_H
#define ROTA_NODE_MANIFEST_H

#include "node/chain.h"

/* DIRECTORY/recovery-EPOCH.manifest. False: the name is too long. */
bool rota_manifest_path(char *out, size_t size, const char *directory, uint32_t epoch);
/* The manifest of the lowest epoch above `after`, one reference; ROTA_NOT_FOUND: there is none. Form only. */
ROTA_CHECKED struct rota_status rota_manifest_next(struct rota_epoch_change **out, const char *directory, uint32_t after);

enum rota_manifest_standing {
    ROTA_MANIFEST_BEGUN = 1, /* its epoch has begun here, with this document */
    ROTA_MANIFEST_HERE,      /* the ledger ends with the kept block: the epoch can begin */
    ROTA_MANIFEST_AHEAD,     /* the ledger ends below it; as far as can be seen it leads there */
    ROTA_MANIFEST_GIVES_UP,  /* the ledger holds blocks above it: they are given up, so not by this file */
    ROTA_MANIFEST_WRONG,     /* it does not fit this ledger: `why` */
};

struct rota_manifest_verdict {
    enum rota_manifest_standing standing;
    bool approvals_seen;    /* verified here; false: the epoch that approved has not come yet */
    struct rota_status why; /* of WRONG, and in general words of GIVES_UP */
};

/* Nothing is executed above the ledger. */
void rota_manifest_judge(struct rota_manifest_verdict *out, struct rota_chain *chain,
                         const struct rota_epoch_change *manifest);

#endif
