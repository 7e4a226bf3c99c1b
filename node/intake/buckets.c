#include "node/intake/buckets.h"

enum { TOKEN = 1000 };

void rota_buckets_init(struct rota_buckets *buckets, uint32_t rate_per_second, uint32_t burst)
{
    ROTA_ASSERT(rate_per_second >= 1);
    ROTA_ASSERT(burst >= 1);
    memset(buckets, 0, sizeof *buckets);
    buckets->rate_per_second = rate_per_second;
    buckets->burst = burst;
}

/* The bucket of this key; a new one is full and takes the place that was idle longest. */
static struct rota_bucket *bucket_find(struct rota_buckets *buckets, const struct rota_kid *who, uint64_t now_ms)
{
    struct rota_bucket *idle = &buckets->items[0];
    for (size_t i = 0; i < ROTA_BUCKETS_MAX; i++) {
        struct rota_bucket *bucket = &buckets->items[i];
        if (bucket->used_ms != 0 && rota_kid_equal(&bucket->who, who))
            return bucket;
        if (bucket->used_ms < idle->used_ms)
            idle = bucket;
    }
    *idle = (struct rota_bucket){.who = *who, .filled_ms = now_ms, .millitokens = (uint64_t)buckets->burst * TOKEN};
    return idle;
}

/* Time may seem to run backwards: who asks reads the clock before it has the lock. Then nothing is gained. */
static void bucket_fill(struct rota_bucket *bucket, const struct rota_buckets *buckets, uint64_t now_ms)
{
    uint64_t full = (uint64_t)buckets->burst * TOKEN;
    if (now_ms <= bucket->filled_ms)
        return;
    uint64_t passed = now_ms - bucket->filled_ms, missing = full - bucket->millitokens;
    /* rate a second is rate millitokens a ms */
    bucket->millitokens =
        passed > missing / buckets->rate_per_second ? full : bucket->millitokens + passed * buckets->rate_per_second;
    bucket->filled_ms = now_ms;
}

bool rota_buckets_take(struct rota_buckets *buckets, const struct rota_kid *who, uint64_t now_ms, uint32_t *out_wait_ms)
{
    struct rota_bucket *bucket = bucket_find(buckets, who, now_ms);
    bucket_fill(bucket, buckets, now_ms);
    bucket->used_ms = bucket->filled_ms ? bucket->filled_ms : 1;
    if (bucket->millitokens >= TOKEN) {
        bucket->millitokens -= TOKEN;
        *out_wait_ms = 0;
        return true;
    }
    buckets->refused++;
    *out_wait_ms = (uint32_t)((TOKEN - bucket->millitokens + buckets->rate_per_second - 1) / buckets->rate_per_second);
    return false;
}

void rota_buckets_give_back(struct rota_buckets *buckets, const struct rota_kid *who)
{
    uint64_t full = (uint64_t)buckets->burst * TOKEN;
    for (size_t i = 0; i < ROTA_BUCKETS_MAX; i++) {
        struct rota_bucket *bucket = &buckets->items[i];
        if (bucket->used_ms == 0 || !rota_kid_equal(&bucket->who, who))
            continue;
        bucket->millitokens = full - bucket->millitokens > TOKEN ? bucket->millitokens + TOKEN : full;
        return;
    }
}
