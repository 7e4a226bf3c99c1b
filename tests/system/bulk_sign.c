/* rota-bulk-sign: opens a key once and signs many small proposals, so that a test has something to hand in.
 *   rota-bulk-sign KEYFILE PASSPHRASE LEDGER_HEX FIRST_SEQ COUNT PERSON FACILITY FIRST_DAY_NUMBER
 * One compact JWS a line: PERSON works one hour on each day from the given one (days since 1970-01-01) on. */
#include "crypto/jws.h"
#include "crypto/keyfile.h"
#include "ledger/proposal.h"

#include <stdio.h>
#include <stdlib.h>

static void sign_one(const struct rota_es256k_secret *secret, char **words, unsigned long seq, int32_t day)
{
    char payload[512], jws[2048], date[ROTA_TIME_CHARS_MAX];
    size_t len;
    rota_time_format_day(date, day);
    int payload_len = snprintf(payload, sizeof payload,
                               "{\"ledger\":\"%s\",\"seq\":%lu,\"exp\":1000000000,\"reason\":\"test\",\"ops\":[{\"op\":"
                               "\"assign\",\"person\":\"%s\","
                               "\"code\":\"DAY\",\"facility\":\"%s\",\"start\":\"%sT08:00Z\",\"minutes\":60}]}",
                               words[3], seq, words[6], words[7], date);
    struct rota_status status =
        rota_jws_sign(jws, &len, sizeof jws, rota_view(payload, (size_t)payload_len), ROTA_PROPOSAL_TYP, secret);
    if (!rota_is_ok(status)) {
        fprintf(stderr, "%s\n", status.why);
        exit(1);
    }
    puts(jws);
}

int main(int argc, char **argv)
{
    if (argc != 9)
        return 2;
    struct rota_secret_key key;
    struct rota_status status = rota_keyfile_read(&key, argv[1], argv[2]);
    if (!rota_is_ok(status) || key.role != ROTA_KEY_COORDINATOR) {
        fprintf(stderr, "%s\n", rota_is_ok(status) ? "not a coordinator's key" : status.why);
        return 1;
    }
    unsigned long first = strtoul(argv[4], NULL, 10), count = strtoul(argv[5], NULL, 10);
    for (unsigned long i = 0; i < count; i++)
        sign_one(&key.coordinator, argv, first + i, (int32_t)(strtol(argv[8], NULL, 10) + (long)i));
    rota_secret_key_wipe(&key);
    return 0;
}
