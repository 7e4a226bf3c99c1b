#include "crypto/init.h"

#include "crypto/status.h"

#include <jansson.h>
#include <pthread.h>
#include <sodium.h>

static pthread_once_t init_once = PTHREAD_ONCE_INIT;

static void init_run(void)
{
    ROTA_ASSERT(sodium_init() >= 0);
    json_object_seed(0);
}

void rota_crypto_init(void)
{
    int failed = pthread_once(&init_once, init_run);
    ROTA_ASSERT(failed == 0);
}
