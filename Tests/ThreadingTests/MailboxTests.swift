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
}
