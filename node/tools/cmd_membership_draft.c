/* rota membership draft: the next epoch's document. Works offline. */
#include "node/tools/commands.h"
#include "node/tools/membership_file.h"
#include "node/tools/membership_words.h"
#include "node/tools/replay.h"

#include <stdlib.h>

enum { DRAFT_EDITS_MAX = 64 };

struct draft_edit {
    int what; /* 'a' add, 'r' remove, 'k' new key, 'm' new address */
    char *text;
};

struct draft_options {
    struct rota_common common;
    const char *current, *out;
    bool discontinuity;
    enum rota_profile profile;      /* 0: the present one */
    struct rota_discontinuity kept; /* worked out from the ledger */
    uint32_t edit_count, accept_count;
    struct draft_edit edits[DRAFT_EDITS_MAX];
    const char *accepts[3];
};

enum {
    OPTION_CURRENT = 0x100,
    OPTION_ADD,
    OPTION_REMOVE,
    OPTION_ROTATE,
    OPTION_MOVE,
    OPTION_PROFILE,
    OPTION_ACCEPT,
    OPTION_DISCONTINUITY
};

static void draft_edit_add(struct draft_options *options, const struct argp_state *state, int what, char *text)
{
    if (options->edit_count == DRAFT_EDITS_MAX)
        rota_usage_fail(state, "more than %d changes in one document", DRAFT_EDITS_MAX);
    options->edits[options->edit_count++] = (struct draft_edit){what, text};
}

static enum rota_profile draft_profile(const struct argp_state *state, const char *name)
{
    if (strcmp(name, "crash") == 0)
        return ROTA_PROFILE_CRASH;
    if (strcmp(name, "byzantine") != 0)
        rota_usage_fail(state, "--profile is byzantine or crash, not \"%s\"", name);
    return ROTA_PROFILE_BYZANTINE;
}

static bool draft_changes_nothing(const struct draft_options *options)
{
    return options->edit_count == 0 && options->profile == 0 && !options->discontinuity;
}

