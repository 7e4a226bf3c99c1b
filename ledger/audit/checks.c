#include "ledger/audit/inside.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *id;
    const char *title;
} audit_titles[CHECK_COUNT] = {
    [CHECK_A1] = {"A1", "file read whole, and hashed"},
    [CHECK_A2] = {"A2", "a ledger file of a known format"},
    [CHECK_A3] = {"A3", "the container holds together"},
    [CHECK_A4] = {"A4", "tables, triggers, views and readme word for word"},
    [CHECK_A5] = {"A5", "nothing waits in a log beside the file"},
    [CHECK_A6] = {"A6", "every row has the columns and lengths of the format"},
    [CHECK_B1] = {"B1", "the file's genesis is the one given"},
    [CHECK_B2] = {"B2", "the genesis is well formed"},
    [CHECK_B3] = {"B3", "members are distinct, and enough for the fault bound"},
    [CHECK_B4] = {"B4", "keys with proof of possession"},
    [CHECK_C1] = {"C1", "heights without gap"},
    [CHECK_C2] = {"C2", "each block names the one before it"},
    [CHECK_C3] = {"C3", "headers of this ledger, at their own height"},
    [CHECK_C4] = {"C4", "headers are the ones that were voted on"},
    [CHECK_C5] = {"C5", "block times increase"},
    [CHECK_C6] = {"C6", "epoch, configuration and proposer"},
    [CHECK_C7] = {"C7", "a TICK only where the block before it was old enough"},
    [CHECK_D1] = {"D1", "entries complete and in place"},
    [CHECK_D2] = {"D2", "entry ids follow from their bytes"},
    [CHECK_D3] = {"D3", "signed form of proposals"},
    [CHECK_D4] = {"D4", "coordinators' signatures, low-S"},
    [CHECK_D5] = {"D5", "signing keys known at their height"},
    [CHECK_D6] = {"D6", "proposals made for this ledger"},
    [CHECK_D7] = {"D7", "sequence numbers used once"},
    [CHECK_D8] = {"D8", "no entry twice"},
    [CHECK_D9] = {"D9", "strict JSON"},
    [CHECK_D10] = {"D10", "operations within form and limits"},
    [CHECK_D13] = {"D13", "the schedule's rules, replayed"},
    [CHECK_D14] = {"D14", "stored outcomes equal the recomputed ones"},
    [CHECK_E1] = {"E1", "every block covered by a certificate of exactly a quorum"},
    [CHECK_E2] = {"E2", "certificates of members of the epoch only"},
    [CHECK_E3] = {"E3", "certificates bound to their own block"},
    [CHECK_E4] = {"E4", "one history: no second certificate known"},
    [CHECK_F1] = {"F1", "tree size and root of every header"},
    [CHECK_H1] = {"H1", "changes of epoch approved by a quorum of the one before"},
    [CHECK_H2] = {"H2", "recovery manifests approved by two thirds, each on the block that it keeps"},
    [CHECK_X1] = {"X1", "evidence in the ledger holds"},
    [CHECK_X2] = {"X2", "NEW-VIEWs that were kept are signed and good"},
    [CHECK_J1] = {"J1", "the known block is part of this history"},
    [CHECK_J2] = {"J2", "the receipts' entries are in this file"},
    [CHECK_J3] = {"J3", "the newest block is as young as the TICKs promise"},
};

void audit_checks_init(struct rota_audit_report *report)
{
    _Static_assert((int)CHECK_COUNT <= (int)ROTA_AUDIT_CHECKS_MAX, "the report has room for every check");
    report->check_count = CHECK_COUNT;
    for (size_t i = 0; i < CHECK_COUNT; i++)
        report->checks[i] = (struct rota_audit_check){.id = audit_titles[i].id, .title = audit_titles[i].title};
}

void audit_pass(struct audit *audit, enum audit_check check, uint64_t times)
{
    audit->report->checks[check].passed += times;
}

void audit_fail(struct audit *audit, enum audit_check check, enum audit_weight weight, uint64_t height, uint64_t leaf_index,
                const char *format, ...)
{
    struct rota_audit_report *report = audit->report;
    report->checks[check].failed++;
    audit->weights |= (unsigned)weight;
    if (weight != WEIGHT_INCOMPLETE)
        audit->broken = true;
    if (report->failure_count == ROTA_AUDIT_FAILURES_MAX)
        return;
    struct rota_audit_failure *failure = &report->failures[report->failure_count++];
    *failure = (struct rota_audit_failure){.check = audit_titles[check].id, .height = height, .leaf_index = leaf_index};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure->text, sizeof failure->text, format, arguments);
    va_end(arguments);
    audit->full = report->failure_count == ROTA_AUDIT_FAILURES_MAX;
}

void audit_out_of_memory(struct audit *audit)
{
    if (!audit->no_memory)
        audit_fail(audit, CHECK_A1, WEIGHT_UNREADABLE, 0, UINT64_MAX, "memory ran out before the audit was done");
    audit->no_memory = true;
}
