/* The messages of the consensus protocol and their bytes (PROTOCOL §3). A struct rota_message is a typed value; whoever
 * made it from a peer's bytes has checked its form (decode) and its signatures (verify) before the core sees it. */
#ifndef ROTA_CONSENSUS_MESSAGE_H
#define ROTA_CONSENSUS_MESSAGE_H

#include "ledger/certificate.h"
#include "ledger/header.h"
#include "ledger/record.h"
#include "ledger/view_change.h"

enum rota_message_kind {
    ROTA_MESSAGE_PREPREPARE = 1,        /* signed: the primary's PREPARE for the header's hash */
    ROTA_MESSAGE_PREPARE = 2,           /* signed */
    ROTA_MESSAGE_COMMIT = 3,            /* signed */
    ROTA_MESSAGE_SUSPECT = 4,           /* signed */
    ROTA_MESSAGE_VIEW_CHANGE = 5,       /* signed */
    ROTA_MESSAGE_NEW_VIEW = 6,          /* signed */
    ROTA_MESSAGE_STATUS = 7,            /* link authentication only */
    ROTA_MESSAGE_HEARTBEAT = 8,         /* link authentication only */
    ROTA_MESSAGE_BLOCK = 9,             /* a block we asked for: proves itself by its certificate, if it has one */
    ROTA_MESSAGE_HELLO = 10,            /* signed: a replica has started */
    ROTA_MESSAGE_HELLO_REPLY = 11,      /* signed: what another knows of it and of the network */
    ROTA_MESSAGE_READ_INDEX = 12,       /* link authentication only */
    ROTA_MESSAGE_READ_INDEX_REPLY = 13, /* signed */
    ROTA_MESSAGE_RECOVERED = 14,        /* signed: for the ledger, of a member that lost its memory */
};

enum rota_suspicion {
    ROTA_SUSPECT_HEARTBEAT = 1, /* nothing heard of the primary */
    ROTA_SUSPECT_PROGRESS = 2,  /* an accepted block does not commit */
    ROTA_SUSPECT_REQUEST = 3,   /* a request is not taken up */
    ROTA_SUSPECT_INVALID = 4,   /* the primary proposed what no correct primary proposes */
    ROTA_SUSPECT_RESIGN = 5,    /* from the primary itself: it hands over */
    ROTA_SUSPECT_LATENCY = 6,   /* it is much slower than the others were */
};

struct rota_preprepare {
    uint64_t view;
    struct rota_hash nv;
    struct rota_header header;
    struct rota_hash block; /* hash of header; filled by decode */
};

struct rota_suspect {
    uint64_t view;
    enum rota_suspicion reason;
};

struct rota_status_message {
    uint64_t view;
    bool active;
    uint64_t committed;
    struct rota_hash committed_block;
    uint32_t suspects;              /* bit i: I hold SUSPECT(view) of member i */
    uint32_t view_changes;          /* bit i: I hold VIEW-CHANGE(view) of member i */
    uint32_t blocks;                /* bit k: I hold the block of height committed + 1 + k */
    uint32_t prepares[ROTA_WINDOW]; /* [k] bit i: PREPARE of member i for height committed + 1 + k in this view */
    uint32_t commits[ROTA_WINDOW];
};

struct rota_heartbeat {
    uint64_t view;
    uint64_t committed;
};

struct rota_block_message {
    struct rota_header header;
    struct rota_hash block; /* filled by decode */
    bool has_certificate;
    struct rota_certificate certificate; /* commit, for this very block */
};

/* One attempt of a read: never the same twice, whatever crashes. */
struct rota_read_nonce {
    uint64_t boot;  /* of the run of the reader, see rota_hello */
    uint64_t count; /* of its attempts since */
};

/* What a member holds when it is asked: the answer of one attempt of one reader. */
struct rota_read_reply {
    uint32_t reader;
    struct rota_read_nonce nonce;
    uint64_t view;
    uint64_t committed;
    struct rota_hash committed_block;
    bool has_best;
    struct rota_certificate best; /* its lock: the highest by (view, height), prepare or commit */
};

/* What a replica knows of its own past (PROTOCOL H1). */
enum rota_standing {
    ROTA_STANDING_NEW = 1,    /* it has never spoken, as far as its disk knows */
    ROTA_STANDING_MEMBER,     /* its disk holds everything that it ever said */
    ROTA_STANDING_RECOVERING, /* it may have said more than its disk holds: silent (H5) */
};

/* At every start, to all, until all have answered. */
struct rota_hello {
    uint64_t incarnation; /* number of this run (H1) */
    uint64_t boot;        /* drawn at the start: tells two runs with one count apart */
    enum rota_standing standing;
    uint64_t
        recover_view; /* RECOVERING: it votes again after a commit of a later view than this; UINT64_MAX: not known yet */
    uint64_t committed;
    struct rota_hash committed_block;
};

/* What the replier holds that the asker itself has signed: proof, not opinion. */
struct rota_past {
    bool has_hello; /* of its highest incarnation */
    struct rota_hello hello;
    struct rota_signature hello_signature;
    bool has_change; /* its highest VIEW-CHANGE, without the content */
    uint64_t change_view, change_incarnation;
    struct rota_hash change_content;
    struct rota_signature change_signature;
    bool has_vote; /* its highest vote by (view, height) above the replier's ledger */
    struct rota_vote vote;
    struct rota_signature vote_signature;
};

