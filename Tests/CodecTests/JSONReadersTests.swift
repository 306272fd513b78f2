import Synchronization
import Testing
import Threading

@testable import Codec

@Suite("JSONReaders")
struct JSONReadersTests {
    private static func read(_ text: String, by reader: JSONReader) throws(JSONFault) -> Int64? {
        try reader.read(text)["n"]?.int64
    }

    @Test("a reader is used again, also after a document that it could not read, and never by two at once")
    func lending() throws {
        let readers = JSONReaders(limits: .webSocket)
        let (isOther, one, two) = try readers.borrow { (outer) throws(JSONFault) in
            let root = try outer.read(#"{"n":1}"#)
            let (isOther, two) = try readers.borrow { (inner) throws(JSONFault) in
                (inner !== outer, try Self.read(#"{"n":2}"#, by: inner))
            }
            // What was read before is whole: the inner document went elsewhere.
            return (isOther, root["n"]?.int64, two)
        }
        #expect(isOther && one == 1 && two == 2)
        #expect(throws: JSONFault.self) {
            try readers.borrow { (reader) throws(JSONFault) in _ = try reader.read("{") }
        }
        var seen: Set<ObjectIdentifier> = []
        for number in 0..<8 {
            let found = try readers.borrow { (reader) throws(JSONFault) in
                seen.insert(ObjectIdentifier(reader))
                return try Self.read(#"{"n":\#(number)}"#, by: reader)
            }
            #expect(found == Int64(number))
        }
        #expect(seen.count == 1)
    }

    /// Lends as many readers at once as there are sizes, the first outermost; each reads a document of its size.
    private static func lend(_ readers: JSONReaders, _ sizes: [Int]) throws -> [ObjectIdentifier] {
        guard let size = sizes.first else { return [] }
        return try readers.borrow { reader in
            _ = try reader.read("\"" + String(repeating: "x", count: size) + "\"")
            return try [ObjectIdentifier(reader)] + lend(readers, Array(sizes.dropFirst()))
        }
    }

    @Test("the reader of the largest document is lent first, and the smallest is given up when too many wait")
    func largestFirst() throws {
        let readers = JSONReaders(limits: .webSocket)
        let made = try Self.lend(readers, [30, 50, 10, 40, 20])
        #expect(Set(made).count == 5)
        // One byte each: nothing grows, and the order stays.
        let again = try Self.lend(readers, [1, 1, 1, 1])
        #expect(again == [made[1], made[3], made[0], made[4]])
    }

    @Test("from many threads at once each reads its own document")
    func threads() {
        let readers = JSONReaders(limits: .webSocket)
        let wrong = Atomic<Int>(0)
        let workers = (0..<8).map { thread in
            Worker(name: "borrower") {
                for number in 0..<2_000 {
                    let wanted = Int64(thread * 10_000 + number)
                    let found = try? readers.borrow { reader in try Self.read(#"{"n":\#(wanted)}"#, by: reader) }
                    if found != wanted { wrong.wrappingAdd(1, ordering: .relaxed) }
                }
            }
        }
        for worker in workers { worker.join() }
        #expect(wrong.load(ordering: .relaxed) == 0)
    }
}
