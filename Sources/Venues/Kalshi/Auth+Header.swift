/// The stamp and signature of one request. Whoever has it can send one order: it is kept in memory only.
struct Header: Sendable {
    let milliseconds: Int64
    let letters: [UInt8]
    /// Where it came from in its pool; nil when it was signed in line.
    let place: Int?
    /// Of the pool when it was taken; a pool that was emptied since takes nothing back.
    let epoch: UInt64
}

extension Header: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "<header>" }
    var debugDescription: String { "<header>" }
    var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
