@testable import Transport

/// The inbox must make the same messages of the same bytes however they are cut, in bounded memory.
final class WebSocketChecker {
    private enum Found: Equatable {
        case text([UInt8])
        case binary(Int)
        case ping([UInt8])
        case pong
        case close(UInt16?)
        case fault(String)
    }

    /// The first two bytes choose the limit and the cuts, the rest is the stream.
    func check(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 2 else { return }
        let messageMax = bytes[0] & 1 == 0 ? 1 << 20 : 256
        let stream = UnsafeRawBufferPointer(rebasing: bytes[2...])
        let whole = read(stream, messageMax) { $0 }
        var state = UInt64(bytes[0]) << 8 | UInt64(bytes[1])
        let cut = read(stream, messageMax) { room in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return min(room, 1 + Int(state >> 33 & 15))
        }
        precondition(whole == cut, "cuts change nothing")
        precondition(whole == read(stream, messageMax) { _ in 1 }, "not even single bytes do")
        for case .text(let text) in whole {
            precondition(String(validating: text, as: UTF8.self) != nil && text.count <= messageMax, "text is text")
        }
        for case .close(let code?) in whole { precondition((1_000..<5_000).contains(code), "a code that may be sent") }
    }

    private func read(_ stream: UnsafeRawBufferPointer, _ messageMax: Int, _ step: (Int) -> Int) -> [Found] {
        var inbox = WebSocketInbox(messageMax: messageMax)
        var found: [Found] = []
        var at = 0
        do throws(TransportFault) {
            while at < stream.count {
                let room = inbox.room()
                precondition(!room.isEmpty, "there is always room")
                let count = min(stream.count - at, step(room.count))
                room.copyMemory(from: UnsafeRawBufferPointer(rebasing: stream[at..<at + count]))
                inbox.received(count)
                at += count
                while let item = try inbox.next() {
                    switch item {
                    case .text(let payload): found.append(.text(Array(payload)))
                    case .binary(let count): found.append(.binary(count))
                    case .ping(let payload): found.append(.ping(payload))
                    case .pong: found.append(.pong)
                    case .close(let code): found.append(.close(code))
                    }
                }
                precondition(inbox.bytesHeld <= 6 * messageMax + 128 * 1_024, "memory is bounded")
            }
        } catch {
            found.append(.fault(error.code))
        }
        return found
    }
}
