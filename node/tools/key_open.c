#include "node/tools/key_open.h"

#include "node/tools/output.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

bool rota_key_path(char *out, size_t out_size, const char *path, const char *ending)
{
    size_t len = strlen(path);
    bool has_ending = len > 4 && (strcmp(path + len - 4, ".key") == 0 || strcmp(path + len - 4, ".pub") == 0);
    int written = snprintf(out, out_size, "%.*s%s", (int)(has_ending ? len - 4 : len), path, ending);
    return written > 0 && (size_t)written < out_size;
}

static int key_open_locked(struct rota_secret_key *out, const struct rota_common *common, const char *path)
{
    char passphrase[ROTA_PASSPHRASE_BYTES_MAX];
    struct rota_status status = rota_passphrase_read(passphrase, sizeof passphrase, &common->passphrase, path, false);
    if (!rota_is_ok(status))
        return rota_wrong_status(common, status, "give --passphrase-file FILE or --passphrase-fd N", "no passphrase for %s",
                                 path);
    status = rota_keyfile_read(out, path, passphrase);
    sodium_memzero(passphrase, sizeof passphrase);
    if (!rota_is_ok(status))
        return rota_wrong_status(common, status, NULL, "cannot open the key %s", path);
    return 0;
}

int rota_key_open(struct rota_secret_key *out, const struct rota_common *common, const char *path, enum rota_key_role role)
{
    enum rota_key_role found;
    struct rota_token label;
    struct rota_status status = rota_keyfile_peek(&found, &label, path);
    if (!rota_is_ok(status))
        return rota_wrong_status(common, status, "name the NAME.key file that rota key generate wrote",
                                 "cannot read the key %s", path);
    if (found != role)
        return rota_wrong(common, ROTA_EXIT_KEY, "a key has one role; make another with rota key generate",
                          "%s is a %s key, this needs a %s key", path, rota_key_role_name(found), rota_key_role_name(role));
    return key_open_locked(out, common, path);
}
