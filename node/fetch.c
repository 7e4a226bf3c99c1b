/* Answering peers that lack blocks: bounded in blocks for a question, and in bytes a second for a peer. */
#include "node/inside.h"

enum { FETCH_BYTES_PER_SECOND = 8 * 1024 * 1024, FETCH_BYTES_MAX = 16 * 1024 * 1024, FETCH_COST_MIN = 4 * 1024 };

static void fetch_refill(struct rota_node *node, uint32_t peer)
{
    struct rota_allowance *allowance = &node->allowances[peer];
    uint64_t passed = node->turn.now_ms - allowance->filled_ms;
    uint64_t more = passed >= 2000 ? FETCH_BYTES_MAX : passed * FETCH_BYTES_PER_SECOND / 1000;
    allowance->bytes = allowance->bytes + more > FETCH_BYTES_MAX ? FETCH_BYTES_MAX : allowance->bytes + more;
    allowance->filled_ms = node->turn.now_ms;
}

/* False: this peer has had enough for now. */
static bool fetch_allow(struct rota_node *node, uint32_t peer, size_t bytes)
{
    struct rota_allowance *allowance = &node->allowances[peer];
    size_t cost = bytes > FETCH_COST_MIN ? bytes : FETCH_COST_MIN;
    if (allowance->bytes < cost)
        return false;
    allowance->bytes -= cost;
    return true;
}

static bool fetch_send(struct rota_node *node, uint32_t peer, struct rota_block *block,
                       const struct rota_certificate *certificate)
{
    struct rota_message message = {.kind = ROTA_MESSAGE_BLOCK, .epoch = block->header.epoch, .sender = node->self};
    if (!fetch_allow(node, peer, rota_block_encoded_bytes(block)))
        return false;
    message.block.header = block->header;
    message.block.block = block->hash;
    message.block.has_certificate = certificate != NULL;
    if (certificate)
        message.block.certificate = *certificate;
    rota_peers_send_message(node->peers, peer, &message, block);
    return true;
}

/* What was sent of a range. */
struct fetch_sent {
    bool certified;  /* the block has a certificate of its own */
    bool ends_epoch; /* its certificate is its own members' last: what is above is of no use to who asks from below */
};

/* One height of the ledger file. Its own certificate is sent when `prove` says so, or when the epoch ends with it. */
static bool fetch_height(struct rota_node *node, uint32_t peer, uint64_t height, bool prove, struct fetch_sent *out)
{
    struct rota_block *block = NULL;
    struct rota_certificate certificate;
    if (!rota_is_ok(rota_store_block(&block, node->chain.store, height)))
        return false;
    out->certified =
        rota_is_ok(rota_store_certificate(&certificate, node->chain.store, height)) && certificate.vote.height == height;
    out->ends_epoch = rota_state_epoch_at(node->chain.state, height + 1)->membership.epoch != block->header.epoch;
    bool sent = fetch_send(node, peer, block, out->certified && (prove || out->ends_epoch) ? &certificate : NULL);
    rota_block_release(block);
    return sent;
}

/* One certificate at the end proves the whole range by its links (PROTOCOL C5), within one epoch (M9). Where the last height
 * has none of its own, the heights up to the one that covers it follow. */
static void fetch_range(struct rota_node *node, const struct rota_asked *asked)
{
    uint64_t from = asked->fetch.from, to = asked->fetch.to;
    struct fetch_sent sent = {.certified = true};
    if (from == 0 || to < from || from > node->chain.height)
        return;
    if (to - from >= ROTA_FETCH_BLOCKS_MAX)
        to = from + ROTA_FETCH_BLOCKS_MAX - 1;
    for (uint64_t h = from; h <= node->chain.height && !sent.ends_epoch; h++) {
        if (h > to && (sent.certified || h > to + ROTA_SLOTS))
            return;
        if (!fetch_height(node, asked->peer, h, h >= to || h == node->chain.height, &sent))
            return;
    }
}

/* Whether the ledger has this block there; a header is looked at for that, and paid for whatever it is. */
static bool fetch_has(struct rota_node *node, uint32_t peer, uint64_t height, const struct rota_hash *block)
{
    struct rota_header header;
    if (!fetch_allow(node, peer, FETCH_COST_MIN) || !rota_is_ok(rota_store_header(&header, node->chain.store, height)))
        return false;
    struct rota_hash found = rota_header_hash(&header);
    return rota_hash_equal(&found, block);
}

static void fetch_block(struct rota_node *node, const struct rota_asked *asked)
{
    struct rota_block *block = rota_chain_proven(&node->chain, &asked->fetch.block);
    if (block) {
        if (!block->unfit) /* nobody would take it without its primary's signature */
            (void)fetch_send(node, asked->peer, block, NULL);
        return;
    }
    uint64_t height = asked->fetch.from;
    if (height == 0 || height > node->chain.height || !fetch_has(node, asked->peer, height, &asked->fetch.block) ||
        !rota_is_ok(rota_store_block(&block, node->chain.store, height)))
        return;
    (void)fetch_send(node, asked->peer, block, NULL);
    rota_block_release(block);
}

void rota_node_answer_fetch(struct rota_node *node, const struct rota_asked *asked)
{
    if (asked->peer >= node->directory.count)
        return;
    fetch_refill(node, asked->peer);
    if (node->allowances[asked->peer].bytes < ROTA_BODY_BYTES_MAX)
        return; /* not even looked up: asking is cheaper than answering */
    if (rota_hash_is_zero(&asked->fetch.block))
        fetch_range(node, asked);
    else
        fetch_block(node, asked);
}
