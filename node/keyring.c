/* The keyring: a table of keys that only grows, and a table of signatures that were good lately.
 *
 * Keys: open addressing under a reader-writer lock. Verified lately: buckets of a few places each, the oldest place of a
 * bucket is used again; the buckets share a few mutexes. Both find their slot by a keyed hash whose key nobody outside
 * knows, so no sender can choose what falls together. No signature is checked while a lock is held.
 *
 * A proposal's id covers its signing input, and that names the key: (id, signature) is all that a verdict depends on. */
#include "node/keyring.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

enum {
    KEYRING_ROOM_FIRST = 256,
    KEYRING_BUCKETS = 8192,
    KEYRING_PLACES = 8, /* 8192 * 8 = 64 Ki */
    KEYRING_MUTEXES = 64,
};

struct keyring_slot {
    bool used;
    struct rota_es256k_public key;
};

struct keyring_verdict {
    struct rota_hash id;
    struct rota_signature signature;
};

struct keyring_bucket {
    uint8_t count; /* places in use */
    uint8_t next;  /* place that is written next */
    struct keyring_verdict places[KEYRING_PLACES];
};

struct rota_keyring {
    uint8_t hash_key[crypto_shorthash_KEYBYTES];
    pthread_rwlock_t lock; /* slots, room, count */
    struct keyring_slot *slots;
    size_t room; /* a power of two */
    size_t count;
    pthread_mutex_t mutexes[KEYRING_MUTEXES]; /* bucket b belongs to mutex b % KEYRING_MUTEXES */
    struct keyring_bucket *buckets;
};

static uint64_t keyring_hash(const struct rota_keyring *keyring, const void *data, size_t len)
{
    uint64_t hash;
    uint8_t out[crypto_shorthash_BYTES];
    crypto_shorthash(out, data, len, keyring->hash_key);
    memcpy(&hash, out, sizeof hash);
    return hash;
}

static void keyring_open_locks(struct rota_keyring *keyring)
{
    ROTA_ASSERT(pthread_rwlock_init(&keyring->lock, NULL) == 0);
    for (size_t i = 0; i < KEYRING_MUTEXES; i++)
        ROTA_ASSERT(pthread_mutex_init(&keyring->mutexes[i], NULL) == 0);
}

struct rota_status rota_keyring_new(struct rota_keyring **out)
{
    *out = NULL;
    struct rota_keyring *keyring = calloc(1, sizeof *keyring);
    if (!keyring)
        return rota_fail(ROTA_NO_MEMORY, "no memory for the keyring");
    keyring_open_locks(keyring);
    randombytes_buf(keyring->hash_key, sizeof keyring->hash_key);
    keyring->room = KEYRING_ROOM_FIRST;
    keyring->slots = calloc(keyring->room, sizeof *keyring->slots);
    keyring->buckets = calloc(KEYRING_BUCKETS, sizeof *keyring->buckets);
    if (!keyring->slots || !keyring->buckets) {
        rota_keyring_free(keyring);
        return rota_fail(ROTA_NO_MEMORY, "no memory for the keyring");
    }
    *out = keyring;
    return rota_ok();
}

void rota_keyring_free(struct rota_keyring *keyring)
{
    if (!keyring)
        return;
    for (size_t i = 0; i < KEYRING_MUTEXES; i++)
        pthread_mutex_destroy(&keyring->mutexes[i]);
    pthread_rwlock_destroy(&keyring->lock);
    free(keyring->buckets);
    free(keyring->slots);
    free(keyring);
}

/* ---- keys ----------------------------------------------------------------------------------------------------------- */

/* The slot that holds the key, or the free one where it belongs; NULL when the table is full of others. */
static struct keyring_slot *keyring_slot_of(const struct rota_keyring *keyring, struct keyring_slot *slots, size_t room,
                                            const struct rota_kid *kid)
{
    size_t at = (size_t)keyring_hash(keyring, kid->b, sizeof kid->b);
    for (size_t tried = 0; tried < room; tried++) {
        struct keyring_slot *slot = &slots[(at + tried) & (room - 1)];
        if (!slot->used || rota_kid_equal(&slot->key.kid, kid))
            return slot;
    }
    return NULL;
}

/* Doubles the table. Without memory it stays as it is and gets slower. */
static void keyring_grow(struct rota_keyring *keyring)
{
    size_t room = keyring->room * 2;
    struct keyring_slot *slots = calloc(room, sizeof *slots);
    if (!slots)
        return;
    for (size_t i = 0; i < keyring->room; i++) {
        const struct keyring_slot *old = &keyring->slots[i];
        if (old->used)
            *keyring_slot_of(keyring, slots, room, &old->key.kid) = *old;
    }
    free(keyring->slots);
    keyring->slots = slots;
    keyring->room = room;
}

