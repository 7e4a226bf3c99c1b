#include "node/tools/genesis_words.h"

#include "crypto/words.h"
#include "node/tools/output.h"

static void genesis_tolerance_crash(char *out, size_t out_size, uint32_t n, uint32_t absent)
{
    const char *extra = "";
    if (n == 2)
        extra = " Two members are less available than one: each can stop the ledger.";
    (void)snprintf(out, out_size,
                   "Crash profile: it tolerates no liar. One member that lies or is broken into can rewrite what is not yet "
                   "committed. It goes on while %u of %u are absent.%s",
                   absent, n, extra);
}

static void genesis_tolerance_byzantine(char *out, size_t out_size, uint32_t n, uint32_t f, uint32_t absent)
{
    const char *extra = "";
    if (n == 1)
        extra = " One member alone proves to others only what it chose to sign.";
    else if (n == 2)
        extra = " Two members are less available than one: each can stop the ledger.";
    else if (n == 3)
        extra = " The smallest network that tolerates a liar has four members.";
    if (f == 0)
        (void)snprintf(out, out_size, "It tolerates no liar, and goes on while %u of %u are absent.%s", absent, n, extra);
    else
        (void)snprintf(
            out, out_size,
            "It tolerates %u lying or broken member%s of %u: no lie is committed, and the ledger goes on while at most "
            "%u %s absent or lying.",
            f, f == 1 ? "" : "s", n, absent, absent == 1 ? "is" : "are");
}

void rota_genesis_tolerance(char *out, size_t out_size, const struct rota_membership *membership)
{
    uint32_t n = membership->count;
    uint32_t absent = n - rota_quorum(n, membership->profile);
    if (membership->profile == ROTA_PROFILE_CRASH)
        genesis_tolerance_crash(out, out_size, n, absent);
    else
        genesis_tolerance_byzantine(out, out_size, n, rota_fault_bound(n, membership->profile), absent);
}

void rota_roles_in_words(char *out, size_t out_size, uint32_t roles)
{
    bool scheduler = (roles & ROTA_ROLE_SCHEDULER) != 0;
    bool director = (roles & ROTA_ROLE_DIRECTOR) != 0;
    (void)snprintf(out, out_size, "%s%s%s", scheduler ? "scheduler" : "", scheduler && director ? "+" : "",
                   director ? "director" : "");
}

json_t *rota_roles_from_words(const char *text)
{
    json_t *roles = json_array();
    for (size_t len; *text != '\0'; text += len + (text[len] == '+')) {
        len = strcspn(text, "+");
        bool known = (len == 9 && strncmp(text, "scheduler", len) == 0) || (len == 8 && strncmp(text, "director", len) == 0);
        if (!known || json_array_append_new(roles, json_stringn(text, len)) != 0) {
            json_decref(roles);
            return NULL;
        }
    }
    return roles;
}

void rota_ledger_id_print(FILE *out, const struct rota_hash *ledger_id)
{
    char hex[2 * ROTA_HASH_BYTES + 1];
    char words[ROTA_WORDS_CHARS_MAX];
    rota_hex_encode(hex, rota_view(ledger_id->b, sizeof ledger_id->b));
    rota_words_format(words, ledger_id);
    (void)fprintf(out, "ledger id   %s\nwords       %s\n", hex, words);
}

void rota_ledger_id_result(json_t *result, const struct rota_hash *ledger_id)
{
    char words[ROTA_WORDS_CHARS_MAX];
    rota_words_format(words, ledger_id);
    rota_result_hex(result, "ledger_id", rota_view(ledger_id->b, sizeof ledger_id->b));
    rota_result_text(result, "words", words);
}
