/* Strict civil times: one text for one minute, valid by the calendar, the same everywhere. */
#include "ledger/proposal.h"

#include <criterion/criterion.h>

Test(time, every_day_of_the_format_survives_its_text)
{
    char text[ROTA_TIME_CHARS_MAX];
    for (int32_t day = 0; day <= 84005; day++) {
        int32_t again = -1;
        rota_time_format_day(text, day);
        cr_assert(rota_is_ok(rota_time_parse_day(&again, rota_view_text(text))), "%s", text);
        cr_assert_eq(again, day, "%s", text);
    }
    cr_assert_str_eq(text, "2199-12-31");
}

Test(time, known_moments_have_their_numbers)
{
    static const struct {
        const char *text;
        int64_t minute;
    } known[] = {{"1970-01-01T00:00Z", 0},
                 {"2000-03-01T00:00Z", 15864480},
                 {"2026-12-25T12:30Z", 29970030},
                 {"2199-12-31T23:59Z", 120968639}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        int64_t minute = -1;
        char text[ROTA_TIME_CHARS_MAX];
        cr_assert(rota_is_ok(rota_time_parse_minute(&minute, rota_view_text(known[i].text))));
        cr_assert_eq(minute, known[i].minute, "%s is %lld", known[i].text, (long long)minute);
        rota_time_format_minute(text, minute);
        cr_assert_str_eq(text, known[i].text);
    }
}

Test(time, what_is_not_written_so_is_refused)
{
    static const char *const wrong[] = {"",           "2026-2-01",   "2026-02-29", "1900-02-29", "1969-12-31",
                                        "2200-01-01", "2026-13-01",  "2026-00-10", "2026-04-31", "2026-04-00",
                                        "2026/04/01", "2026-04-01 ", "+026-04-01", "2026-04-0a"};
    static const char *const wrong_minutes[] = {"2026-12-25T24:00Z", "2026-12-25T12:60Z",     "2026-12-25 12:30Z",
                                                "2026-12-25T12:30",  "2026-12-25T12:30z",     "2026-12-25T12:30:00Z",
                                                "2026-12-25T1:30Z",  "2026-12-25T12:30+00:00"};
    int32_t day;
    int64_t minute;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_assert(!rota_is_ok(rota_time_parse_day(&day, rota_view_text(wrong[i]))), "%s", wrong[i]);
    for (size_t i = 0; i < sizeof wrong_minutes / sizeof wrong_minutes[0]; i++)
        cr_assert(!rota_is_ok(rota_time_parse_minute(&minute, rota_view_text(wrong_minutes[i]))), "%s", wrong_minutes[i]);
    cr_assert(rota_is_ok(rota_time_parse_day(&day, rota_view_text("2024-02-29"))), "a leap day");
    cr_assert(rota_is_ok(rota_time_parse_day(&day, rota_view_text("2000-02-29"))), "a leap century");
}
