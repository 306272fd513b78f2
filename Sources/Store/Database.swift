import CSQLite
import Glibc

/// A SQLite database with the few verbs that the ledger needs. Values are always bound, never written into SQL.
///
/// - Lane: one thread at a time.
final class Database {
    enum Value {
        case null
        case integer(Int64)
        case text(String)
    }

    private let handle: OpaquePointer
    private var prepared: [String: OpaquePointer] = [:]
    let path: String
    /// The first refusal of the disk other than a full one. Nothing is written or read after it (P16): what the file then
    /// holds is not known before it has been opened anew.
    private(set) var poison: StoreFault?

    /// What the library keeps of a file at most, taken when it is opened: what grows for its first half hour looks like a leak,
    /// and takes memory where orders wait. As many KiB as the library would come to by itself.
    private static let cache: Void = { CSQLite_take_cache_at_once(2_000) }()

    /// Opens (and makes, unless `readOnly`) the file, with mode 0600.
    init(path: String, readOnly: Bool = false) throws(StoreFault) {
        self.path = path
        if !readOnly {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw StoreFault(errno: errno, path) }
            close(descriptor)
        }
        _ = Self.cache
        var opened: OpaquePointer?
        let flags = (readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX
        let status = sqlite3_open_v2(path, &opened, flags, nil)
        guard status == SQLITE_OK, let opened else {
            let words = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(opened)
            throw StoreFault(.io, "\(path): \(words)")
        }
        handle = opened
        sqlite3_busy_timeout(handle, 2_000)
        sqlite3_extended_result_codes(handle, 1)
        CSQLite_config_int(handle, SQLITE_DBCONFIG_DEFENSIVE, 1)
    }

    deinit {
        for statement in prepared.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
    }

    /// Rows that queries walked over because no index led to them: what is asked with every order may walk none.
    var walked: Int64 {
        prepared.values.reduce(0) { $0 + Int64(sqlite3_stmt_status($1, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0)) }
    }

    /// Runs SQL that is ours alone: schema and pragmas.
    func execute(_ sql: String) throws(StoreFault) {
        if let poison { throw poison }
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw fault() }
    }

    /// Runs a statement with bound values.
    func run(_ sql: String, _ values: [Value] = []) throws(StoreFault) {
        let statement = try bound(sql, values)
        defer { sqlite3_reset(statement) }
        guard sqlite3_step(statement) == SQLITE_DONE else { throw fault() }
    }

    /// Runs a query with bound values; calls `row` for each row.
    func query(_ sql: String, _ values: [Value] = [], _ row: (Row) -> Void) throws(StoreFault) {
        let statement = try bound(sql, values)
        defer { sqlite3_reset(statement) }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: row(Row(statement: statement))
            case SQLITE_DONE: return
            default: throw fault()
            }
        }
    }

    struct Row {
        fileprivate let statement: OpaquePointer

        func integer(_ column: Int32) -> Int64? {
            sqlite3_column_type(statement, column) == SQLITE_INTEGER ? sqlite3_column_int64(statement, column) : nil
        }

        func text(_ column: Int32) -> String? { sqlite3_column_text(statement, column).map { String(cString: $0) } }
    }

    private func bound(_ sql: String, _ values: [Value]) throws(StoreFault) -> OpaquePointer {
        if let poison { throw poison }
        let statement: OpaquePointer
        if let known = prepared[sql] {
            statement = known
        } else {
            var made: OpaquePointer?
            guard sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &made, nil) == SQLITE_OK,
                let made
            else {
                throw fault()
            }
            prepared[sql] = made
            statement = made
        }
        sqlite3_reset(statement)
        sqlite3_clear_bindings(statement)
        for (index, value) in values.enumerated() {
            let status: Int32
            switch value {
            case .null: status = sqlite3_bind_null(statement, Int32(index + 1))
            case .integer(let integer): status = sqlite3_bind_int64(statement, Int32(index + 1), integer)
            case .text(let text): status = CSQLite_bind_text(statement, Int32(index + 1), text, Int32(text.utf8.count))
            }
            guard status == SQLITE_OK else { throw fault() }
        }
        return statement
    }

    private func fault() -> StoreFault {
        let code = sqlite3_errcode(handle) & 0xFF  // extended codes carry the primary one in their low byte
        let words = "\(path): \(String(cString: sqlite3_errmsg(handle)))"
        switch code {
        case SQLITE_CORRUPT, SQLITE_NOTADB: return StoreFault(.corrupt, words)
        case SQLITE_FULL: return StoreFault(errno: ENOSPC, path)
        case SQLITE_IOERR:
            // A disk that cannot take the files beside the ledger is told as an error of the disk: it is a full one.
            if sqlite3_system_errno(handle) == ENOSPC { return StoreFault(errno: ENOSPC, path) }
            let fault = StoreFault(.io, words)
            poison = fault
            return fault
        default: return StoreFault(.io, words)
        }
    }
}
