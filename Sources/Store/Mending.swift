import Glibc
public import Trading

/// Puts aside what is damaged, and goes on from what is whole: nothing is thrown away, nothing that is whole is touched.
public enum Mending {
    /// Looks at the ledger and the log of intents of an account whose lock is held.
    ///
    /// - Parameter now: names what is put aside.
    /// - Returns: what was done, in words; empty when nothing was damaged.
    /// - Throws: `StoreFault`: `E_STORE_FUTURE` for files of a newer build, `E_STORE_IO`.
    public static func mend(_ folder: StateFolder, at now: UTCNanos) throws(StoreFault) -> [String] {
        let suffix = ".damaged-\(now.rawValue / 1_000_000_000)"
        var words = try mendLedger(folder.path + "/ledger.db", suffix)
        words += try mendLog(folder.path + "/intents.log", folder.path + "/ledger.db", suffix)
        return words
    }

    private static func isDamaged(_ path: String) throws(StoreFault) -> Bool {
        do throws(StoreFault) {
            _ = try Ledger.reader(path: path)
            return false
        } catch {
            guard error.kind == .corrupt else { throw error }
            return true
        }
    }

    private static func mendLedger(_ path: String, _ suffix: String) throws(StoreFault) -> [String] {
        guard access(path, F_OK) == 0, try isDamaged(path) else { return [] }
        for end in ["", "-wal", "-shm"] where access(path + end, F_OK) == 0 {
            try move(path + end, to: path + suffix + end)
        }
        var words = ["\(path) was damaged, and is \(path)\(suffix) now"]
        let copy = path + ".bak"
        guard access(copy, R_OK) == 0, try !isDamaged(copy) else {
            words.append("there is no copy that is whole: a new ledger is begun, and what the venues hold is not in it")
            return words
        }
        // A link, not a copy of bytes: the name is whole or not there. The next copy is a new file.
        guard link(copy, path) == 0, unlink(copy) == 0 else {
            throw StoreFault(errno: errno, copy)
        }
        words.append("the copy is the ledger now; what came after it is not in it")
        return words
    }

    private static func mendLog(_ path: String, _ ledgerPath: String, _ suffix: String) throws(StoreFault) -> [String] {
        guard let found = try IntentLog.read(path: path), let first = found.damage.first else { return [] }
        let ledger = try Ledger(path: ledgerPath)
        let gone = Set(found.withdrawn)
        var kept = 0
        for entry in found.intents where !gone.contains(entry.intent.name) {
            guard try ledger.row(of: entry.intent.order.clOrdID, isTombstone: entry.intent.isTombstone) == nil else {
                continue
            }
            try ledger.keep(entry.intent)
            kept += 1
        }
        try move(path, to: path + suffix)
        return [
            "\(path) was damaged (\(first)), and is \(path)\(suffix) now",
            "\(kept) orders that were whole in it are in the ledger: the next start asks the venues what became of them",
        ]
    }

    private static func move(_ path: String, to other: String) throws(StoreFault) {
        guard rename(path, other) == 0 else {
            throw StoreFault(errno: errno, path)
        }
    }
}