struct rota_hello_reply {
    uint32_t asker;
    uint64_t boot; /* of the HELLO that it answers */
    enum rota_standing standing;
    uint64_t view; /* durable at the replier; a claim that counts only in company (H4) */
    uint64_t committed;
    struct rota_hash committed_block;
    bool has_certificate;
    struct rota_certificate certificate; /* commit certificate of the committed block; without it the height is a claim */
    struct rota_past past;
};

enum { ROTA_HELLO_BYTES = 8 + 8 + 1 + 8 + 8 + 32 };
enum {
    ROTA_HELLO_REPLY_BYTES_MAX = 4 + 8 + 1 + 8 + 8 + 32 + 1 + ROTA_CERTIFICATE_BYTES_MAX + 1 + ROTA_HELLO_BYTES + 64 + 1 +
                                 8 + 8 + 32 + 64 + 1 + ROTA_VOTE_BYTES + 64,
};

struct rota_message {
    enum rota_message_kind kind;
    uint32_t epoch;                  /* whose members speak; sender is an index among them */
    uint32_t sender;                 /* who signed it; for unsigned kinds who sent it */
    struct rota_signature signature; /* of the signed kinds */
    union {
        struct rota_preprepare preprepare;
        struct rota_vote vote; /* prepare, commit */
        struct rota_suspect suspect;
        struct rota_view_change *view_change; /* borrowed */
        struct rota_new_view new_view;
        struct rota_status_message status;
        struct rota_heartbeat heartbeat;
        struct rota_block_message block;
        struct rota_read_nonce read_index;
        struct rota_read_reply read_reply;
        struct rota_hello hello;
        struct rota_hello_reply hello_reply;
        struct rota_recovered recovered; /* epoch, member and signature are the message's own: filled by decode */
    };
};

/* Room that a decoder needs for the large kinds; one a thread. */
struct rota_message_scratch {
    struct rota_view_change changes[ROTA_QUORUM_MAX];
};

enum { ROTA_MESSAGE_BYTES_MAX = 512 * 1024 };

/* Kinds that carry a signature of their sender. */
bool rota_message_is_signed(enum rota_message_kind kind);

/* kind u8 || epoch u32 || sender u32 || fields || signature (FORMATS §12). PREPREPARE and BLOCK carry headers only; the node
 * appends the body. */
void rota_message_encode(struct rota_writer *writer, const struct rota_message *message);
/* Strict. Borrowed parts live in scratch. The reader is left behind the message, so that a body may follow. */
ROTA_CHECKED struct rota_status rota_message_decode(struct rota_message *out, struct rota_message_scratch *scratch,
                                                    struct rota_reader *reader);

/* The bytes that a signed kind's signature covers. Returns their length; 0 for unsigned kinds. */
enum { ROTA_MESSAGE_PREIMAGE_MAX = 512 };
size_t rota_message_preimage(uint8_t out[ROTA_MESSAGE_PREIMAGE_MAX], const struct rota_membership *membership,
                             const struct rota_message *message);
/* Every signature and certificate inside, and everything that can be judged without the replica's state (PROTOCOL §3).
 * ROTA_WRONG_LEDGER for another epoch, except for STATUS and HEARTBEAT: those only claim a height (PROTOCOL M9). */
ROTA_CHECKED struct rota_status rota_message_verify(const struct rota_message *message,
                                                    const struct rota_membership *membership);

/* H(tag readindex || encoded fields of the answer without the signature). */
struct rota_hash rota_read_reply_content(const struct rota_read_reply *reply);
/* HELLO and its reply (hello_message.c). */
void rota_hello_write(struct rota_writer *writer, const struct rota_hello *hello);
void rota_hello_read(struct rota_reader *reader, struct rota_hello *out);
size_t rota_hello_preimage(uint8_t out[ROTA_MESSAGE_PREIMAGE_MAX], const struct rota_membership *membership, uint32_t sender,
                           const struct rota_hello *hello);
void rota_hello_reply_write(struct rota_writer *writer, const struct rota_hello_reply *reply);
void rota_hello_reply_read(struct rota_reader *reader, struct rota_hello_reply *out);
size_t rota_hello_reply_preimage(uint8_t out[ROTA_MESSAGE_PREIMAGE_MAX], const struct rota_membership *membership,
                                 uint32_t sender, const struct rota_hello_reply *reply);
/* Everything in a reply but its own signature: the certificate, and that the asker signed what is said to be its past. */
ROTA_CHECKED struct rota_status rota_hello_reply_check(const struct rota_hello_reply *reply,
                                                       const struct rota_membership *membership);

/* The PREPARE that a pre-prepare is. */
struct rota_vote rota_preprepare_vote(const struct rota_preprepare *preprepare);
/* The vote that a message is: a PREPREPARE, PREPARE or COMMIT. False for any other, out untouched. */
bool rota_message_vote(struct rota_vote *out, const struct rota_message *message);

#endif
