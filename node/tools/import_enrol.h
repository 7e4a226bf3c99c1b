/* Before the rows of a roster: the people and codes that the ledger does not know yet. */
#ifndef ROTA_TOOLS_IMPORT_ENROL_H
#define ROTA_TOOLS_IMPORT_ENROL_H

#include "node/tools/import_run.h"
#include "node/tools/people_file.h"
#include "node/tools/roster.h"

/* Gives every good row its token. Unknown names get a new one when `enrol`, and are bad rows otherwise. */
void rota_import_name_rows(struct rota_roster *roster, struct rota_people *people, bool enrol);
/* Adds proposals that enrol what the node does not know, 256 operations each. 0 or the exit code after a complaint.
 * *out_count: operations added. */
int rota_import_enrol(size_t *out_count, struct rota_import_run *run, const struct rota_roster *roster,
                      const struct rota_csv_map *map);
/* Enrolments that the ledger refused for another reason than that they were made before; complains about the first. */
int rota_import_enrol_check(const struct rota_import_run *run);

#endif
