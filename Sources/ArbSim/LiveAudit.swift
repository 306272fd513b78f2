import Assembly
import Scenes
import Simulators
import Store
import Trading

/// What the venues know of our orders beside what our ledger has of them, to the last unit, for people.
struct LiveAudit {
    private let folder: LoopbackFolder

    init(_ folder: LoopbackFolder) { self.folder = folder }

    /// Prints it.
    ///
    /// - Returns: 0, or 6 when anything differs.
    func report() throws -> Int32 {
        let audit = try TruthAudit(
            truth: folder.venues.truth, ledger: folder.path + "/state/loopback/ledger.db", pairs: folder.venues.pairs)
        show(
            """

            \(audit.orders) orders in our ledger, \(audit.filled) filled in whole or part at the venues, \(audit.faults) faults struck.
            Unknown at the end: \(audit.unknown). Not ended: \(audit.open). Sent twice: 0 expected, \(audit.duplicates) found.

            """)
        guard audit.isGood else {
            for line in (audit.differences + audit.breaches).prefix(20) { show("DIFFERS: \(line)\n") }
            let count = audit.differences.count + audit.breaches.count
            show("The venues' truth and our ledger differ in \(count) places.\n")
            return 6
        }
        show("The venues' truth and our ledger agree to the last unit.\n")
        return 0
    }
}
