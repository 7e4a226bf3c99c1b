#include "node/tools/genesis_words.h"

#include "crypto/words.h"
#include "node/tools/output.h"

/* "all of them must be there", or how many may be missing. */
static void genesis_absence(char *out, size_t out_size, uint32_t n, uint32_t absent)
{
    if (n == 1)
        (void)snprintf(out, out_size, "it stops when its one member does");
    else if (absent == 0)
        (void)snprintf(out, out_size, "it stops when any of its %u members is absent", n);
    else
        (void)snprintf(out, out_size, "it goes on while at most %u of %u %s absent", absent, n, absent == 1 ? "is" : "are");
}

static const char *genesis_advice(uint32_t n)
{
    if (n == 1)
        return " One member alone proves to others only what it chose to sign.";
    if (n == 2)
        return " Two members are less available than one.";
    return n == 3 ? " The smallest network that tolerates a liar has four members." : "";
}

static void genesis_tolerance_liars(char *out, size_t out_size, uint32_t n, uint32_t f, uint32_t absent)
{
    (void)snprintf(
        out, out_size,
        "It tolerates %u lying or broken member%s of %u: no lie is committed, and the ledger goes on while at most "
        "%u %s absent or lying.",
        f, f == 1 ? "" : "s", n, absent, absent == 1 ? "is" : "are");
}

void rota_genesis_tolerance(char *out, size_t out_size, const struct rota_membership *membership)
{
    char absence[128];
    uint32_t n = membership->count;
    uint32_t f = rota_fault_bound(n, membership->profile);
    uint32_t absent = n - rota_quorum(n, membership->profile);
    genesis_absence(absence, sizeof absence, n, absent);
    if (f > 0)
        genesis_tolerance_liars(out, out_size, n, f, absent);
    else if (membership->profile == ROTA_PROFILE_CRASH && n > 1)
        (void)snprintf(
            out, out_size,
            "It tolerates no liar (crash profile): one member that lies or is broken into can make the others hold "
            "different ledgers; %s.%s",
            absence, n == 2 ? genesis_advice(n) : "");
    else
        (void)snprintf(out, out_size, "It tolerates no liar; %s.%s", absence, genesis_advice(n));
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
