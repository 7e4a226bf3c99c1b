/* rota completion: a script for the shell, made from the table of commands. */
#include "node/tools/commands.h"
#include "node/tools/exit_code.h"

#include <stdio.h>
#include <string.h>

struct completion_options {
    struct rota_common common;
    const char *shell;
};

static error_t completion_parse(int key, char *arg, struct argp_state *state)
{
    struct completion_options *options = state->input;
    if (key == ARGP_KEY_ARG) {
        rota_usage_argument(state, &options->shell, arg);
        return 0;
    }
    if (key != ARGP_KEY_END)
        return ARGP_ERR_UNKNOWN;
    if (options->shell == NULL || strcmp(options->shell, "bash") != 0)
        rota_usage_fail(state, "which shell? There is one for bash");
    return 0;
}

static const struct argp completion_argp = {
    .parser = completion_parse,
    .args_doc = "bash",
    .doc = "Print the completion script of a shell. For one session: source <(rota completion bash)"};

static void completion_option(void *context, const struct argp_option *option)
{
    (void)printf(" --%s", option->name);
    (void)context;
}

/* The first words, each once. */
static void completion_nouns(void)
{
    const char *before = "";
    for (const struct rota_command *const *command = rota_commands; *command != NULL; command++) {
        size_t len = strcspn((*command)->name, " ");
        if (strncmp(before, (*command)->name, len) != 0 || before[len] != ' ')
            (void)printf(" %.*s", (int)len, (*command)->name);
        before = (*command)->name;
    }
}

/* "genesis) words="new show seal";;" for the nouns with several verbs. */
static void completion_verbs(void)
{
    const char *open = NULL;
    for (const struct rota_command *const *command = rota_commands; *command != NULL; command++) {
        const char *name = (*command)->name;
        size_t len = strcspn(name, " ");
        bool same = open != NULL && strncmp(open, name, len) == 0 && open[len] == ' ';
        if (!same && open != NULL)
            (void)puts("\" ;;");
        if (!same)
            open = name[len] == ' ' ? name : NULL;
        if (!same && open != NULL)
            (void)printf("        %.*s) words=\"", (int)len, name);
        if (open != NULL)
            (void)printf(" %s", name + len + 1);
    }
    if (open != NULL)
        (void)puts("\" ;;");
}

static void completion_options_of_all(void)
{
    for (const struct rota_command *const *command = rota_commands; *command != NULL; command++) {
        (void)printf("        \"%s\") words=\"", (*command)->name);
        rota_command_each_option(*command, completion_option, NULL);
        (void)puts("\" ;;");
    }
}

static int completion_run(void *input)
{
    (void)input;
    (void)fputs("# bash completion of rota; made by: rota completion bash\n"
                "_rota() {\n"
                "    local current=${COMP_WORDS[COMP_CWORD]} words=\"\"\n"
                "    if ((COMP_CWORD == 1)); then\n        words=\"help",
                stdout);
    completion_nouns();
    (void)fputs("\"\n    elif ((COMP_CWORD == 2)) && [[ $current != -* ]]; then\n        case ${COMP_WORDS[1]} in\n",
                stdout);
    completion_verbs();
    (void)fputs(
        "        esac\n    fi\n    if [[ $current == -* ]]; then\n        case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n",
        stdout);
    (void)fputs("        submit*|import*|show*|export*|anomalies*|completion*) set -- \"${COMP_WORDS[1]}\" ;;\n"
                "        *) set -- \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" ;;\n        esac\n        case \"$1\" in\n",
                stdout);
    completion_options_of_all();
    (void)fputs("        esac\n    fi\n"
                "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
                "    [[ ${#COMPREPLY[@]} -gt 0 ]] || mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
                "}\ncomplete -o filenames -F _rota rota\n",
                stdout);
    return ROTA_EXIT_DONE;
}

const struct rota_command rota_command_completion = {.name = "completion",
                                                     .summary = "print the completion script of bash",
                                                     .argp = &completion_argp,
                                                     .options_size = sizeof(struct completion_options),
                                                     .run = completion_run};
