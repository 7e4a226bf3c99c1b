/* Strict civil times, UTC, without any library's calendar: the same bytes mean the same minute everywhere. */
#include "ledger/proposal.h"

#include <stdio.h>

enum { YEAR_FIRST = 1970, YEAR_LAST = 2199, DAY_CHARS = 10, MINUTE_CHARS = 17 };

static bool year_is_leap(int32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int32_t month_days(int32_t year, int32_t month)
{
    static const int32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && year_is_leap(year));
}

/* Days from 1970-01-01 to the first of January of `year`. */
static int32_t year_start(int32_t year)
{
    int32_t before = year - 1;
    int32_t leaps = before / 4 - before / 100 + before / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400);
    return (year - YEAR_FIRST) * 365 + leaps;
}

/* `count` digits at `at`, -1 when one is none. */
static int32_t digits(const uint8_t *at, int count)
{
    int32_t value = 0;
    for (int i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9')
            return -1;
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

struct rota_status rota_time_parse_day(int32_t *out_day, struct rota_view text)
{
    struct rota_status wrong = rota_fail(ROTA_MALFORMED, "a day is written 2026-12-25, between 1970 and 2199");
    if (text.len != DAY_CHARS || text.data[4] != '-' || text.data[7] != '-')
        return wrong;
    int32_t year = digits(text.data, 4), month = digits(text.data + 5, 2), day = digits(text.data + 8, 2);
    if (year < YEAR_FIRST || year > YEAR_LAST || month < 1 || month > 12 || day < 1 || day > month_days(year, month))
        return wrong;
    int32_t days = year_start(year);
    for (int32_t m = 1; m < month; m++)
        days += month_days(year, m);
    *out_day = days + day - 1;
    return rota_ok();
}

struct rota_status rota_time_parse_minute(int64_t *out_minute, struct rota_view text)
{
    struct rota_status wrong = rota_fail(ROTA_MALFORMED, "a minute is written 2026-12-25T12:30Z, always UTC");
    int32_t day;
    if (text.len != MINUTE_CHARS || text.data[10] != 'T' || text.data[13] != ':' || text.data[16] != 'Z')
        return wrong;
    if (!rota_is_ok(rota_time_parse_day(&day, rota_view(text.data, DAY_CHARS))))
        return wrong;
    int32_t hour = digits(text.data + 11, 2), minute = digits(text.data + 14, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return wrong;
    *out_minute = (int64_t)day * 1440 + hour * 60 + minute;
    return rota_ok();
}

void rota_time_format_day(char out[ROTA_TIME_CHARS_MAX], int32_t day)
{
    int32_t year = YEAR_FIRST, month = 1;
    while (year < YEAR_LAST && day >= year_start(year + 1))
        year++;
    day -= year_start(year);
    while (month < 12 && day >= month_days(year, month))
        day -= month_days(year, month++);
    snprintf(out, ROTA_TIME_CHARS_MAX, "%04d-%02d-%02d", (int)(year % 10000), (int)(month % 100), (int)((day + 1) % 100));
}

void rota_time_format_minute(char out[ROTA_TIME_CHARS_MAX], int64_t minute)
{
    char day[ROTA_TIME_CHARS_MAX];
    int64_t days = minute / 1440 - (minute % 1440 < 0), rest = minute - days * 1440;
    rota_time_format_day(day, (int32_t)days);
    memcpy(out, day, DAY_CHARS);
    snprintf(out + DAY_CHARS, ROTA_TIME_CHARS_MAX - DAY_CHARS, "T%02u:%02uZ", (unsigned)(rest / 60) % 24,
             (unsigned)(rest % 60));
}
