/* See sim_network.h. */
#include "tests/sim/sim_network.h"

#include "crypto/keyfile.h"
#include "ledger/store/store.h"
#include "node/journal.h"

#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- keys and genesis ----------------------------------------------------------------------------------------------- */

static struct rota_hash label_seed(const char *label)
{
    char text[64];
    snprintf(text, sizeof text, "simulator %s", label);
    return rota_hash_of(NULL, rota_view_text(text));
}

/* "key" and "possession" of a genesis line. */
static void put_key(FILE *out, const struct rota_secret_key *secret)
{
    struct rota_public_key public;
    char key[2 * ROTA_ES256K_PUBLIC_BYTES + 1], possession[2 * ROTA_SIGNATURE_BYTES + 1];
    ROTA_ASSERT(rota_is_ok(rota_secret_key_public(&public, secret)));
    rota_hex_encode(key, secret->role == ROTA_KEY_FACILITY
                             ? rota_view(public.facility.b, sizeof public.facility.b)
                             : rota_view(public.coordinator.compressed, sizeof public.coordinator.compressed));
    rota_hex_encode(possession, rota_view(public.possession.b, sizeof public.possession.b));
    fprintf(out, "\"key\":\"%s\",\"possession\":\"%s\"", key, possession);
}

static void put_member(FILE *out, struct sim_network *network, uint32_t member)
{
    char label[16];
    struct rota_secret_key secret = {.role = ROTA_KEY_FACILITY};
    snprintf(label, sizeof label, "m-%" PRIu32, member);
    struct rota_hash seed = label_seed(label);
    rota_ed25519_from_seed(&network->facilities[member], seed.b);
    rota_ed25519_from_seed(&secret.facility, seed.b);
    ROTA_ASSERT(rota_is_ok(rota_token_parse(&secret.label, rota_view_text(label))));
    fprintf(out, "%s{\"id\":\"%s\",", member ? "," : "", label);
    put_key(out, &secret);
    fprintf(out, ",\"address\":\"tcp://127.0.0.1:%" PRIu32 "\"}", 7101 + member);
    rota_secret_key_wipe(&secret);
}

static void put_coordinator(FILE *out, struct sim_network *network, uint32_t coordinator, uint32_t members)
{
    char label[16];
    struct rota_secret_key secret = {.role = ROTA_KEY_COORDINATOR};
    snprintf(label, sizeof label, "c-%" PRIu32, coordinator);
    struct rota_hash seed = label_seed(label);
    ROTA_ASSERT(rota_is_ok(rota_es256k_secret_parse(&network->coordinators[coordinator], seed.b)));
    ROTA_ASSERT(rota_is_ok(rota_es256k_secret_parse(&secret.coordinator, seed.b)));
    ROTA_ASSERT(rota_is_ok(rota_token_parse(&secret.label, rota_view_text(label))));
    fprintf(out, "%s{\"label\":\"%s\",", coordinator ? "," : "", label);
    put_key(out, &secret);
    fprintf(out, ",\"facility\":\"m-%" PRIu32 "\",\"roles\":[\"scheduler\",\"director\"]}", coordinator % members);
    rota_secret_key_wipe(&secret);
}

static void make_genesis(struct sim_network *network, uint32_t members, enum rota_profile profile)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    ROTA_ASSERT(out);
    fprintf(out,
            "{\"format\":\"rotaledger/v1\",\"name\":\"simulated\",\"created\":\"1970-01-01T00:01Z\",\"profile\":\"%s\","
            "\"members\":[",
            profile == ROTA_PROFILE_CRASH ? "crash" : "byzantine");
    for (uint32_t i = 0; i < members; i++)
        put_member(out, network, i);
    fputs("],\"coordinators\":[", out);
    for (uint32_t i = 0; i < SIM_COORDINATORS; i++)
        put_coordinator(out, network, i, members);
    fprintf(out,
            "],\"people\":[{\"id\":\"p-1\",\"home\":\"m-0\"}],\"codes\":[{\"id\":\"DAY\"}],\"timers\":{\"heartbeat_ms\":100,"
            "\"suspect_ms\":500,\"progress_ms\":1000,\"request_ms\":1300,\"view_change_ms\":1000,\"status_ms\":500,"
            "\"clock_ms\":500,\"latency_ms\":400,\"rotate_ms\":0,\"rotate_blocks\":0,\"tick_ms\":%d}}",
            SIM_TICK_MS); /* the cores are told whether there are any */
    ROTA_ASSERT(fclose(out) == 0);
    struct rota_status status = rota_genesis_parse(&network->genesis, rota_view_text(text));
    if (!rota_is_ok(status))
        fprintf(stderr, "genesis: %s\n", status.why);
    ROTA_ASSERT(rota_is_ok(status));
    free(text);
}

