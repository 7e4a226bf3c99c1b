#include "crypto/private_file.h"

#include "tests/unit/crypto/place.h"

Test(private_file, what_is_created_is_read_back_and_is_ours_alone)
{
    struct place place = place_make();
    char path[128];
    uint8_t bytes[64];
    size_t len;
    struct stat info;
    place_path(path, &place, "secret");
    (void)umask(0);
    expect_ok(rota_private_file_create(path, rota_view_text("the secret\n")));
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_mode & 07777, 0600);
    expect_ok(rota_private_file_read(bytes, &len, sizeof bytes, path));
    cr_assert(rota_view_equal(rota_view(bytes, len), rota_view_text("the secret\n")));
    cr_assert_eq(place_count(&place), 1, "nothing temporary is left");
    place_remove(&place);
}

Test(private_file, an_existing_file_is_never_replaced)
{
    struct place place = place_make();
    char path[128];
    uint8_t bytes[64];
    size_t len;
    place_path(path, &place, "secret");
    expect_ok(rota_private_file_create(path, rota_view_text("first")));
    expect_code(rota_private_file_create(path, rota_view_text("second")), ROTA_EXISTS);
    expect_ok(rota_private_file_read(bytes, &len, sizeof bytes, path));
    cr_assert(rota_view_equal(rota_view(bytes, len), rota_view_text("first")));
    cr_assert_eq(place_count(&place), 1, "nothing temporary is left");
    place_remove(&place);
}

Test(private_file, a_symbolic_link_in_the_place_of_a_new_file_is_not_followed)
{
    struct place place = place_make();
    char path[128], target[128];
    place_path(path, &place, "secret");
    place_path(target, &place, "elsewhere");
    cr_assert_eq(symlink(target, path), 0);
    expect_code(rota_private_file_create(path, rota_view_text("first")), ROTA_EXISTS);
    cr_assert_neq(access(target, F_OK), 0);
    place_remove(&place);
}

Test(private_file, any_right_of_group_or_others_is_refused)
{
    struct place place = place_make();
    char path[128];
    place_path(path, &place, "secret");
    place_write(path, rota_view_text("x"), 0600);
    for (mode_t bits = 0; bits < 0100; bits++) {
        uint8_t bytes[8];
        size_t len;
        cr_assert_eq(chmod(path, 0600 | bits), 0);
        struct rota_status status = rota_private_file_read(bytes, &len, sizeof bytes, path);
        cr_assert_eq(status.code, bits == 0 ? ROTA_OK : ROTA_PERMISSION, "mode %o", 0600 | bits);
    }
    place_remove(&place);
}

Test(private_file, what_is_no_plain_file_is_refused_and_does_not_hold_us_up, .timeout = 5)
{
    struct place place = place_make();
    char path[128];
    uint8_t bytes[8];
    size_t len;
    place_path(path, &place, "fifo");
    cr_assert_eq(mkfifo(path, 0600), 0);
    expect_code(rota_private_file_read(bytes, &len, sizeof bytes, path), ROTA_PERMISSION);
    expect_code(rota_private_file_read(bytes, &len, sizeof bytes, place.directory), ROTA_PERMISSION);
    place_remove(&place);
}

Test(private_file, a_missing_file_or_directory_is_said)
{
    struct place place = place_make();
    char path[128];
    uint8_t bytes[8];
    size_t len;
    expect_code(rota_private_file_read(bytes, &len, sizeof bytes, place_path(path, &place, "none")), ROTA_NOT_FOUND);
    expect_code(rota_private_file_create(place_path(path, &place, "none/secret"), rota_view_text("x")), ROTA_IO);
    place_remove(&place);
}

Test(private_file, a_file_that_does_not_fit_is_refused)
{
    struct place place = place_make();
    char path[128];
    uint8_t bytes[8];
    size_t len;
    place_path(path, &place, "secret");
    place_write(path, rota_view_text("12345678"), 0600);
    expect_ok(rota_private_file_read(bytes, &len, 8, path));
    cr_assert_eq(len, 8);
    expect_code(rota_private_file_read(bytes, &len, 7, path), ROTA_TOO_LARGE);
    place_remove(&place);
}
