/* Messages to bytes and back (FORMATS §12). One writer and one reader for each kind, side by side. */
#include "consensus/message.h"

#include "ledger/certificate.h"

static void header_write(struct rota_writer *writer, const struct rota_header *header)
{
    uint8_t bytes[ROTA_HEADER_BYTES];
    rota_header_encode(bytes, header);
    rota_write_bytes(writer, bytes, sizeof bytes);
}

static void header_read(struct rota_reader *reader, struct rota_header *out, struct rota_hash *out_hash)
{
    uint8_t bytes[ROTA_HEADER_BYTES];
    rota_read_bytes(reader, bytes, sizeof bytes);
    if (reader->bad || !rota_is_ok(rota_header_decode(out, bytes))) {
        reader->bad = true;
        return;
    }
    if (out_hash)
        *out_hash = rota_header_hash(out);
}

static void preprepare_write(struct rota_writer *writer, const struct rota_preprepare *preprepare)
{
    rota_write_u64(writer, preprepare->view);
    rota_write_hash(writer, &preprepare->nv);
    header_write(writer, &preprepare->header);
}

static void preprepare_read(struct rota_reader *reader, struct rota_preprepare *out)
{
    out->view = rota_read_u64(reader);
    rota_read_hash(reader, &out->nv);
    header_read(reader, &out->header, &out->block);
}

static void status_write(struct rota_writer *writer, const struct rota_status_message *status)
{
    rota_write_u64(writer, status->view);
    rota_write_u8(writer, status->active);
    rota_write_u64(writer, status->committed);
    rota_write_hash(writer, &status->committed_block);
    rota_write_u32(writer, status->suspects);
    rota_write_u32(writer, status->view_changes);
    rota_write_u32(writer, status->blocks);
    for (uint32_t i = 0; i < ROTA_WINDOW; i++) {
        rota_write_u32(writer, status->prepares[i]);
        rota_write_u32(writer, status->commits[i]);
    }
}

static void status_read(struct rota_reader *reader, struct rota_status_message *out)
{
    out->view = rota_read_u64(reader);
    out->active = rota_read_flag(reader);
    out->committed = rota_read_u64(reader);
    rota_read_hash(reader, &out->committed_block);
    out->suspects = rota_read_u32(reader);
    out->view_changes = rota_read_u32(reader);
    out->blocks = rota_read_u32(reader);
    for (uint32_t i = 0; i < ROTA_WINDOW; i++) {
        out->prepares[i] = rota_read_u32(reader);
        out->commits[i] = rota_read_u32(reader);
    }
}

static void block_write(struct rota_writer *writer, const struct rota_block_message *block)
{
    header_write(writer, &block->header);
    rota_write_u8(writer, block->has_certificate);
    if (block->has_certificate)
        rota_certificate_encode(writer, &block->certificate);
}

static void block_read(struct rota_reader *reader, struct rota_block_message *out)
{
    header_read(reader, &out->header, &out->block);
    out->has_certificate = rota_read_flag(reader);
    if (out->has_certificate)
        rota_certificate_decode(reader, &out->certificate);
}

static void read_nonce_write(struct rota_writer *writer, const struct rota_read_nonce *nonce)
{
    rota_write_u64(writer, nonce->boot);
    rota_write_u64(writer, nonce->count);
}

static void read_nonce_read(struct rota_reader *reader, struct rota_read_nonce *out)
{
    out->boot = rota_read_u64(reader);
    out->count = rota_read_u64(reader);
}

static void read_reply_write(struct rota_writer *writer, const struct rota_read_reply *reply)
{
    rota_write_u32(writer, reply->reader);
    read_nonce_write(writer, &reply->nonce);
    rota_write_u64(writer, reply->view);
    rota_write_u64(writer, reply->committed);
    rota_write_hash(writer, &reply->committed_block);
    rota_write_u8(writer, reply->has_best);
    if (reply->has_best)
        rota_certificate_encode(writer, &reply->best);
}

static void read_reply_read(struct rota_reader *reader, struct rota_read_reply *out)
{
    out->reader = rota_read_u32(reader);
    read_nonce_read(reader, &out->nonce);
    out->view = rota_read_u64(reader);
    out->committed = rota_read_u64(reader);
    rota_read_hash(reader, &out->committed_block);
    out->has_best = rota_read_flag(reader);
    if (out->has_best)
        rota_certificate_decode(reader, &out->best);
}

/* The hash that stands for an answer's content in its preimage. */
struct rota_hash rota_read_reply_content(const struct rota_read_reply *reply)
{
    uint8_t bytes[ROTA_CERTIFICATE_BYTES_MAX + 128];
    struct rota_writer writer = rota_writer(bytes, sizeof bytes);
    read_reply_write(&writer, reply);
    ROTA_ASSERT(!writer.bad);
    return rota_hash_of(ROTA_TAG("readindex"), rota_view(bytes, writer.len));
}

bool rota_message_is_signed(enum rota_message_kind kind)
{
    if (kind == ROTA_MESSAGE_READ_INDEX_REPLY || kind == ROTA_MESSAGE_HELLO || kind == ROTA_MESSAGE_HELLO_REPLY ||
        kind == ROTA_MESSAGE_RECOVERED)
        return true;
    return kind >= ROTA_MESSAGE_PREPREPARE && kind <= ROTA_MESSAGE_NEW_VIEW;
}