/* ---- files ---------------------------------------------------------------------------------------------------------- */

static uint8_t *file_bytes(const char *path, size_t *out_len)
{
    struct stat about;
    FILE *file = fopen(path, "re");
    ROTA_ASSERT(file && fstat(fileno(file), &about) == 0);
    *out_len = (size_t)about.st_size;
    uint8_t *bytes = malloc(*out_len);
    ROTA_ASSERT(bytes && fread(bytes, 1, *out_len, file) == *out_len);
    fclose(file);
    return bytes;
}

/* Made by the code that makes them for a node, in a folder that is gone afterwards. */
static void make_images(struct sim_network *network)
{
    char folder[] = "/tmp/rota-sim-XXXXXX", path[64];
    ROTA_ASSERT(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/ledger", folder);
    ROTA_ASSERT(rota_is_ok(rota_store_create(path, &network->genesis)));
    network->images[0] = file_bytes(path, &network->image_lens[0]);
    unlink(path);
    snprintf(path, sizeof path, "%s/journal", folder);
    ROTA_ASSERT(rota_is_ok(rota_journal_create(path, &network->genesis.ledger_id)));
    network->images[1] = file_bytes(path, &network->image_lens[1]);
    unlink(path);
    rmdir(folder);
}

void sim_network_name(char out[SIM_NETWORK_NAME_MAX], const struct sim_network *network, uint32_t member, uint32_t file)
{
    snprintf(out, SIM_NETWORK_NAME_MAX, "/proc/self/fd/%d", network->files[member][file]);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

struct sim_network *sim_network(uint32_t members, enum rota_profile profile)
{
    static struct sim_network *made[ROTA_MEMBERS_MAX + 1][2];
    struct sim_network **slot = &made[members][profile == ROTA_PROFILE_CRASH];
    if (*slot)
        return *slot;
    struct sim_network *network = calloc(1, sizeof *network);
    ROTA_ASSERT(network);
    make_genesis(network, members, profile);
    make_images(network);
    rota_map_init(&network->requests);
    ROTA_ASSERT(rota_is_ok(rota_keyring_new(&network->keyring)));
    for (uint32_t i = 0; i < members * SIM_FILES; i++) {
        int file = memfd_create("simulated", MFD_CLOEXEC);
        ROTA_ASSERT(file >= 0);
        network->files[i / SIM_FILES][i % SIM_FILES] = file;
    }
    *slot = network;
    return network;
}

/* Most enrol somebody new; some are refused when they are executed, which must be the same everywhere. */
static struct rota_proposal *proposal_make(struct sim_network *network, uint32_t request)
{
    char payload[512], *jws = malloc(ROTA_JWS_CHARS_MAX + 1), ledger[2 * ROTA_HASH_BYTES + 1];
    size_t len = 0;
    struct rota_proposal *proposal = NULL;
    ROTA_ASSERT(jws);
    rota_hex_encode(ledger, rota_view(network->genesis.ledger_id.b, sizeof network->genesis.ledger_id.b));
    uint32_t person = request % 5 == 0 ? 1 : request + 10, author = request % SIM_COORDINATORS;
    snprintf(payload, sizeof payload,
             "{\"ledger\":\"%s\",\"seq\":%" PRIu32 ",\"exp\":1000000000,\"reason\":\"plan\",\"ops\":[{\"op\":"
             "\"person.enrol\",\"person\":\"p-%" PRIu32 "\",\"facility\":\"m-%" PRIu32 "\"}]}",
             ledger, request / SIM_COORDINATORS + 1, person, author % network->genesis.membership.count);
    ROTA_ASSERT(rota_is_ok(rota_jws_sign(jws, &len, ROTA_JWS_CHARS_MAX + 1, rota_view_text(payload), ROTA_PROPOSAL_TYP,
                                         &network->coordinators[author])));
    ROTA_ASSERT(rota_is_ok(rota_proposal_parse(&proposal, NULL, rota_view_text(jws), false)));
    free(jws);
    return proposal;
}

struct rota_proposal *sim_network_proposal(struct sim_network *network, uint32_t request)
{
    if (!network->proposals[request]) {
        network->proposals[request] = proposal_make(network, request);
        ROTA_ASSERT(rota_is_ok(rota_map_put(&network->requests, &network->proposals[request]->id, request + 1)));
    }
    return network->proposals[request];
}

uint32_t sim_network_request(const struct sim_network *network, const struct rota_hash *id)
{
    uint64_t found = rota_map_get(&network->requests, id);
    return found ? (uint32_t)(found - 1) : UINT32_MAX;
}
