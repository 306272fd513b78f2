import Glibc
internal import Synchronization

/// A socket of each family, made while the process has descriptors: the connection that closes and cancels is opened with
/// one when there are none left (P23). A process that cannot open a file can still get rid of what it holds.
///
/// - Lane: any thread.
/// - Bound: one descriptor a family.
final class SpareSockets: Sendable {
    private static let families = [AF_INET, AF_INET6]
    // Safety of the numbers: whoever takes one out owns it; those inside are closed here.
    private let kept = Mutex<[Int32?]>([nil, nil])
    private let lent = Atomic<Bool>(false)

    init() { refill() }

    deinit { kept.withLock { for case let socket? in $0 { close(socket) } } }

    /// True while one is missing: the process has no descriptor to spare, and nothing is to be entered.
    var isLent: Bool { lent.load(ordering: .acquiring) }

    /// A socket of that family, once; nil when it is out already.
    func take(_ family: Int32) -> Int32? {
        kept.withLock { kept in
            guard let place = Self.families.firstIndex(of: family), let socket = kept[place] else { return nil }
            kept[place] = nil
            lent.store(true, ordering: .releasing)
            return socket
        }
    }

    /// Makes what is missing, as far as there are descriptors. A machine without one of the families misses none of it.
    func refill() {
        kept.withLock { kept in
            var isShort = false
            for place in kept.indices where kept[place] == nil {
                let made = socket(Self.families[place], Endpoint.socketType, 0)
                if made >= 0 { kept[place] = made } else if Self.isShortage(errno) { isShort = true }
            }
            lent.store(isShort, ordering: .releasing)
        }
    }

    /// True for what the kernel says when the process, or the machine, has no descriptor left.
    static func isShortage(_ number: Int32) -> Bool { number == EMFILE || number == ENFILE }
}
