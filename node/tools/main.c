/* rota: everybody's command line. This file finds the command; command.c runs it. */
#include "crypto/init.h"
#include "node/tools/command.h"
#include "node/tools/exit_code.h"
#include "node/tools/suggest.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

const char *argp_program_version = "rota " ROTA_VERSION;

/* True when the first of the command's two words is this. */
static bool main_begins(const struct rota_command *command, const char *word)
{
    size_t len = strlen(word);
    return strncmp(command->name, word, len) == 0 && command->name[len] == ' ';
}

static void main_list(FILE *out, const char *group)
{
    size_t len = strlen(group);
    for (const struct rota_command *const *command = rota_commands; *command != NULL; command++)
        if (len == 0 || main_begins(*command, group))
            (void)fprintf(out, "  %-16s %s\n", (*command)->name, (*command)->summary);
}

static void main_help(FILE *out)
{
    (void)fputs("Usage: rota COMMAND [OPTION...]\n\n"
                "Prepare, sign and submit schedule proposals; run a node; read and check the ledger.\n\n",
                out);
    main_list(out, "");
    (void)fputs(
        "\nrota help COMMAND explains one; rota --version names the version. Exit codes: 0 done, 1 the answer is no,\n"
        "2 usage, 3 inconclusive, 4 equivocation, 5 unreadable, 6 unsupported, 7 key or permission, 8 try later,\n"
        "70 a bug. The manual is rota(1).\n",
        out);
}

static bool main_is_group(const char *word)
{
    for (const struct rota_command *const *command = rota_commands; *command != NULL; command++)
        if (main_begins(*command, word))
            return true;
    return false;
}

static int main_unknown(const char *typed)
{
    struct rota_suggestion suggestion = {0};
    for (const struct rota_command *const *command = rota_commands; *command != NULL; command++) {
        char group[32];
        const char *name = (*command)->name;
        struct rota_suggestion by_group = {0};
        (void)snprintf(group, sizeof group, "%.*s", (int)strcspn(name, " "), name);
        rota_suggestion_offer(&by_group, typed, group);
        rota_suggestion_offer(&suggestion, typed, name);
        if (suggestion.word == NULL && by_group.word != NULL)
            suggestion = (struct rota_suggestion){name, by_group.distance};
    }
    (void)fprintf(stderr, "rota: there is no command \"%s\"\n", typed);
    if (suggestion.word != NULL)
        (void)fprintf(stderr, "did you mean: rota %s?\n", suggestion.word);
    (void)fputs("see: rota help\n", stderr);
    return ROTA_EXIT_USAGE;
}

/* The command that words[0..count) begin with; *out_used is 1 or 2. */
static const struct rota_command *main_find(char **words, int count, int *out_used)
{
    char name[80];
    *out_used = 1;
    const struct rota_command *command = rota_command_find(words[0]);
    if (command != NULL || count < 2)
        return command;
    *out_used = 2;
    (void)snprintf(name, sizeof name, "%s %s", words[0], words[1]);
    return rota_command_find(name);
}

static int main_group(const char *group, FILE *out)
{
    (void)fprintf(out, "Commands of \"%s\":\n", group);
    main_list(out, group);
    return out == stdout ? ROTA_EXIT_DONE : ROTA_EXIT_USAGE;
}

/* words: what was typed, without the program's name; there is no such command. */
static int main_lost(char **words, int count)
{
    char typed[80];
    bool lone = count < 2 || words[1][0] == '-';
    if (lone && main_is_group(words[0]))
        return main_group(words[0], count < 2 ? stderr : stdout);
    bool group = !lone && main_is_group(words[0]);
    (void)snprintf(typed, sizeof typed, group ? "%s %s" : "%s", words[0], lone ? "" : words[1]);
    return main_unknown(typed);
}

static int main_explain(char **words, int count)
{
    int used;
    if (count == 0) {
        main_help(stdout);
        return ROTA_EXIT_DONE;
    }
    const struct rota_command *command = main_find(words, count, &used);
    if (command != NULL) {
        rota_command_help(command);
        return ROTA_EXIT_DONE;
    }
    if (count == 1 && main_is_group(words[0]))
        return main_group(words[0], stdout);
    return main_lost(words, count);
}

/* Keys pass through this process: no core dump, and no debugger of the same user unless the build is there to be debugged.
 */
static bool main_prepare(void)
{
    static const struct rlimit no_core = {0, 0};
#ifndef ROTA_SANITIZED
    if (prctl(PR_SET_DUMPABLE, 0) != 0)
        return false;
#endif
    rota_crypto_init();
    return setrlimit(RLIMIT_CORE, &no_core) == 0;
}

int main(int argc, char **argv)
{
    int used;
    char name[80];
    if (!main_prepare()) {
        (void)fputs("rota: the system does not let this process protect its memory\n", stderr);
        return ROTA_EXIT_BUG;
    }
    if (argc < 2) {
        main_help(stderr);
        return ROTA_EXIT_USAGE;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
        return main_explain(argv + 2, argc - 2);
    if (strcmp(argv[1], "--version") == 0)
        return puts(argp_program_version) < 0 ? ROTA_EXIT_BUG : ROTA_EXIT_DONE;
    const struct rota_command *command = main_find(argv + 1, argc - 1, &used);
    if (command == NULL)
        return main_lost(argv + 1, argc - 1);
    (void)snprintf(name, sizeof name, "rota %s", command->name);
    argv[used] = name;
    return rota_command_run(command, argc - used, argv + used);
}
