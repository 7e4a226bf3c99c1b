#include "node/config.h"

#include "bench.h"

static struct rota_status config_of(struct rota_config *out, char error[256], const struct bench *bench, const char *text)
{
    FILE *file = fopen(bench_path(bench, "rotad.conf"), "w");
    cr_assert(file != NULL);
    cr_assert(fputs(text, file) >= 0 && fclose(file) == 0);
    return rota_config_read(out, bench->folder, error, 256);
}

Test(config, an_empty_file_means_the_defaults)
{
    static struct rota_config config;
    struct bench bench;
    char error[256], expected[128];
    bench_open(&bench);
    cr_assert(rota_is_ok(config_of(&config, error, &bench, "")), "%s", error);
    (void)snprintf(expected, sizeof expected, "%s/ledger.db", bench.folder);
    cr_expect_str_eq(config.ledger, expected);
    cr_expect_str_eq(config.http, "127.0.0.1:8101");
    cr_expect_eq(config.intake.queue, 1024);
    cr_expect_eq(config.intake.rate_per_second, 200);
    cr_assert_eq(config.intake.pool_count, 4);
    cr_expect_str_eq(config.intake.pools[0].name, "icu");
    cr_expect_eq(config.intake.pools[0].reserved, 5);
    cr_expect_str_eq(config.intake.pools[3].name, "default");
    bench_close(&bench);
}

Test(config, what_is_given_is_taken)
{
    static struct rota_config config;
    struct bench bench;
    char error[256];
    bench_open(&bench);
    struct rota_status status =
        config_of(&config, error, &bench,
                  "# a comment\ngenesis = \"/etc/g.json\"\nlisten = \"tcp://0.0.0.0:7101\"\nhttp = \"\"\n"
                  "workers = 3\nintake {\n queue = 7\n pool er { capacity = 3\n reserved = 2 }\n"
                  " pool flex { capacity = 9 }\n}\n");
    cr_assert(rota_is_ok(status), "%s", error);
    cr_expect_str_eq(config.genesis, "/etc/g.json");
    cr_expect_str_eq(config.http, "");
    cr_expect_eq(config.workers, 3);
    cr_expect_eq(config.intake.queue, 7);
    cr_assert_eq(config.intake.pool_count, 3);
    cr_expect_eq(config.intake.pools[0].reserved, 2);
    cr_expect_str_eq(config.intake.pools[2].name, "default", "always there");
    bench_close(&bench);
}

Test(config, what_is_wrong_is_said_with_file_and_line)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"workers = 2\nquue = 3\n", "rotad.conf:2: "},
        {"\n\nworkers = 99\n", "rotad.conf:3: workers is 99, but must be 1 to 8"},
        {"workers = many\n", "rotad.conf:1: "},
        {"listen = \"localhost\"\n", "rotad.conf:1: listen is \"localhost\""},
        {"http = \"127.0.0.1\"\n", "rotad.conf:1: http is \"127.0.0.1\""},
        {"http = \"127.0.0.1:99999\"\n", "rotad.conf:1: http is"},
        {"key = \"\"\n", "rotad.conf:1: key must name a file"},
        {"intake {\n queue = 0\n}\n", "rotad.conf:2: queue is 0"},
        {"intake {\n rate = 10\n}\n", "rotad.conf:2: "},
        {"intake {\n pool a {\n  capacity = 2\n  reserved = 3\n }\n}\n", "pool a: reserved is more than capacity"},
        {"intake {\n pool \"a b\" {\n  capacity = 2\n }\n}\n", "a pool's name"},
    };
    static struct rota_config config;
    struct bench bench;
    bench_open(&bench);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char error[256];
        struct rota_status status = config_of(&config, error, &bench, cases[i].text);
        cr_expect_eq(status.code, ROTA_USAGE, "case %zu", i);
        cr_expect(strstr(error, cases[i].says) != NULL, "case %zu says: %s", i, error);
    }
    bench_close(&bench);
}

Test(config, a_missing_file_is_said)
{
    static struct rota_config config;
    struct bench bench;
    char error[256];
    bench_open(&bench);
    cr_expect_eq(rota_config_read(&config, bench.folder, error, sizeof error).code, ROTA_USAGE);
    cr_expect(strstr(error, "rotad.conf: cannot be read") != NULL, "%s", error);
    bench_close(&bench);
}
