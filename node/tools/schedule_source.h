/* The schedule as it stood after a block, from a node or by replaying a ledger file. */
#ifndef ROTA_TOOLS_SCHEDULE_SOURCE_H
#define ROTA_TOOLS_SCHEDULE_SOURCE_H

#include "ledger/schedule/state.h"
#include "node/tools/output.h"

struct rota_schedule_query {
    struct rota_token person;   /* empty: everybody */
    struct rota_token facility; /* empty: everywhere */
    uint64_t at;                /* height; 0: the newest */
    bool linearizable;          /* the node asks a quorum what the newest is */
};

/* Active assignments, by start, then person. */
struct rota_schedule {
    uint64_t height;
    size_t count, room;
    struct rota_assignment *items; /* owned */
};

/* Options that show and export share: returns ARGP_ERR_UNKNOWN for others. */
enum { ROTA_QUERY_PERSON = 'p', ROTA_QUERY_FACILITY = 'f', ROTA_QUERY_AT = 0x3000, ROTA_QUERY_LINEARIZABLE };
error_t rota_schedule_query_parse(struct rota_schedule_query *query, int key, char *arg, const struct argp_state *state);
#define ROTA_QUERY_OPTIONS                                                                           \
    {"person", ROTA_QUERY_PERSON, "TOKEN", 0, "Only this person", 0},                                \
        {"facility", ROTA_QUERY_FACILITY, "ID", 0, "Only at this facility", 0},                      \
        {"at", ROTA_QUERY_AT, "HEIGHT", 0, "As it stood after this block (default: the newest)", 0}, \
    {                                                                                                \
        "linearizable", ROTA_QUERY_LINEARIZABLE, NULL, 0,                                            \
            "Ask a quorum first, so that nothing committed before is missing", 0                     \
    }

/* From common->ledger if given, else from a node. 0, or the exit code after a complaint. */
int rota_schedule_load(struct rota_schedule *out, const struct rota_common *common, const struct rota_schedule_query *query);
void rota_schedule_free(struct rota_schedule *schedule);
/* As one JSON object; given to the caller. */
json_t *rota_schedule_result(const struct rota_schedule *schedule);

#endif
