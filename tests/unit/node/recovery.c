/* What an operator reads of a node that does not vote yet (PROTOCOL H2, H5). */
#include "node/recovery.h"

#include "tests/unit/ledger/fixture.h"

#include <criterion/criterion.h>

static struct rota_genesis genesis;

static void start(void)
{
    fixture_genesis(&genesis, 4);
}

static void end(void)
{
    rota_genesis_free(&genesis);
}

TestSuite(recovery, .init = start, .fini = end);

static void expect_words(const struct rota_core_view *view, const char *expected)
{
    char words[ROTA_RECOVERY_WORDS_MAX];
    rota_recovery_words(words, view, &genesis.membership, 1);
    cr_expect_str_eq(words, expected);
}

Test(recovery, a_node_that_greets_says_whose_answers_are_missing)
{
    struct rota_core_view view = {.mode = ROTA_MODE_GREETING,
                                  .standing = ROTA_STANDING_MEMBER,
                                  .greeting = true,
                                  .answered = 1u << 2,
                                  .answers_count = 1,
                                  .answers_needed = 2};
    expect_words(&view, "just started: it has 1 of the 2 answers that it needs; not heard yet: alpha, delta");
    view.standing = ROTA_STANDING_NEW;
    expect_words(&view, "new here: it has 1 of the 2 answers that it needs; not heard yet: alpha, delta");
    view.halted = "more liars than the ledger tolerates";
    expect_words(&view, "");
    view.halted = NULL;
    view.standing = ROTA_STANDING_MEMBER;
    view.greeting = false;
    expect_words(&view, "");
}
