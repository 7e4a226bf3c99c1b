/* A certificate that is accepted encodes to the same bytes, and no random one verifies. */
#include "ledger/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool refuse(const struct rota_ed25519_public *key, struct rota_view message, const struct rota_signature *signature)
{
    (void)key;
    (void)message;
    (void)signature;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rota_certificate certificate;
    static uint8_t again[ROTA_CERTIFICATE_BYTES_MAX];
    struct rota_reader reader = rota_reader(rota_view(data, size));
    rota_certificate_decode(&reader, &certificate);
    if (!rota_is_ok(rota_reader_finish(&reader)))
        return 0;
    struct rota_writer writer = rota_writer(again, sizeof again);
    rota_certificate_encode(&writer, &certificate);
    ROTA_ASSERT(!writer.bad && writer.len == size && memcmp(again, data, size) == 0);
    struct rota_membership membership = {
        .profile = ROTA_PROFILE_BYZANTINE, .count = 4, .epoch = certificate.epoch, .verify = refuse};
    ROTA_ASSERT(!rota_is_ok(rota_certificate_verify(&membership, &certificate)));
    return 0;
}
