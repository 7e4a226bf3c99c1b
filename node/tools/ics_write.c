#include "node/tools/ics_write.h"

#include <stdarg.h>
#include <time.h>

enum { ICS_LINE_BYTES = 75, ICS_TEXT_MAX = 512, ICS_TIME_CHARS = 17 };

/* One content line, folded. Everything we write is ASCII, so a fold never cuts a character. */
__attribute__((format(printf, 2, 3))) static void ics_line(FILE *out, const char *format, ...)
{
    char text[ICS_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ROTA_ASSERT(len >= 0 && (size_t)len < sizeof text);
    size_t at = 0;
    size_t room = ICS_LINE_BYTES;
    for (; (size_t)len - at > room; at += room, room = ICS_LINE_BYTES - (at > 0 ? 1 : 0))
        (void)fprintf(out, "%.*s\r\n ", (int)room, text + at);
    (void)fprintf(out, "%s\r\n", text + at);
}

/* "20261225T223000Z" */
static void ics_time(char out[ICS_TIME_CHARS], int64_t seconds)
{
    struct tm parts;
    time_t moment = (time_t)seconds;
    (void)gmtime_r(&moment, &parts);
    (void)strftime(out, ICS_TIME_CHARS, "%Y%m%dT%H%M%SZ", &parts);
}

static void ics_event(FILE *out, const struct rota_assignment *item, const char *stamp)
{
    char id[2 * ROTA_ASSIGNMENT_ID_BYTES + 1];
    char time[ICS_TIME_CHARS];
    rota_hex_encode(id, rota_view(item->id, sizeof item->id));
    ics_line(out, "BEGIN:VEVENT");
    ics_line(out, "UID:%s@rotaledger", id);
    ics_line(out, "DTSTAMP:%s", stamp);
    ics_time(time, item->start_minute * 60);
    ics_line(out, "DTSTART:%s", time);
    ics_time(time, (item->start_minute + item->minutes) * 60);
    ics_line(out, "DTEND:%s", time);
    ics_line(out, "SUMMARY:%s at %s", item->code.text, item->facility.text);
    ics_line(out, "LOCATION:%s", item->facility.text);
    ics_line(out, "DESCRIPTION:%s. In the ledger since block %llu\\, assignment %s.", item->person.text,
             (unsigned long long)item->from_height, id);
    ics_line(out, "END:VEVENT");
}

/* A calendar must hold something: when there is no event, the time zone that nobody needs. */
static void ics_nothing(FILE *out)
{
    static const char *const lines[] = {"BEGIN:VTIMEZONE",
                                        "TZID:Etc/UTC",
                                        "BEGIN:STANDARD",
                                        "DTSTART:19700101T000000",
                                        "TZOFFSETFROM:+0000",
                                        "TZOFFSETTO:+0000",
                                        "END:STANDARD",
                                        "END:VTIMEZONE",
                                        NULL};
    for (const char *const *line = lines; *line != NULL; line++)
        ics_line(out, "%s", *line);
}

void rota_ics_write(FILE *out, const struct rota_schedule *schedule, int64_t stamp_s)
{
    char stamp[ICS_TIME_CHARS];
    ics_time(stamp, stamp_s);
    ics_line(out, "BEGIN:VCALENDAR");
    ics_line(out, "VERSION:2.0");
    ics_line(out, "PRODID:-//Rotaledger//rota " ROTA_VERSION "//EN");
    for (size_t i = 0; i < schedule->count; i++)
        ics_event(out, &schedule->items[i], stamp);
    if (schedule->count == 0)
        ics_nothing(out);
    ics_line(out, "END:VCALENDAR");
}
