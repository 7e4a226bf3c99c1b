/* A block header that is accepted is exactly what the encoder makes of it. */
#include "ledger/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rota_header header;
    uint8_t again[ROTA_HEADER_BYTES];
    if (size != ROTA_HEADER_BYTES || !rota_is_ok(rota_header_decode(&header, data)))
        return 0;
    rota_header_encode(again, &header);
    ROTA_ASSERT(memcmp(again, data, sizeof again) == 0);
    return 0;
}
