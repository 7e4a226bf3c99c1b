/* A block with its entries (proposals, evidence) that is accepted encodes to the same bytes. */
#include "ledger/body.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rota_block *block;
    if (!rota_is_ok(rota_block_decode(&block, rota_view(data, size))))
        return 0;
    uint8_t *again = malloc(size);
    ROTA_ASSERT(again);
    struct rota_writer writer = rota_writer(again, size);
    rota_block_encode(&writer, block);
    ROTA_ASSERT(!writer.bad && writer.len == size && memcmp(again, data, size) == 0);
    free(again);
    rota_block_release(block);
    return 0;
}
