#include "crypto/folder.h"

#include "tests/unit/crypto/place.h"

#include <limits.h>
#include <string.h>

Test(folder, of_a_file_is_synced_whether_the_file_is_there_or_not)
{
    struct place place = place_make();
    char path[128];
    expect_ok(rota_folder_sync(place_path(path, &place, "nothing")));
    cr_assert_eq(chdir(place.directory), 0);
    expect_ok(rota_folder_sync("nothing"));
    expect_ok(rota_folder_sync("/nothing"));
    place_remove(&place);
}

Test(folder, that_is_missing_or_no_folder_is_an_error)
{
    struct place place = place_make();
    char path[128], below[160], endless[PATH_MAX + 8];
    expect_code(rota_folder_sync(place_path(path, &place, "missing/file")), ROTA_IO);
    place_path(path, &place, "file");
    place_write(path, rota_view_text("x"), 0600);
    (void)snprintf(below, sizeof below, "%s/file", path);
    expect_code(rota_folder_sync(below), ROTA_IO);
    memset(endless, '/', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    expect_code(rota_folder_sync(endless), ROTA_IO);
    place_remove(&place);
}
