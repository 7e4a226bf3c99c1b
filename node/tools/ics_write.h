/* A schedule as an iCalendar file (RFC 5545): CRLF, lines folded at 75 bytes, UIDs that stay the same from export to export
 * so that a calendar updates instead of doubling. */
#ifndef ROTA_TOOLS_ICS_WRITE_H
#define ROTA_TOOLS_ICS_WRITE_H

#include "node/tools/schedule_source.h"

#include <stdio.h>

/* stamp_s: seconds since 1970, when the file is made. */
void rota_ics_write(FILE *out, const struct rota_schedule *schedule, int64_t stamp_s);

#endif