static error_t draft_parse(int key, char *arg, struct argp_state *state)
{
    struct draft_options *options = state->input;
    switch (key) {
    case OPTION_CURRENT:
        options->current = arg;
        return 0;
    case OPTION_ADD:
        draft_edit_add(options, state, 'a', arg);
        return 0;
    case OPTION_REMOVE:
        draft_edit_add(options, state, 'r', arg);
        return 0;
    case OPTION_ROTATE:
        draft_edit_add(options, state, 'k', arg);
        return 0;
    case OPTION_MOVE:
        draft_edit_add(options, state, 'm', arg);
        return 0;
    case OPTION_PROFILE:
        options->profile = draft_profile(state, arg);
        return 0;
    case OPTION_ACCEPT:
        if (options->accept_count == 3)
            rota_usage_fail(state, "--accept is given at most three times");
        options->accepts[options->accept_count++] = arg;
        return 0;
    case OPTION_DISCONTINUITY:
        options->discontinuity = true;
        return 0;
    case 'o':
        options->out = arg;
        return 0;
    case ARGP_KEY_END:
        if (!options->current || !options->out || draft_changes_nothing(options))
            rota_usage_fail(state, "needs --current, --out and at least one change");
        if (options->discontinuity != (options->common.ledger != NULL))
            rota_usage_fail(state, "--discontinuity and --ledger go together: a recovery manifest keeps the end of a "
                                   "survivor's ledger file");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option draft_argp_options[] = {
    {"current", OPTION_CURRENT, "FILE", 0, "The genesis, or the epoch document in force (rota membership show --out FILE)",
     0},
    {"add", OPTION_ADD, "ID=PUB[,ADMIN.pub]@ADDRESS", 0, "A facility joins: its .pub file, and where its node is reached",
     0},
    {"remove", OPTION_REMOVE, "ID", 0, "A facility leaves", 0},
    {"rotate", OPTION_ROTATE, "ID=PUB", 0, "A facility goes on with another key", 0},
    {"move", OPTION_MOVE, "ID=ADDRESS", 0, "A facility's node is reached somewhere else", 0},
    {"profile", OPTION_PROFILE, "WORD", 0, "From now on byzantine, or crash: a majority decides, and nobody may lie", 0},
    {"accept", OPTION_ACCEPT, "WORD", 0, "Say so when it is meant: two-members, fewer-liars, crash-profile", 0},
    {"discontinuity", OPTION_DISCONTINUITY, NULL, 0,
     "A recovery manifest: a quorum is lost for good, and the ledger goes on from the last certified block of --ledger", 0},
    {"out", 'o', "FILE", 0, "Where the document goes; a new file", 0},
    {0}};

static const struct argp draft_argp = {
    .options = draft_argp_options,
    .parser = draft_parse,
    .doc =
        "Write the document of the next epoch. Nothing is sent anywhere: pass the file to the administrators of the present "
        "members, who approve of it with rota membership approve. To replace a facility, remove one and add another. With "
        "--discontinuity it is a recovery manifest (rota(1), When a quorum is lost): compare the ledgers of all survivors "
        "first, and draft from the one that reaches highest."};

/* ---- editing -------------------------------------------------------------------------------------------------------- */

static void json_set_hex(json_t *object, const char *name, const uint8_t *bytes, size_t len)
{
    json_object_del(object, name);
    rota_result_hex(object, name, rota_view(bytes, len));
}

/* Puts a .pub file's key and proof under these names. */
static int edit_key(json_t *member, const struct draft_options *options, const char *path, enum rota_key_role role,
                    const char *id)
{
    struct rota_public_key key;
    struct rota_status status = rota_public_key_load(&key, path);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, "ask its owner for the .pub file", "cannot use %s", path);
    if (key.role != role || strcmp(key.label.text, id) != 0)
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, "the label of a facility's key is the facility's id",
                          "%s is a %s key called %s, and not the %s key of %s", path, rota_key_role_name(key.role),
                          key.label.text, rota_key_role_name(role), id);
    bool admin = role == ROTA_KEY_ADMIN;
    json_set_hex(member, admin ? "admin" : "key", key.facility.b, sizeof key.facility.b);
    json_set_hex(member, admin ? "admin_possession" : "possession", key.possession.b, sizeof key.possession.b);
    return 0;
}

static json_t *member_named(json_t *members, const char *id, size_t *out_index)
{
    for (*out_index = 0; *out_index < json_array_size(members); (*out_index)++) {
        json_t *member = json_array_get(members, *out_index);
        const char *name = json_string_value(json_object_get(member, "id"));
        if (name && strcmp(name, id) == 0)
            return member;
    }
    return NULL;
}

static int edit_wrong(const struct draft_options *options, const char *form)
{
    return rota_wrong(&options->common, ROTA_EXIT_USAGE, NULL, "write it as %s", form);
}

static int edit_add(json_t *members, const struct draft_options *options, char *text)
{
    size_t index;
    char *equals = strchr(text, '='), *at = equals ? strstr(equals, "@tcp://") : NULL;
    if (!at)
        return edit_wrong(options, "--add ID=PUB@tcp://HOST:PORT");
    *equals = *at = '\0';
    char *comma = strchr(equals + 1, ',');
    if (comma)
        *comma = '\0';
    if (member_named(members, text, &index))
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, NULL, "%s is a member already", text);
    json_t *member = json_object();
    json_array_append_new(members, member);
    rota_result_text(member, "id", text);
    int code = edit_key(member, options, equals + 1, ROTA_KEY_FACILITY, text);
    if (code == 0 && comma)
        code = edit_key(member, options, comma + 1, ROTA_KEY_ADMIN, text);
    rota_result_text(member, "address", at + 1);
    return code;
}

