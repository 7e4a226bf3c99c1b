#include "node/tools/import_enrol.h"

#include "ledger/outcome.h"
#include "ledger/proposal.h"
#include "node/tools/remote.h"

void rota_import_name_rows(struct rota_roster *roster, struct rota_people *people, bool enrol)
{
    for (size_t i = 0; i < roster->count; i++) {
        struct rota_roster_row *row = &roster->rows[i];
        if (row->bad != NULL || row->person.text[0] != '\0' || rota_people_find(&row->person, people, row->name))
            continue;
        if (enrol)
            rota_people_add(&row->person, people, row->name);
        else
            row->bad = "the person is not in the people file; --enrol draws a token and enrols";
    }
}

/* Ids of a list of the node's, as the names of an object. */
static int enrol_known(json_t **out, const struct rota_common *common, const char *path, const char *list)
{
    size_t index;
    json_t *item;
    json_t *document = NULL;
    *out = json_object();
    int code = rota_remote_get_json(&document, common, path);
    json_array_foreach(rota_json_list(document, list), index, item)
    {
        const char *id = json_string_value(json_object_get(item, "id"));
        if (id != NULL)
            rota_result_set(*out, id, json_true());
    }
    json_decref(document);
    return code;
}

static json_t *enrol_person(const struct rota_roster_row *row, const struct rota_csv_map *map)
{
    json_t *operation = json_object();
    rota_result_text(operation, "op", "person.enrol");
    rota_result_text(operation, "person", row->person.text);
    rota_result_text(operation, "facility", map->home.text[0] != '\0' ? map->home.text : row->facility.text);
    return operation;
}

static json_t *enrol_code(const struct rota_roster_row *row, const struct rota_csv_map *map)
{
    json_t *operation = json_object();
    rota_result_text(operation, "op", "code.define");
    rota_result_text(operation, "code", row->code.text);
    if (map->pool.text[0] != '\0')
        rota_result_text(operation, "pool", map->pool.text);
    return operation;
}

/* Appends the operation if its id is new; the id counts as known from then on. */
static void enrol_append(json_t *ops, json_t *known, const char *id, json_t *operation)
{
    if (json_object_get(known, id) != NULL) {
        json_decref(operation);
        return;
    }
    rota_result_set(known, id, json_true());
    (void)json_array_append_new(ops, operation);
}

static json_t *enrol_ops(const struct rota_roster *roster, const struct rota_csv_map *map, json_t *people, json_t *codes)
{
    json_t *ops = json_array();
    for (size_t i = 0; i < roster->count; i++) {
        const struct rota_roster_row *row = &roster->rows[i];
        if (row->bad != NULL)
            continue;
        enrol_append(ops, people, row->person.text, enrol_person(row, map));
        enrol_append(ops, codes, row->code.text, enrol_code(row, map));
    }
    return ops;
}

int rota_import_enrol(size_t *out_count, struct rota_import_run *run, const struct rota_roster *roster,
                      const struct rota_csv_map *map)
{
    size_t index;
    json_t *operation;
    json_t *part = json_array();
    ROTA_CLEANUP(rota_json_release) json_t *people = NULL;
    ROTA_CLEANUP(rota_json_release) json_t *codes = NULL;
    int code = enrol_known(&people, run->common, "/v1/people", "people");
    if (code == 0)
        code = enrol_known(&codes, run->common, "/v1/codes", "codes");
    ROTA_CLEANUP(rota_json_release) json_t *ops = code == 0 ? enrol_ops(roster, map, people, codes) : json_array();
    *out_count = json_array_size(ops);
    json_array_foreach(ops, index, operation)
    {
        (void)json_array_append(part, operation);
        if (json_array_size(part) < ROTA_PROPOSAL_OPS_MAX)
            continue;
        (void)rota_import_run_add(run, part);
        part = json_array();
    }
    if (json_array_size(part) > 0)
        (void)rota_import_run_add(run, part);
    else
        json_decref(part);
    return code;
}

int rota_import_enrol_check(const struct rota_import_run *run)
{
    for (size_t i = 0; i < run->count; i++)
        for (uint32_t k = 0; k < run->items[i].count; k++) {
            const struct rota_import_outcome *outcome = &run->items[i].outcomes[k];
            bool there = outcome->fate == ROTA_FATE_COMMITTED &&
                         (!outcome->refused || strcmp(outcome->code, rota_outcome_name(ROTA_OUTCOME_EXISTS)) == 0);
            if (there)
                continue;
            bool later = outcome->fate != ROTA_FATE_COMMITTED && outcome->fate != ROTA_FATE_TURNED_AWAY;
            return rota_wrong(run->common, later ? ROTA_EXIT_LATER : ROTA_EXIT_NEGATIVE,
                              later ? "run the same command again"
                                    : "enrolling needs the director role at the person's home",
                              "people or codes could not be enrolled: %s: %s",
                              outcome->code[0] != '\0' ? outcome->code : "stopped", outcome->text);
        }
    return 0;
}
