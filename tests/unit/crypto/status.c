#include "crypto/status.h"

#include "tests/unit/crypto/check.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static struct rota_status pass_up(struct rota_status status, int *reached)
{
    ROTA_TRY(status);
    (*reached)++;
    return rota_ok();
}

Test(status, a_failure_is_passed_up_and_success_goes_on)
{
    int reached = 0;
    expect_code(pass_up(rota_fail(ROTA_FULL, "no room"), &reached), ROTA_FULL);
    cr_assert_eq(reached, 0);
    expect_ok(pass_up(rota_ok(), &reached));
    cr_assert_eq(reached, 1);
}

Test(status, a_broken_invariant_stops_the_process, .signal = SIGABRT)
{
    (void)fclose(stderr);
    ROTA_ASSERT(1 + 1 == 3);
}

Test(status, an_invariant_that_holds_costs_nothing)
{
    ROTA_ASSERT(1 + 1 == 2);
}

Test(status, the_last_words_name_file_line_and_invariant)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL);
        (void)dup2(ends[1], STDERR_FILENO);
        rota_panic("clock.c", 42, "time goes on");
    }
    (void)close(ends[1]);
    char words[256] = "";
    ssize_t len = read(ends[0], words, sizeof words - 1);
    cr_assert_gt(len, 0);
    cr_assert(strstr(words, "clock.c:42") && strstr(words, "time goes on"), "said: %s", words);
    cr_assert_eq(words[len - 1], '\n');
}
