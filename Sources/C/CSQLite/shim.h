#pragma once
#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast that Swift cannot import: one function per kind of bytes.
static inline int CSQLite_bind_text(sqlite3_stmt *statement, int index, const char *text, int count) {
    return sqlite3_bind_text(statement, index, text, count, SQLITE_TRANSIENT);
}
static inline int CSQLite_config_int(sqlite3 *database, int option, int value) { return sqlite3_db_config(database, option, value, (int *)0); }
