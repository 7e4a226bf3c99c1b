#include "node/journal.h"

#include "bench.h"

#include <sys/wait.h>
#include <unistd.h>

static struct rota_journal *journal_made(const struct bench *bench)
{
    struct rota_journal *journal = NULL;
    const char *path = bench_path(bench, "private.db");
    if (access(path, F_OK) != 0)
        cr_assert(rota_is_ok(rota_journal_create(path, &bench->genesis.ledger_id)));
    struct rota_status status = rota_journal_open(&journal, path, &bench->genesis.membership);
    cr_assert(rota_is_ok(status), "journal: %s", status.why);
    return journal;
}

static struct rota_durable durable_of(uint64_t view)
{
    struct rota_durable durable = {.standing = ROTA_STANDING_MEMBER, .view = view, .active = true, .tip_height = 3};
    durable.votes[5] = (struct rota_own_vote){.height = 5, .prepared = true, .view = view};
    return durable;
}

Test(journal, remembers_votes_and_counts_its_runs)
{
    struct bench bench;
    bench_open(&bench);
    struct rota_journal *journal = journal_made(&bench);
    cr_expect_not(rota_journal_recovered(journal).restarted);
    cr_expect_null(rota_journal_recovered(journal).durable);
    struct rota_durable durable = durable_of(4);
    bool synced = false;
    cr_assert(rota_is_ok(rota_journal_save(journal, &durable)));
    cr_assert(rota_is_ok(rota_journal_sync(journal, &synced)));
    cr_expect(synced);
    cr_assert(rota_is_ok(rota_journal_sync(journal, &synced)));
    cr_expect_not(synced, "nothing new: the disk is not waited for");
    rota_journal_close(journal);

    journal = journal_made(&bench);
    struct rota_journal_contents recovered = rota_journal_recovered(journal);
    cr_expect(recovered.restarted);
    cr_expect_eq(recovered.incarnation, 2);
    cr_assert_not_null(recovered.durable);
    cr_expect_eq(recovered.durable->view, 4);
    cr_expect(recovered.durable->votes[5].prepared);
    cr_expect_not(recovered.durable->votes[5].committed);
    rota_journal_close(journal);
    bench_close(&bench);
}

/* The process dies in the middle of a turn: the turn before is there, of the unfinished one nothing. */
Test(journal, a_turn_is_there_whole_or_not_at_all)
{
    struct bench bench;
    bench_open(&bench);
    rota_journal_close(journal_made(&bench));
    for (uint64_t view = 1; view <= 6; view++) {
        pid_t child = fork();
        cr_assert(child >= 0);
        if (child == 0) {
            struct rota_journal *journal = NULL;
            struct rota_durable durable = durable_of(view), unfinished = durable_of(view + 100);
            bool good =
                rota_is_ok(rota_journal_open(&journal, bench_path(&bench, "private.db"), &bench.genesis.membership)) &&
                rota_is_ok(rota_journal_save(journal, &durable)) && rota_is_ok(rota_journal_sync(journal, NULL)) &&
                rota_is_ok(rota_journal_save(journal, &unfinished));
            _exit(good ? 0 : 1);
        }
        int how = 0;
        cr_assert_eq(waitpid(child, &how, 0), child);
        cr_assert(WIFEXITED(how) && WEXITSTATUS(how) == 0);
        struct rota_journal *journal = journal_made(&bench);
        cr_assert_not_null(rota_journal_recovered(journal).durable);
        cr_expect_eq(rota_journal_recovered(journal).durable->view, view);
        rota_journal_close(journal);
    }
    bench_close(&bench);
}

/* PROTOCOL D4: a life that ended in the middle left its log behind; opening writes it into the file, which then has it
 * alone. */
