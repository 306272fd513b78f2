import Testing
import Trading

@testable import Assembly

@Suite("Receipts that wait")
struct ReceiptQueueTests {
    private func mark(_ sequence: UInt64) -> ReceiptMark {
        ReceiptMark(
            venue: .kalshi, kind: .create, clOrdID: ClOrdID(prefix: 1, run: 1, sequence: sequence), orderID: nil,
            status: 201, at: UTCNanos(rawValue: 1))
    }

    private func put(_ queue: ReceiptQueue, _ sequence: UInt64, _ words: [UInt8]) {
        queue.keep(mark(sequence), words.span.bytes)
    }

    private func drain(_ queue: ReceiptQueue) -> [(ClOrdID?, [UInt8], Int)] {
        var found: [(ClOrdID?, [UInt8], Int)] = []
        queue.drain { (mark, words, whole) in found.append((mark.clOrdID, Array(words), whole)) }
        return found
    }

    @Test("what is put aside comes out as it was, in its order, again and again")
    func order() {
        let queue = ReceiptQueue()
        #expect(!queue.isWaiting && drain(queue).isEmpty)
        for round in 0..<3 as Range<UInt8> {
            for number in 0..<10 as Range<UInt64> {
                put(queue, number, [round, UInt8(number)])
            }
            put(queue, 10, [])
            #expect(queue.isWaiting)
            let found = drain(queue)
            #expect(found.map(\.0) == (0...10).map { ClOrdID(prefix: 1, run: 1, sequence: $0) })
            #expect(found.prefix(10).map(\.1) == (0..<10).map { [round, $0] } && found[10].1.isEmpty)
        }
        #expect(queue.dropped == 0)
    }

    @Test("a long one is cut, and a full queue drops and counts; what comes while it is written waits")
    func bounds() {
        let queue = ReceiptQueue()
        let long = [UInt8](repeating: 7, count: 5_000)
        for number in 0..<300 as Range<UInt64> { put(queue, number, long) }
        #expect(queue.dropped == 300 - ReceiptQueue.bytesMax / ReceiptQueue.bodyMax)
        var count = 0
        queue.drain { (_, words, whole) in
            #expect(words.count == 4_096 && whole == 5_000)
            if count == 0 { put(queue, 999, [1]) }
            count += 1
        }
        #expect(count == 256 && drain(queue).map(\.0) == [ClOrdID(prefix: 1, run: 1, sequence: 999)])
        for number in 0..<1_100 as Range<UInt64> { put(queue, number, [1]) }
        #expect(drain(queue).count == ReceiptQueue.countMax)
    }
}