void rota_message_encode(struct rota_writer *writer, const struct rota_message *message)
{
    rota_write_u8(writer, (uint8_t)message->kind);
    rota_write_u32(writer, message->epoch);
    rota_write_u32(writer, message->sender);
    switch (message->kind) {
    case ROTA_MESSAGE_PREPREPARE:
        preprepare_write(writer, &message->preprepare);
        break;
    case ROTA_MESSAGE_PREPARE:
    case ROTA_MESSAGE_COMMIT:
        rota_vote_encode(writer, &message->vote);
        break;
    case ROTA_MESSAGE_SUSPECT:
        rota_write_u64(writer, message->suspect.view);
        rota_write_u8(writer, (uint8_t)message->suspect.reason);
        break;
    case ROTA_MESSAGE_VIEW_CHANGE:
        rota_view_change_encode(writer, message->view_change);
        break;
    case ROTA_MESSAGE_NEW_VIEW:
        rota_new_view_encode(writer, &message->new_view);
        break;
    case ROTA_MESSAGE_STATUS:
        status_write(writer, &message->status);
        break;
    case ROTA_MESSAGE_HEARTBEAT:
        rota_write_u64(writer, message->heartbeat.view);
        rota_write_u64(writer, message->heartbeat.committed);
        break;
    case ROTA_MESSAGE_BLOCK:
        block_write(writer, &message->block);
        break;
    case ROTA_MESSAGE_READ_INDEX:
        read_nonce_write(writer, &message->read_index);
        break;
    case ROTA_MESSAGE_READ_INDEX_REPLY:
        read_reply_write(writer, &message->read_reply);
        break;
    case ROTA_MESSAGE_HELLO:
        rota_hello_write(writer, &message->hello);
        break;
    case ROTA_MESSAGE_HELLO_REPLY:
        rota_hello_reply_write(writer, &message->hello_reply);
        break;
    case ROTA_MESSAGE_RECOVERED:
        rota_recovered_write(writer, &message->recovered);
        break;
    }
    if (rota_message_is_signed(message->kind))
        rota_write_signature(writer, &message->signature);
}

static void suspect_read(struct rota_reader *reader, struct rota_suspect *out)
{
    out->view = rota_read_u64(reader);
    uint8_t reason = rota_read_u8(reader);
    if (reason < ROTA_SUSPECT_HEARTBEAT || reason > ROTA_SUSPECT_LATENCY)
        reader->bad = true;
    else
        out->reason = (enum rota_suspicion)reason;
}

/* The fields of one kind; an unknown kind is bad. */
static void fields_read(struct rota_reader *reader, struct rota_message *out, struct rota_message_scratch *scratch)
{
    switch (out->kind) {
    case ROTA_MESSAGE_PREPREPARE:
        preprepare_read(reader, &out->preprepare);
        break;
    case ROTA_MESSAGE_PREPARE:
    case ROTA_MESSAGE_COMMIT:
        rota_vote_decode(reader, &out->vote);
        if ((int)out->vote.kind != (out->kind == ROTA_MESSAGE_PREPARE ? ROTA_VOTE_PREPARE : ROTA_VOTE_COMMIT))
            reader->bad = true;
        break;
    case ROTA_MESSAGE_SUSPECT:
        suspect_read(reader, &out->suspect);
        break;
    case ROTA_MESSAGE_VIEW_CHANGE:
        out->view_change = &scratch->changes[0];
        rota_view_change_decode(reader, out->view_change);
        break;
    case ROTA_MESSAGE_NEW_VIEW:
        rota_new_view_decode(reader, &out->new_view, scratch->changes);
        break;
    case ROTA_MESSAGE_STATUS:
        status_read(reader, &out->status);
        break;
    case ROTA_MESSAGE_HEARTBEAT:
        out->heartbeat.view = rota_read_u64(reader);
        out->heartbeat.committed = rota_read_u64(reader);
        break;
    case ROTA_MESSAGE_BLOCK:
        block_read(reader, &out->block);
        break;
    case ROTA_MESSAGE_READ_INDEX:
        read_nonce_read(reader, &out->read_index);
        break;
    case ROTA_MESSAGE_READ_INDEX_REPLY:
        read_reply_read(reader, &out->read_reply);
        break;
    case ROTA_MESSAGE_HELLO:
        rota_hello_read(reader, &out->hello);
        break;
    case ROTA_MESSAGE_HELLO_REPLY:
        rota_hello_reply_read(reader, &out->hello_reply);
        break;
    case ROTA_MESSAGE_RECOVERED:
        rota_recovered_read(reader, &out->recovered);
        break;
    default:
        reader->bad = true;
    }
}

struct rota_status rota_message_decode(struct rota_message *out, struct rota_message_scratch *scratch,
                                       struct rota_reader *reader)
{
    memset(out, 0, sizeof *out);
    out->kind = (enum rota_message_kind)rota_read_u8(reader);
    out->epoch = rota_read_u32(reader);
    out->sender = rota_read_u32(reader);
    if (!reader->bad)
        fields_read(reader, out, scratch);
    if (!reader->bad && rota_message_is_signed(out->kind))
        rota_read_signature(reader, &out->signature);
    if (reader->bad)
        return rota_fail(ROTA_MALFORMED, "not a message of this protocol");
    if (out->kind == ROTA_MESSAGE_VIEW_CHANGE) {
        out->view_change->sender = out->sender;
        out->view_change->signature = out->signature;
    } else if (out->kind == ROTA_MESSAGE_RECOVERED) {
        out->recovered.epoch = out->epoch;
        out->recovered.member = out->sender;
        out->recovered.signature = out->signature;
    }
    return rota_ok();
}
