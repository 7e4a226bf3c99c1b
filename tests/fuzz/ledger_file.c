/* A ledger file with some of its bytes changed is handed to the audit. The input is a list of changes to a valid file: where
 * (u24), how many bytes (u8), and the bytes to XOR; a last odd byte cuts the file. Whatever comes: no crash, and valid only
 * when everything that the audit vouches for is what the honest file says. */
#include "../unit/ledger/store_maker.h"

#include "ledger/audit/audit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_BYTES_MAX = 1024 * 1024 };

static struct maker honest;
static uint8_t image[FILE_BYTES_MAX], spoiled[FILE_BYTES_MAX];
static size_t image_bytes;

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "does not hold: %s\n", what);
        abort();
    }
}

static void audit_image(struct rota_audit_report *out, const uint8_t *bytes, size_t len)
{
    struct rota_audit_options options = {.path = honest.path,
                                         .genesis = rota_view(honest.genesis.bytes, honest.genesis.len)};
    int file = open(honest.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    require(file >= 0 && write(file, bytes, len) == (ssize_t)len, "the file can be written");
    close(file);
    rota_audit_run(out, &options);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct rota_audit_report report;
    (void)argc;
    (void)argv;
    maker_story(&honest, "fuzz", 0);
    int file = open(honest.path, O_RDONLY | O_CLOEXEC);
    ssize_t got = read(file, image, sizeof image);
    require(file >= 0 && got > 0 && (size_t)got < sizeof image, "the honest file can be read");
    close(file);
    image_bytes = (size_t)got;
    audit_image(&report, image, image_bytes);
    require(report.verdict == ROTA_VERDICT_VALID_UNANCHORED, "the honest file is valid");
    rota_audit_report_free(&report);
    return 0;
}

static size_t spoil(const uint8_t *data, size_t size)
{
    size_t at = 0, len = image_bytes;
    memcpy(spoiled, image, image_bytes);
    while (size - at >= 5) {
        size_t place = ((size_t)data[at] << 16 | (size_t)data[at + 1] << 8 | data[at + 2]) % image_bytes;
        size_t count = data[at + 3];
        at += 4;
        for (; count > 0 && at < size; count--, at++, place = (place + 1) % image_bytes)
            spoiled[place] ^= data[at];
    }
    if (size - at == 1)
        len = image_bytes * data[at] / 256;
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rota_audit_report report;
    size_t len = spoil(data, size);
    audit_image(&report, spoiled, len);
    require(report.verdict != ROTA_VERDICT_VALID, "nothing is valid without an anchor");
    require(report.verdict != ROTA_VERDICT_EQUIVOCATION, "nobody is accused without a second certificate");
    if (report.verdict == ROTA_VERDICT_VALID_UNANCHORED) {
        require(report.height <= STORY_HEIGHT, "nobody else can add a block");
        require(report.height == 0 || rota_hash_equal(&report.head_hash, &honest.hashes[report.height]), "the same history");
        require(report.height == 0 || report.tree_size == honest.headers[report.height].tree_size + 1, "the same entries");
    } else {
        require(report.failure_count > 0 && report.failures[0].text[0] != '\0', "what is wrong is said");
    }
    rota_audit_report_free(&report);
    return 0;
}
