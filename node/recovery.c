/* Lost memory, as the node's operator meets it (PROTOCOL H1 to H8): a file that is missing or damaged is never replaced
 * silently, what was there is kept aside, and what the node waits for is said in words. */
#include "node/recovery.h"

#include "ledger/store/journal.h"
#include "ledger/store/store.h"
#include "node/log.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* A journal that cannot be read any more tells nobody what was said: it is kept for whoever wants to look at it. */
static struct rota_status journal_renew(const char *path, const struct rota_hash *ledger_id, struct rota_status wrong)
{
    char kept[PATH_MAX] = "";
    if (file_exists(path))
        ROTA_TRY(rota_journal_file_set_aside(kept, sizeof kept, path));
    ROTA_TRY(rota_journal_create(path, ledger_id));
    rota_log(
        ROTA_LOG_WARNING, "journal-lost",
        "file=\"%s\" why=\"%s\" kept=\"%s\" text=\"this node no longer knows what it has voted; a new journal was made, and "
        "until others show that it is safe the node votes on nothing: it catches up and answers readers\"",
        path, wrong.why, kept);
    return rota_ok();
}

struct rota_status rota_recovery_open_journal(struct rota_journal **out, const char *path,
                                              const struct rota_membership *membership)
{
    struct rota_status status = rota_journal_open(out, path, membership);
    if (status.code != ROTA_NOT_FOUND && status.code != ROTA_MALFORMED)
        return status;
    ROTA_TRY(journal_renew(path, &membership->ledger_id, status));
    return rota_journal_open(out, path, membership);
}

struct rota_status rota_recovery_make_ledger(const char *ledger, const char *journal, const struct rota_genesis *genesis)
{
    if (file_exists(ledger))
        return rota_ok();
    if (!file_exists(journal))
        return rota_fail(ROTA_NOT_FOUND,
                         "neither ledger nor journal is here: make this node's directory with rota node init");
    ROTA_TRY(rota_store_create(ledger, genesis));
    rota_log(ROTA_LOG_WARNING, "ledger-lost",
             "file=\"%s\" text=\"there was a journal and no ledger: an empty ledger was made, and is filled from the other "
             "facilities\"",
             ledger);
    return rota_ok();
}

/* ---- in words ------------------------------------------------------------------------------------------------------- */

static int members_print(char *out, size_t size, const struct rota_membership *membership, uint32_t members)
{
    int len = 0;
    for (uint32_t i = 0; i < membership->count && (size_t)len < size; i++)
        if (members >> i & 1)
            len += snprintf(out + len, size - (size_t)len, "%s%s", len > 0 ? ", " : "", membership->members[i].id.text);
    return len;
}

static void answers_words(char *out, size_t size, const struct rota_core_view *view,
                          const struct rota_membership *membership, uint32_t self)
{
    char missing[768] = "";
    uint32_t all = (uint32_t)((UINT64_C(1) << membership->count) - 1);
    members_print(missing, sizeof missing, membership, all & ~view->answered & ~(UINT32_C(1) << self));
    (void)snprintf(out, size, "it has %u of the %u answers that it needs; not heard yet: %s", view->answers_count,
                   view->answers_needed, missing[0] ? missing : "nobody");
}

void rota_recovery_words(char out[ROTA_RECOVERY_WORDS_MAX], const struct rota_core_view *view,
                         const struct rota_membership *membership, uint32_t self)
{
    char waits[1024], others[768] = "";
    out[0] = '\0';
    bool greets = view->standing == ROTA_STANDING_MEMBER && view->greeting;
    if (view->halted || (view->standing != ROTA_STANDING_NEW && view->standing != ROTA_STANDING_RECOVERING && !greets))
        return; /* it waits for nothing any more, is a member like any other, or none of this epoch */
    bool knows = view->standing == ROTA_STANDING_RECOVERING && view->recover_view != UINT64_MAX;
    if (knows)
        (void)snprintf(waits, sizeof waits, "it votes again after a commit in a view later than %llu%s",
                       (unsigned long long)view->recover_view,
                       view->recorded || membership->count < 3 ? "" : ", and when the ledger holds its word about it");
    else
        answers_words(waits, sizeof waits, view, membership, self);
    members_print(others, sizeof others, membership, view->recovering & ~(UINT32_C(1) << self));
    (void)snprintf(out, ROTA_RECOVERY_WORDS_MAX, "%s: %s%s%s",
                   greets                                ? "just started"
                   : view->standing == ROTA_STANDING_NEW ? "new here"
                                                         : view->recovering_why,
                   waits, others[0] ? "; also recovering: " : "", others);
    uint32_t voters = membership->count - 1 - (uint32_t)__builtin_popcount(view->recovering & ~(UINT32_C(1) << self));
    if (knows && membership->count > 2 && voters < rota_quorum(membership->count, membership->profile)) {
        size_t len = strlen(out);
        (void)snprintf(out + len, ROTA_RECOVERY_WORDS_MAX - len,
                       "; ONLY %u CAN VOTE AND %u ARE NEEDED: they cannot come back by themselves", voters,
                       rota_quorum(membership->count, membership->profile));
    }
}

void rota_recovery_report(const struct rota_core_view *before, const struct rota_core_view *now,
                          const struct rota_membership *membership, uint32_t self)
{
    char words[ROTA_RECOVERY_WORDS_MAX];
    bool news = before->standing != now->standing || before->greeting != now->greeting ||
                before->answers_count != now->answers_count || before->recover_view != now->recover_view ||
                before->recovering != now->recovering ||
                (before->recorded != now->recorded && now->standing == ROTA_STANDING_RECOVERING);
    if (!news || now->halted) /* why it halted has been said */
        return;
    rota_recovery_words(words, now, membership, self);
    if (words[0])
        rota_log(now->standing == ROTA_STANDING_MEMBER ? ROTA_LOG_INFO : ROTA_LOG_WARNING,
                 now->standing == ROTA_STANDING_RECOVERING ? "recovering" : "greeting", "run=%llu text=\"%s\"",
                 (unsigned long long)now->incarnation, words);
    else if (before->standing == ROTA_STANDING_RECOVERING)
        rota_log(ROTA_LOG_WARNING, "recovered", "run=%llu view=%llu text=\"this node votes again\"",
                 (unsigned long long)now->incarnation, (unsigned long long)now->view);
}