static int edit_apply(json_t *members, const struct draft_options *options, const struct draft_edit *edit)
{
    size_t index;
    if (edit->what == 'a')
        return edit_add(members, options, edit->text);
    char *equals = strchr(edit->text, '=');
    if (equals)
        *equals = '\0';
    json_t *member = member_named(members, edit->text, &index);
    if (!member)
        return rota_wrong(&options->common, ROTA_EXIT_USAGE, NULL, "%s is no member", edit->text);
    if (edit->what == 'r') {
        (void)json_array_remove(members, index);
        return 0;
    }
    if (!equals)
        return edit_wrong(options, edit->what == 'k' ? "--rotate ID=PUB" : "--move ID=tcp://HOST:PORT");
    if (edit->what == 'k')
        return edit_key(member, options, equals + 1, ROTA_KEY_FACILITY, edit->text);
    json_object_set_new(member, "address", json_string(equals + 1));
    return 0;
}

/* ---- the document --------------------------------------------------------------------------------------------------- */

static json_t *draft_document(const struct rota_epoch *current, json_t *members, const struct draft_options *options)
{
    const struct rota_membership *before = &current->membership;
    json_t *root = json_object(), *accepts = json_array();
    enum rota_profile profile = options->profile != 0 ? options->profile : before->profile;
    rota_result_text(root, "format", "rotaledger/epoch/v1");
    rota_result_hex(root, "ledger", rota_view(before->ledger_id.b, ROTA_HASH_BYTES));
    rota_result_number(root, "epoch", (uint64_t)before->epoch + 1);
    rota_result_hex(root, "previous", rota_view(before->config_hash.b, ROTA_HASH_BYTES));
    rota_result_text(root, "profile", profile == ROTA_PROFILE_CRASH ? "crash" : "byzantine");
    rota_result_set(root, "members", json_incref(members));
    rota_result_set(root, "limits", rota_limits_json(&current->limits));
    rota_result_set(root, "timers", rota_timers_json(&current->timers));
    for (uint32_t i = 0; i < options->accept_count; i++)
        json_array_append_new(accepts, json_string(options->accepts[i]));
    rota_result_set(root, "accepts", accepts);
    if (options->discontinuity) {
        json_t *kept = json_object();
        rota_result_number(kept, "height", options->kept.height);
        rota_result_hex(kept, "block", rota_view(options->kept.block.b, ROTA_HASH_BYTES));
        rota_result_set(root, "discontinuity", kept);
    }
    return root;
}

/* What has to be said in so many words, and was not. */
static int draft_lacks_word(const struct draft_options *options, const struct rota_epoch *next,
                            const struct rota_epoch *current, struct rota_status status)
{
    char hint[128] = "if it is meant, say so:";
    uint32_t missing = rota_epoch_consents_needed(next, current) & ~next->consents;
    for (uint32_t bit = 1; bit <= ROTA_CONSENT_CRASH_PROFILE; bit <<= 1)
        if (missing & bit) {
            size_t len = strlen(hint);
            (void)snprintf(hint + len, sizeof hint - len, " --accept %s", rota_consent_name((enum rota_consent)bit));
        }
    return rota_wrong_status(&options->common, status, missing != 0 ? hint : NULL,
                             "this document cannot follow the present epoch");
}

static int draft_write(const struct draft_options *options, const struct rota_epoch *current, char *text)
{
    struct rota_epoch next;
    struct rota_status status = rota_epoch_parse(&next, rota_view_text(text));
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "these changes make no document");
    status = rota_epoch_follows(&next, current);
    if (!rota_is_ok(status))
        return draft_lacks_word(options, &next, current, status);
    status = rota_file_create(options->out, rota_view_text(text), 0644);
    if (!rota_is_ok(status))
        return rota_wrong_status(&options->common, status, NULL, "cannot write %s", options->out);
    if (options->common.json) {
        json_t *result = rota_result_new("membership-draft");
        rota_result_number(result, "epoch", next.membership.epoch);
        rota_result_hex(result, "document", rota_view(next.membership.config_hash.b, ROTA_HASH_BYTES));
        rota_result_set(result, "changes", rota_epoch_differences(current, &next));
        if (options->discontinuity) {
            rota_result_number(result, "kept_height", options->kept.height);
            rota_result_hex(result, "kept_block", rota_view(options->kept.block.b, ROTA_HASH_BYTES));
        }
        rota_result_print(result);
        return 0;
    }
    uint32_t n = current->membership.count;
    rota_epoch_explain(stdout, current, &next);
    rota_discontinuity_explain(stdout, &next);
    (void)printf("written     %s\nnext        have it approved by the administrators of %u of the %u present members\n",
                 options->out,
                 options->discontinuity ? rota_discontinuity_quorum(n) : rota_quorum(n, current->membership.profile), n);
    return 0;
}

