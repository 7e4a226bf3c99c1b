/* The views of the ledger file, for people with the sqlite3 shell. They decode, and prove nothing. */
#ifndef ROTA_LEDGER_STORE_VIEWS_H
#define ROTA_LEDGER_STORE_VIEWS_H

extern const char store_view_block[];
extern const char store_view_entry[];
extern const char store_view_record[];
extern const char store_view_epoch[];
extern const char store_view_member[];
extern const char store_view_outcome[];
extern const char store_view_operation[];
extern const char store_view_assignment_history[];
extern const char store_view_assignment[];

#endif
