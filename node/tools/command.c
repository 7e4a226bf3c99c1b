#include "node/tools/command.h"

#include "node/tools/exit_code.h"
#include "node/tools/options.h"
#include "node/tools/suggest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMAND_CHILDREN_MAX = 6 };

/* A command's argp with the shared groups that it uses hung beside it. */
struct command_parser {
    struct argp argp;
    struct argp_child children[COMMAND_CHILDREN_MAX + 1];
};

static bool command_uses(const struct rota_command *command, const struct rota_option_group *group)
{
    return group->use == 0 || (command->uses & group->use) != 0;
}

/* Every group gets the options struct as its input. */
static error_t command_hand_out(int key, char *arg, struct argp_state *state)
{
    const struct rota_common *common = state->input;
    size_t count = 0;
    (void)arg;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[count++] = state->input;
    for (const struct rota_option_group *group = rota_option_groups; group->argp != NULL; group++)
        if (command_uses(common->command, group))
            state->child_inputs[count++] = state->input;
    return 0;
}

static void command_parser_build(struct command_parser *out, const struct rota_command *command)
{
    memset(out, 0, sizeof *out);
    out->argp.parser = command_hand_out;
    out->argp.children = out->children;
    size_t count = 0;
    out->children[count++].argp = command->argp;
    for (const struct rota_option_group *group = rota_option_groups; group->argp != NULL; group++)
        if (command_uses(command, group)) {
            ROTA_ASSERT(count < COMMAND_CHILDREN_MAX);
            out->children[count] = (struct argp_child){.argp = group->argp, .header = group->title, .group = (int)count};
            count++;
        }
}

const struct rota_command *rota_command_find(const char *name)
{
    for (const struct rota_command *const *command = rota_commands; *command != NULL; command++)
        if (strcmp((*command)->name, name) == 0)
            return *command;
    return NULL;
}

void rota_command_help(const struct rota_command *command)
{
    char name[80];
    char help[] = "--help";
    char *argv[] = {name, help, NULL};
    (void)snprintf(name, sizeof name, "rota %s", command->name);
    (void)rota_command_run(command, 2, argv);
}

void rota_command_each_option(const struct rota_command *command,
                              void (*fn)(void *context, const struct argp_option *option), void *context)
{
    static const struct argp_option builtin[] = {{.name = "help"}, {.name = "usage"}, {.name = "version"}, {0}};
    struct command_parser parser;
    command_parser_build(&parser, command);
    for (const struct argp_child *child = parser.children; child->argp != NULL; child++)
        for (const struct argp_option *option = child->argp->options; option != NULL && option->name != NULL; option++)
            fn(context, option);
    for (const struct argp_option *option = builtin; option->name != NULL; option++)
        fn(context, option);
}

/* A long option as it was typed, while it is looked up. */
struct command_typed_option {
    char text[64];
    bool known;
    struct rota_suggestion suggestion;
};

static void command_compare_option(void *context, const struct argp_option *option)
{
    struct command_typed_option *typed = context;
    if (strcmp(typed->text, option->name) == 0)
        typed->known = true;
    rota_suggestion_offer(&typed->suggestion, typed->text, option->name);
}

/* getopt would take any unique abbreviation; we take whole words only, so that scripts keep their meaning. */
static void command_check_option(const struct rota_command *command, const char *argument)
{
    struct command_typed_option typed = {0};
    size_t len = strcspn(argument + 2, "=");
    (void)snprintf(typed.text, sizeof typed.text, "%.*s", (int)len, argument + 2);
    rota_command_each_option(command, command_compare_option, &typed);
    if (typed.known)
        return;
    (void)fprintf(stderr, "rota %s: there is no option --%s\n", command->name, typed.text);
    if (typed.suggestion.word != NULL)
        (void)fprintf(stderr, "did you mean --%s?\n", typed.suggestion.word);
    (void)fprintf(stderr, "see: rota help %s\n", command->name);
    exit(ROTA_EXIT_USAGE);
}

static void command_check_options(const struct rota_command *command, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strncmp(argv[i], "--", 2) == 0)
            command_check_option(command, argv[i]);
}

int rota_command_run(const struct rota_command *command, int argc, char **argv)
{
    struct command_parser parser;
    command_check_options(command, argc, argv);
    struct rota_common *options = calloc(1, command->options_size);
    if (options == NULL)
        return ROTA_EXIT_BUG;
    rota_common_defaults(options, command);
    command_parser_build(&parser, command);
    argp_err_exit_status = ROTA_EXIT_USAGE;
    error_t error = argp_parse(&parser.argp, argc, argv, 0, NULL, options);
    rota_common_complete(options);
    int code = error == 0 ? command->run(options) : ROTA_EXIT_USAGE;
    free(options);
    return code;
}

_Noreturn void rota_usage_fail(const struct argp_state *state, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fprintf(stderr, "%s: ", state->name);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "\nsee: %s --help\n", state->name);
    exit(ROTA_EXIT_USAGE);
}

uint64_t rota_usage_number(const struct argp_state *state, const char *what, const char *text, uint64_t min, uint64_t max)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = text[0] >= '0' && text[0] <= '9' ? strtoull(text, &end, 10) : 0;
    if (end == NULL || *end != '\0' || errno != 0 || value < min || value > max)
        rota_usage_fail(state, "%s must be a whole number from %llu to %llu, not \"%s\"", what, (unsigned long long)min,
                        (unsigned long long)max, text);
    return value;
}

void rota_usage_argument(const struct argp_state *state, const char **slot, char *value)
{
    if (*slot != NULL)
        rota_usage_fail(state, "one argument is enough: \"%s\" or \"%s\"?", *slot, value);
    *slot = value;
}