void rota_keyring_add(struct rota_keyring *keyring, const struct rota_es256k_public *key)
{
    ROTA_ASSERT(pthread_rwlock_wrlock(&keyring->lock) == 0);
    if ((keyring->count + 1) * 4 > keyring->room * 3)
        keyring_grow(keyring);
    struct keyring_slot *slot = keyring_slot_of(keyring, keyring->slots, keyring->room, &key->kid);
    if (slot && !slot->used) {
        *slot = (struct keyring_slot){.used = true, .key = *key};
        keyring->count++;
    }
    ROTA_ASSERT(pthread_rwlock_unlock(&keyring->lock) == 0);
}

bool rota_keyring_find(struct rota_es256k_public *out, struct rota_keyring *keyring, const struct rota_kid *kid)
{
    ROTA_ASSERT(pthread_rwlock_rdlock(&keyring->lock) == 0);
    const struct keyring_slot *slot = keyring_slot_of(keyring, keyring->slots, keyring->room, kid);
    bool found = slot && slot->used;
    if (found)
        *out = slot->key;
    ROTA_ASSERT(pthread_rwlock_unlock(&keyring->lock) == 0);
    return found;
}

/* ---- verified lately ------------------------------------------------------------------------------------------------ */

static struct keyring_verdict keyring_verdict_of(const struct rota_proposal *proposal)
{
    return (struct keyring_verdict){.id = proposal->id, .signature = proposal->jws.signature};
}

/* Locks the bucket's mutex, which the caller unlocks. */
static struct keyring_bucket *keyring_lock_bucket(struct rota_keyring *keyring, pthread_mutex_t **out_mutex,
                                                  const struct keyring_verdict *verdict)
{
    size_t index = (size_t)(keyring_hash(keyring, verdict, sizeof *verdict) % KEYRING_BUCKETS);
    *out_mutex = &keyring->mutexes[index % KEYRING_MUTEXES];
    ROTA_ASSERT(pthread_mutex_lock(*out_mutex) == 0);
    return &keyring->buckets[index];
}

static bool keyring_bucket_has(const struct keyring_bucket *bucket, const struct keyring_verdict *verdict)
{
    for (size_t i = 0; i < bucket->count; i++)
        if (memcmp(&bucket->places[i], verdict, sizeof *verdict) == 0)
            return true;
    return false;
}

static bool keyring_recalls(struct rota_keyring *keyring, const struct keyring_verdict *verdict)
{
    pthread_mutex_t *mutex;
    const struct keyring_bucket *bucket = keyring_lock_bucket(keyring, &mutex, verdict);
    bool has = keyring_bucket_has(bucket, verdict);
    ROTA_ASSERT(pthread_mutex_unlock(mutex) == 0);
    return has;
}

static void keyring_remember(struct rota_keyring *keyring, const struct keyring_verdict *verdict)
{
    pthread_mutex_t *mutex;
    struct keyring_bucket *bucket = keyring_lock_bucket(keyring, &mutex, verdict);
    if (!keyring_bucket_has(bucket, verdict)) {
        bucket->places[bucket->next] = *verdict;
        bucket->next = (uint8_t)((bucket->next + 1) % KEYRING_PLACES);
        if (bucket->count < KEYRING_PLACES)
            bucket->count++;
    }
    ROTA_ASSERT(pthread_mutex_unlock(mutex) == 0);
}

struct rota_status rota_keyring_verify(struct rota_keyring *keyring, const struct rota_proposal *proposal)
{
    struct keyring_verdict verdict = keyring_verdict_of(proposal);
    if (keyring_recalls(keyring, &verdict))
        return rota_ok();
    struct rota_es256k_public key;
    if (!rota_keyring_find(&key, keyring, &proposal->jws.kid))
        return rota_fail(ROTA_UNKNOWN_KEY, "signed with a key that is not in this ledger");
    ROTA_TRY(rota_jws_verify(&proposal->jws, &key));
    keyring_remember(keyring, &verdict);
    return rota_ok();
}

/* Against a member; with the key of the coordinator whose signature it may be about. */
static struct rota_status keyring_verify_member(struct rota_keyring *keyring, const struct rota_membership *membership,
                                                const struct rota_evidence *evidence)
{
    struct rota_es256k_public key;
    const struct rota_kid *kid = rota_evidence_kid(evidence);
    return rota_evidence_verify(evidence, membership, kid && rota_keyring_find(&key, keyring, kid) ? &key : NULL);
}

struct rota_status rota_keyring_verify_entry(struct rota_keyring *keyring, const struct rota_membership *membership,
                                             const struct rota_entry *entry)
{
    if (entry->kind == ROTA_ENTRY_PROPOSAL)
        return rota_keyring_verify(keyring, entry->proposal);
    if (entry->kind == ROTA_ENTRY_RECORD)
        return rota_record_verify(entry->record, membership);
    if (entry->kind == ROTA_ENTRY_CONFIG)
        return rota_ok(); /* its approvals are part of the rule, checked where it is admitted and executed */
    ROTA_ASSERT(entry->kind == ROTA_ENTRY_EVIDENCE);
    if (entry->evidence->kind != ROTA_EVIDENCE_COORDINATOR)
        return keyring_verify_member(keyring, membership, entry->evidence);
    ROTA_TRY(rota_keyring_verify(keyring, entry->evidence->first));
    return rota_keyring_verify(keyring, entry->evidence->second);
}