/* Does this block bring a certificate of its own, good by the members of its epoch? Then *out names it. */
static bool kept_is_certified(struct rota_discontinuity *out, const struct rota_replay *replay, uint64_t height)
{
    struct rota_certificate certificate;
    const struct rota_membership *members = &rota_state_epoch_at(replay->state, height)->membership;
    if (!rota_is_ok(rota_store_certificate(&certificate, replay->store, height)) || certificate.vote.height != height ||
        !rota_is_ok(rota_certificate_verify(members, &certificate)))
        return false;
    *out = (struct rota_discontinuity){height, certificate.vote.block};
    return true;
}

/* The highest block of the present epoch that proves itself; else the one on which the epoch stands. */
static int draft_find_kept(struct draft_options *options, const struct rota_epoch *current)
{
    ROTA_CLEANUP(rota_replay_close) struct rota_replay replay;
    int code = rota_replay_open(&replay, &options->common, 0);
    if (code != 0)
        return code;
    const struct rota_membership *newest = &rota_state_epoch(replay.state)->membership;
    if (!rota_hash_equal(&newest->config_hash, &current->membership.config_hash))
        return rota_wrong(&options->common, ROTA_EXIT_NEGATIVE, "rota membership show --ledger FILE --out DOCUMENT saves it",
                          "%s ends in epoch %u, and %s is not the document of that epoch", options->common.ledger,
                          newest->epoch, options->current);
    uint64_t height = replay.height;
    while (height > 0 && height >= newest->base_height && !kept_is_certified(&options->kept, &replay, height))
        height--;
    if (options->kept.height == 0)
        return rota_wrong(&options->common, ROTA_EXIT_NEGATIVE, "with nothing to keep, make a new genesis",
                          "%s holds no certified block of epoch %u", options->common.ledger, newest->epoch);
    if (!options->common.json)
        (void)printf("ledger      %s ends with block %llu; the highest with a certificate of its own is block %llu\n",
                     options->common.ledger, (unsigned long long)replay.height, (unsigned long long)height);
    return 0;
}

static int draft_run(void *input)
{
    struct draft_options *options = input;
    struct rota_epoch current;
    ROTA_CLEANUP(rota_blob_free) struct rota_blob bytes = {0};
    ROTA_CLEANUP(rota_json_release) json_t *present = NULL;
    int code = rota_epoch_load(&current, &bytes, &options->common, options->current);
    if (code != 0)
        return code;
    struct rota_status status = rota_json_parse(&present, rota_blob_view(&bytes), ROTA_GENESIS_BYTES_MAX);
    ROTA_CLEANUP(rota_json_release) json_t *members = json_deep_copy(json_object_get(present, "members"));
    if (!rota_is_ok(status) || !members)
        return rota_wrong(&options->common, ROTA_EXIT_UNREADABLE, NULL, "%s holds no members", options->current);
    if (options->discontinuity)
        code = draft_find_kept(options, &current);
    for (uint32_t i = 0; code == 0 && i < options->edit_count; i++)
        code = edit_apply(members, options, &options->edits[i]);
    if (code != 0)
        return code;
    ROTA_CLEANUP(rota_json_release) json_t *document = draft_document(&current, members, options);
    char *text = json_dumps(document, JSON_INDENT(1));
    code = text ? draft_write(options, &current, text) : rota_wrong(&options->common, ROTA_EXIT_BUG, NULL, "no memory");
    free(text);
    return code;
}

const struct rota_command rota_command_membership_draft = {.name = "membership draft",
                                                           .summary = "write the next epoch's document (offline)",
                                                           .argp = &draft_argp,
                                                           .uses = ROTA_USES_LEDGER | ROTA_USES_GENESIS,
                                                           .options_size = sizeof(struct draft_options),
                                                           .run = draft_run};
