/* Handing a signed proposal to a node, again and again if need be: the bytes are the identity, so the same bytes always get
 * the same answer, from whichever node. */
#ifndef ROTA_TOOLS_SUBMISSION_H
#define ROTA_TOOLS_SUBMISSION_H

#include "crypto/es256k.h"
#include "node/tools/problem.h"

#include <stdatomic.h>

enum rota_fate {
    ROTA_FATE_COMMITTED = 1, /* in the ledger: document holds height and outcomes */
    ROTA_FATE_PENDING,       /* taken in; not in the ledger within the time given */
    ROTA_FATE_TURNED_AWAY,   /* never ordered, and never will be: problem says why */
    ROTA_FATE_LATER,         /* no room, no quorum, no answer until the time was over */
    ROTA_FATE_STOPPED,       /* by the user */
};

struct rota_submitted {
    enum rota_fate fate;
    json_t *document; /* owned; NULL when there is none */
    struct rota_client_problem problem;
};

/* Until when all who share it hold back, because a node said so. */
struct rota_pace {
    atomic_ullong not_before_ms;
};

struct rota_submitter {
    struct rota_http_client *http;
    const char *const *nodes;
    uint32_t node_count;
    uint32_t current;                                /* the node that answered last */
    uint32_t wait_s;                                 /* 0: being taken in is enough */
    uint64_t deadline_ms;                            /* monotonic; UINT64_MAX = never give up */
    const atomic_bool *stop;                         /* NULL: cannot be stopped */
    struct rota_pace *pace;                          /* NULL: alone */
    void (*remark)(void *context, const char *text); /* what the waiting is for; NULL: silent */
    void *context;
    char key_id[ROTA_KID_CHARS + 1]; /* kept by rota_submit */
};

uint64_t rota_monotonic_ms(void);

/* Tries, waits (honouring Retry-After, with jitter), changes nodes, until the proposal is in the ledger, or is turned away,
 * or time is over. *out is freed by rota_submitted_free. */
void rota_submit(struct rota_submitted *out, struct rota_submitter *submitter, struct rota_view jws);
void rota_submitted_free(struct rota_submitted *submitted);

#endif
