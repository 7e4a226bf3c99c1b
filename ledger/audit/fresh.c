/* Is this the newest ledger, or an old one with a good end? Where there are TICKs a network that stands adds a block before
 * the newest is too old (PROTOCOL T11), so the age of the newest block bounds what may be missing behind it. Check J3. */
#include "ledger/audit/inside.h"

#include <inttypes.h>
#include <stdio.h>

enum { FRESH_SLACK_PARTS = 4, FRESH_CLOCKS_MS = 60000 };

uint64_t rota_audit_fresh_for(uint32_t tick_ms)
{
    return (uint64_t)tick_ms + tick_ms / FRESH_SLACK_PARTS + FRESH_CLOCKS_MS;
}

void audit_fresh_judge(struct audit *audit)
{
    struct rota_audit_report *report = audit->report;
    uint64_t at_ms = audit->options->fresh_ms;
    uint32_t tick_ms = audit->epoch.timers.tick_ms;
    uint64_t age_ms = at_ms > report->last_time_ms ? at_ms - report->last_time_ms : 0;
    report->tick_ms = tick_ms;
    if (at_ms == 0 || audit->broken)
        return;
    if (tick_ms == 0)
        audit_fail(audit, CHECK_J3, WEIGHT_INCOMPLETE, 0, UINT64_MAX,
                   "this ledger has no TICKs, so the age of its newest block does not tell whether newer ones were cut off");
    else if (age_ms > rota_audit_fresh_for(tick_ms))
        audit_fail(audit, CHECK_J3, WEIGHT_INCOMPLETE, report->height, UINT64_MAX,
                   "the newest block is %" PRIu64 " s old, and a network that stands adds one every %" PRIu32
                   " s: newer blocks were cut off, or the network stood still",
                   age_ms / 1000, tick_ms / 1000);
    else
        audit_pass(audit, CHECK_J3, 1);
}
