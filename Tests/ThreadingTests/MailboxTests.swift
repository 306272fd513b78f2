import Testing

@testable import Threading

@Suite("Mailbox")
struct MailboxTests {
    @Test("two lists change hands: all comes once and in order, their room is used again, a large one is not kept")
    func rooms() {
        let mailbox = Mailbox<Int>(capacity: 5_000)
        var taken: [Int] = []
        var addresses: Set<UnsafeRawPointer> = []
        for round in 0..<8 {
            for number in 0..<500 { #expect(mailbox.post(round * 500 + number)) }
            #expect(!mailbox.isEmpty)
            mailbox.takeAll(into: &taken)
            #expect(taken == (0..<500).map { round * 500 + $0 } && mailbox.isEmpty)
            if round > 1 { taken.withUnsafeBytes { _ = addresses.insert($0.baseAddress!) } }
        }
        #expect(addresses.count == 2, "\(addresses.count) lists")
        for number in 0..<5_000 { #expect(mailbox.post(number)) }
        #expect(!mailbox.post(5_000))
        mailbox.takeAll(into: &taken)
        #expect(taken.count == 5_000 && taken.capacity >= 5_000)
        mailbox.takeAll(into: &taken)
        mailbox.takeAll(into: &taken)
        #expect(taken.isEmpty && taken.capacity < 2_048)
    }

    @Test("room that was asked for is there from the start, and again after a large list was given back")
    func roomFromTheStart() {
        let mailbox = Mailbox<Int>(capacity: 5_000, room: 300)
        var taken = Mailbox<Int>.list(room: 300)
        #expect(taken.isEmpty && taken.capacity >= 300)
        var addresses: Set<UnsafeRawPointer> = []
        func round(_ count: Int) {
            for number in 0..<count { #expect(mailbox.post(number)) }
            mailbox.takeAll(into: &taken)
            #expect(taken == Array(0..<count))
            taken.withUnsafeBytes { _ = addresses.insert($0.baseAddress!) }
        }
        taken.withUnsafeBytes { _ = addresses.insert($0.baseAddress!) }
        for _ in 0..<6 { round(300) }
        #expect(addresses.count == 2, "\(addresses.count) lists: more memory was asked for")
        round(5_000)
        round(1)
        round(1)
        #expect(taken.capacity >= 300 && taken.capacity < 2_048)
    }
}
