/* People, codes, coordinators: copied on the loop, put into words outside. */
#include "node/http/door.h"

#include <stdlib.h>

struct listing {
    size_t item_bytes;
    uint8_t *items;
    size_t count, room;
    bool no_memory;
    const struct rota_kid *only; /* coordinators: NULL: all */
    uint64_t height;
    struct rota_hash head;
};

static bool listing_add(struct listing *listing, const void *item, uint64_t from_height)
{
    if (from_height > listing->height) /* executed, not committed */
        return true;
    if (listing->count == listing->room) {
        size_t room = listing->room == 0 ? 64 : listing->room * 2;
        uint8_t *grown = realloc(listing->items, room * listing->item_bytes);
        listing->no_memory = !grown;
        if (!grown)
            return false;
        listing->items = grown;
        listing->room = room;
    }
    memcpy(listing->items + listing->count++ * listing->item_bytes, item, listing->item_bytes);
    return true;
}

static void listing_begin(struct listing *listing, const struct rota_facts *facts)
{
    listing->height = facts->height;
    listing->head = facts->head;
}

static void listing_reply(struct rota_http_request *request, struct rota_http_reply *reply, struct listing *listing,
                          void (*visit)(void *context, const struct rota_facts *facts), const char *name,
                          json_t *(*write)(const void *item))
{
    bool visited = rota_is_ok(rota_node_visit(request->http->node, visit, listing));
    if (!visited) {
        rota_reply_busy(reply);
    } else if (listing->no_memory) {
        rota_reply_text(reply, MHD_HTTP_INTERNAL_SERVER_ERROR, "application/json", NULL);
    } else {
        json_t *document = json_object(), *list = json_array();
        json_object_set_new(document, "height", json_integer((json_int_t)listing->height));
        json_object_set_new(document, "head", rota_json_hex_new(listing->head.b, ROTA_HASH_BYTES));
        for (size_t i = 0; i < listing->count; i++)
            json_array_append_new(list, write(listing->items + i * listing->item_bytes));
        json_object_set_new(document, name, list);
        rota_reply_json(reply, MHD_HTTP_OK, document);
    }
    free(listing->items);
}

/* ---- people --------------------------------------------------------------------------------------------------------- */

static bool person_add(void *context, const struct rota_person *person)
{
    return listing_add(context, person, person->from_height);
}

static void people_visit(void *context, const struct rota_facts *facts)
{
    listing_begin(context, facts);
    rota_state_each_person(facts->state, person_add, context);
}

static json_t *person_write(const void *item)
{
    const struct rota_person *person = item;
    return json_pack("{s:s, s:s, s:I}", "id", person->id.text, "home", person->home.text, "from_height",
                     (json_int_t)person->from_height);
}

void rota_answer_people(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct listing listing = {.item_bytes = sizeof(struct rota_person)};
    listing_reply(request, reply, &listing, people_visit, "people", person_write);
}

/* ---- codes ---------------------------------------------------------------------------------------------------------- */

static bool code_add(void *context, const struct rota_code_info *code)
{
    return listing_add(context, code, code->from_height);
}

static void codes_visit(void *context, const struct rota_facts *facts)
{
    listing_begin(context, facts);
    rota_state_each_code(facts->state, code_add, context);
}

static json_t *code_write(const void *item)
{
    const struct rota_code_info *code = item;
    return json_pack("{s:s, s:s, s:I}", "id", code->id.text, "pool", code->pool.text, "from_height",
                     (json_int_t)code->from_height);
}

void rota_answer_codes(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct listing listing = {.item_bytes = sizeof(struct rota_code_info)};
    listing_reply(request, reply, &listing, codes_visit, "codes", code_write);
}

/* ---- coordinators --------------------------------------------------------------------------------------------------- */

/* seq_highest is as executed: whoever signs next must not take a number that is on its way. */
static bool coordinator_add(void *context, const struct rota_coordinator *coordinator)
{
    struct listing *listing = context;
    struct rota_coordinator committed = *coordinator;
    if (listing->only && !rota_kid_equal(listing->only, &coordinator->key.kid))
        return true;
    if (committed.suspended_at > listing->height)
        committed.suspended_at = 0;
    if (committed.revoked_at > listing->height)
        committed.revoked_at = 0;
    return listing_add(context, &committed, committed.from_height);
}

static void coordinators_visit(void *context, const struct rota_facts *facts)
{
    listing_begin(context, facts);
    rota_state_each_coordinator(facts->state, coordinator_add, context);
}

static json_t *coordinator_roles(uint32_t roles)
{
    json_t *list = json_array();
    if (roles & ROTA_ROLE_SCHEDULER)
        json_array_append_new(list, json_string("scheduler"));
    if (roles & ROTA_ROLE_DIRECTOR)
        json_array_append_new(list, json_string("director"));
    return list;
}

static json_t *coordinator_write(const void *item)
{
    const struct rota_coordinator *coordinator = item;
    json_t *row = json_object();
    json_object_set_new(row, "kid", rota_json_hex_new(coordinator->key.kid.b, ROTA_KID_BYTES));
    json_object_set_new(row, "label", json_string(coordinator->label.text));
    json_object_set_new(row, "key", rota_json_hex_new(coordinator->key.compressed, sizeof coordinator->key.compressed));
    json_object_set_new(row, "facility", json_string(coordinator->facility.text));
    json_object_set_new(row, "roles", coordinator_roles(coordinator->roles));
    json_object_set_new(row, "seq_highest", json_integer((json_int_t)coordinator->seq_highest));
    json_object_set_new(row, "from_height", json_integer((json_int_t)coordinator->from_height));
    if (coordinator->suspended_at != 0)
        json_object_set_new(row, "suspended_at", json_integer((json_int_t)coordinator->suspended_at));
    if (coordinator->revoked_at != 0)
        json_object_set_new(row, "revoked_at", json_integer((json_int_t)coordinator->revoked_at));
    return row;
}

void rota_answer_coordinators(struct rota_http_request *request, struct rota_http_reply *reply)
{
    struct listing listing = {.item_bytes = sizeof(struct rota_coordinator)};
    struct rota_kid kid;
    const char *text = rota_query(request, "kid");
    if (text && !rota_is_ok(rota_hex_decode(kid.b, sizeof kid.b, rota_view_text(text)))) {
        rota_reply_bad_query(reply, "kid is 32 hex digits in lower case");
        return;
    }
    listing.only = text ? &kid : NULL;
    listing_reply(request, reply, &listing, coordinators_visit, "coordinators", coordinator_write);
}
