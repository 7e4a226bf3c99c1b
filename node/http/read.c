/* How fresh an answer must be. By default a node answers from its own ledger, with the height it is of: true, but perhaps
 * not the latest. "?read=linearizable" asks a quorum first (PROTOCOL L1). */
#include "node/http/door.h"

static void read_refuse(struct rota_http_reply *reply)
{
    rota_reply_problem(
        reply,
        &(struct rota_problem){.status = MHD_HTTP_SERVICE_UNAVAILABLE,
                               .code = "no-quorum",
                               .title = "No quorum",
                               .detail = "not enough facilities said in time what the latest block is",
                               .next = "Without read=linearizable this node answers from its own ledger, with its height.",
                               .retry_ms = 1000});
}

bool rota_read_latest(const struct rota_http_request *request, struct rota_http_reply *reply)
{
    const char *how = rota_query(request, "read");
    if (!how || strcmp(how, "local") == 0)
        return true;
    if (strcmp(how, "linearizable") != 0) {
        rota_reply_bad_query(reply, "read is local or linearizable");
        return false;
    }
    struct rota_status status = rota_node_read_latest(request->http->node);
    if (rota_is_ok(status))
        return true;
    if (status.code == ROTA_INCOMPLETE)
        read_refuse(reply);
    else
        rota_reply_busy(reply);
    return false;
}