Test(journal, opening_folds_the_log_into_the_file)
{
    struct bench bench;
    bench_open(&bench);
    struct rota_journal *journal = journal_made(&bench), *again = NULL;
    struct rota_durable durable = durable_of(7);
    cr_assert(rota_is_ok(rota_journal_save(journal, &durable)) && rota_is_ok(rota_journal_sync(journal, NULL)));
    rota_journal_give_up(journal);
    rota_journal_close(journal);
    journal = journal_made(&bench);
    char command[512];
    snprintf(command, sizeof command, "cp %s/private.db %s/alone.db", bench.folder, bench.folder);
    cr_assert_eq(system(command), 0);
    cr_assert(rota_is_ok(rota_journal_open(&again, bench_path(&bench, "alone.db"), &bench.genesis.membership)));
    cr_assert_not_null(rota_journal_recovered(again).durable);
    cr_expect_eq(rota_journal_recovered(again).durable->view, 7);
    rota_journal_close(again);
    rota_journal_close(journal);
    bench_close(&bench);
}

static bool block_count(void *context, struct rota_block *block)
{
    uint64_t *sum = context;
    *sum += block->header.height;
    return true;
}

Test(journal, keeps_blocks_until_the_ledger_has_them)
{
    struct bench bench;
    struct bench_side side;
    uint64_t sum = 0;
    bench_open(&bench);
    bench_side_open(&side, &bench, "ledger.db");
    struct rota_journal *journal = journal_made(&bench);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        bench_wait(&side, bench_enrol(&bench, "alpha-director", seq, "n-1"));
        const struct rota_block *block = bench_build(&side);
        cr_assert(rota_is_ok(rota_journal_save_block(journal, block)));
        cr_assert(rota_is_ok(rota_journal_save_block(journal, block)), "twice is as good as once");
    }
    cr_assert(rota_is_ok(rota_journal_sync(journal, NULL)));
    cr_assert(rota_is_ok(rota_journal_blocks(journal, block_count, &sum)));
    cr_expect_eq(sum, 1 + 2 + 3);
    struct rota_durable durable = durable_of(0);
    rota_journal_forget(journal, 2);
    cr_assert(rota_is_ok(rota_journal_save(journal, &durable)));
    cr_assert(rota_is_ok(rota_journal_sync(journal, NULL)));
    rota_journal_close(journal);
    journal = journal_made(&bench);
    sum = 0;
    cr_assert(rota_is_ok(rota_journal_blocks(journal, block_count, &sum)));
    cr_expect_eq(sum, 3);
    rota_journal_close(journal);
    bench_side_close(&side);
    bench_close(&bench);
}

Test(journal, is_refused_when_it_is_not_what_it_should_be)
{
    struct bench bench;
    struct rota_journal *journal = NULL;
    bench_open(&bench);
    const char *path = bench_path(&bench, "private.db");
    cr_expect_eq(rota_journal_open(&journal, path, &bench.genesis.membership).code, ROTA_NOT_FOUND);
    rota_journal_close(journal_made(&bench));
    cr_expect_eq(rota_journal_create(path, &bench.genesis.ledger_id).code, ROTA_EXISTS, "never over an existing one");
    struct rota_membership other = bench.genesis.membership;
    other.ledger_id.b[0] ^= 1;
    cr_expect_eq(rota_journal_open(&journal, path, &other).code, ROTA_WRONG_LEDGER);
    cr_expect_null(journal);
    bench_close(&bench);
}

/* One bit of what was said is another: the node must not believe it. */
Test(journal, a_spoiled_record_is_refused)
{
    struct bench bench;
    bench_open(&bench);
    struct rota_journal *journal = journal_made(&bench);
    struct rota_durable durable = durable_of(0x1122334455667788);
    cr_assert(rota_is_ok(rota_journal_save(journal, &durable)));
    cr_assert(rota_is_ok(rota_journal_sync(journal, NULL)));
    rota_journal_close(journal); /* the last connection folds the log into the file */
    static const uint8_t mark[] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};
    static uint8_t bytes[1 << 20];
    FILE *file = fopen(bench_path(&bench, "private.db"), "r+b");
    cr_assert(file != NULL);
    size_t len = fread(bytes, 1, sizeof bytes, file);
    uint8_t *found = memmem(bytes, len, mark, sizeof mark);
    cr_assert(found != NULL);
    cr_assert(fseek(file, found - bytes, SEEK_SET) == 0 && fputc(0x10, file) == 0x10 && fclose(file) == 0);
    cr_expect_eq(rota_journal_open(&journal, bench_path(&bench, "private.db"), &bench.genesis.membership).code,
                 ROTA_MALFORMED);
    bench_close(&bench);
}
