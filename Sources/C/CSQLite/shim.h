#pragma once
#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast that Swift cannot import: one function per kind of bytes.
static inline int CSQLite_bind_text(sqlite3_stmt *statement, int index, const char *text, int count) {
    return sqlite3_bind_text(statement, index, text, count, SQLITE_TRANSIENT);
}
// Takes a connection's page cache, of that many KiB, in one piece when it is opened: variadic, which Swift cannot call.
// Before the first connection of the process; afterwards it is refused and nothing changes.
static inline int CSQLite_take_cache_at_once(int kib) {
    return sqlite3_config(SQLITE_CONFIG_PAGECACHE, (void *)0, 0, -kib);
}
static inline int CSQLite_config_int(sqlite3 *database, int option, int value) { return sqlite3_db_config(database, option, value, (int *)0); }
