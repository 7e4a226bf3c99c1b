/* Frames: from plain bytes to typed values (FORMATS §12). */
#include "node/frame.h"

#include <stdlib.h>

struct rota_raw *rota_raw_new(size_t len)
{
    struct rota_raw *raw = malloc(sizeof *raw + len);
    if (raw)
        raw->len = len;
    return raw;
}

/* The two kinds whose decoder needs scratch. `message` are the bytes behind the frame's kind. */
static bool frame_needs_scratch(struct rota_view message)
{
    return message.len > 0 && (message.data[0] == ROTA_MESSAGE_VIEW_CHANGE || message.data[0] == ROTA_MESSAGE_NEW_VIEW);
}

size_t rota_raw_cost(const struct rota_raw *raw)
{
    size_t cost = sizeof *raw + raw->len + sizeof(struct rota_frame);
    if (raw->len > 0 && raw->bytes[0] == ROTA_FRAME_CONSENSUS &&
        frame_needs_scratch(rota_view(raw->bytes + 1, raw->len - 1)))
        cost += sizeof(struct rota_message_scratch);
    return cost;
}

void rota_frame_release(struct rota_frame *frame)
{
    free(frame->scratch);
    rota_block_release(frame->block);
    if (frame->entry.proposal) /* either of the two pointers */
        rota_entry_release(&frame->entry);
    *frame = (struct rota_frame){0};
}

static const struct rota_header *frame_header(const struct rota_message *message)
{
    if (message->kind == ROTA_MESSAGE_PREPREPARE)
        return &message->preprepare.header;
    if (message->kind == ROTA_MESSAGE_BLOCK)
        return &message->block.header;
    return NULL;
}

/* The block is the message's header and the body that follows the message: they agree because they are the same bytes. */
static struct rota_status frame_decode_block(struct rota_frame *out, const struct rota_header *header, struct rota_view body)
{
    if (body.len > ROTA_BODY_BYTES_MAX)
        return rota_fail(ROTA_TOO_LARGE, "a block body of more than 1 MiB");
    uint8_t *encoded = malloc(ROTA_HEADER_BYTES + body.len);
    if (!encoded)
        return rota_fail(ROTA_NO_MEMORY, "no memory for a block");
    rota_header_encode(encoded, header);
    if (body.len > 0)
        memcpy(encoded + ROTA_HEADER_BYTES, body.data, body.len);
    struct rota_view bytes = rota_view(encoded, ROTA_HEADER_BYTES + body.len);
    struct rota_status status = rota_block_decode(&out->block, bytes);
    if (!rota_is_ok(status) && status.code != ROTA_NO_MEMORY && out->message.kind == ROTA_MESSAGE_PREPREPARE)
        status = rota_block_decode_unfit(&out->block, bytes); /* its primary has signed for it (PROTOCOL E9) */
    free(encoded);
    return status;
}

static struct rota_status frame_decode_consensus(struct rota_frame *out, struct rota_view bytes)
{
    if (frame_needs_scratch(bytes)) {
        out->scratch = malloc(sizeof *out->scratch);
        if (!out->scratch)
            return rota_fail(ROTA_NO_MEMORY, "no memory for a view change");
    }
    struct rota_reader reader = rota_reader(bytes);
    ROTA_TRY(rota_message_decode(&out->message, out->scratch, &reader));
    const struct rota_header *header = frame_header(&out->message);
    if (!header)
        return rota_reader_finish(&reader);
    return frame_decode_block(out, header, rota_view(bytes.data + reader.at, bytes.len - reader.at));
}

static struct rota_status frame_decode_entry(struct rota_frame *out, struct rota_view bytes)
{
    if (bytes.len == 0)
        return rota_fail(ROTA_MALFORMED, "an entry frame without an entry");
    struct rota_view rest = rota_view(bytes.data + 1, bytes.len - 1);
    if (bytes.data[0] == ROTA_ENTRY_PROPOSAL)
        return rota_entry_parse(&out->entry, ROTA_ENTRY_PROPOSAL, rest);
    if (bytes.data[0] == ROTA_ENTRY_EVIDENCE)
        return rota_entry_parse(&out->entry, ROTA_ENTRY_EVIDENCE, rest);
    if (bytes.data[0] == ROTA_ENTRY_CONFIG)
        return rota_entry_parse(&out->entry, ROTA_ENTRY_CONFIG, rest);
    return rota_fail(ROTA_MALFORMED, "an entry frame with neither proposal, evidence nor epoch change");
}

static struct rota_status frame_decode_fetch(struct rota_frame *out, struct rota_view bytes)
{
    struct rota_reader reader = rota_reader(bytes);
    out->fetch.from = rota_read_u64(&reader);
    out->fetch.to = rota_read_u64(&reader);
    rota_read_hash(&reader, &out->fetch.block);
    ROTA_TRY(rota_reader_finish(&reader));
    if (out->fetch.to < out->fetch.from)
        return rota_fail(ROTA_MALFORMED, "a request for blocks that ends before it begins");
    return rota_ok();
}

static struct rota_status frame_decode_kind(struct rota_frame *out, uint8_t kind, struct rota_view bytes)
{
    switch (kind) {
    case ROTA_FRAME_CONSENSUS:
        return frame_decode_consensus(out, bytes);
    case ROTA_FRAME_ENTRY:
        return frame_decode_entry(out, bytes);
    case ROTA_FRAME_FETCH:
        return frame_decode_fetch(out, bytes);
    default:
        return rota_fail(ROTA_MALFORMED, "a frame of no known kind");
    }
}

struct rota_status rota_frame_decode(struct rota_frame *out, uint32_t peer, struct rota_view plain)
{
    *out = (struct rota_frame){.peer = peer};
    if (plain.len == 0)
        return rota_fail(ROTA_MALFORMED, "an empty frame");
    out->kind = (enum rota_frame_kind)plain.data[0];
    struct rota_status status = frame_decode_kind(out, plain.data[0], rota_view(plain.data + 1, plain.len - 1));
    if (!rota_is_ok(status))
        rota_frame_release(out);
    return status;
}
