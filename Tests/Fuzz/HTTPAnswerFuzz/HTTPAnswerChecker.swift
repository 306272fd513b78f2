import Trading

@testable import Transport

/// The parser must make the same answer of the same bytes however they are cut, in bounded memory, and with one parser
/// for all answers of a connection.
final class HTTPAnswerChecker {
    private struct Answer: Equatable {
        var status: Int
        var contentType: String
        var body: [UInt8]
        var surplus: Int
        var isReusable: Bool
        var retryAfter: Nanoseconds?
        var date: UTCNanos?
        var idleMax: Nanoseconds?
        var requestsLeft: Int?
    }

    private enum Verdict: Equatable {
        case incomplete
        case fault(String)
        case answer(Answer)
    }

    private var used = HTTPAnswerParser()

    /// The first two bytes choose the cuts, the rest is what the server sent.
    func check(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 2 else { return }
        let stream = UnsafeRawBufferPointer(rebasing: bytes[2...])
        var fresh = HTTPAnswerParser()
        let whole = read(stream, &fresh) { $0 }
        var state = UInt64(bytes[0]) << 8 | UInt64(bytes[1])
        let cut = read(stream, &used) { room in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return min(room, 1 + Int(state >> 33 & 15))
        }
        precondition(whole == cut, "cuts change nothing, nor do answers before")
        precondition(whole == read(stream, &used) { _ in 1 }, "not even single bytes do")
        guard case .answer(let answer) = whole else { return }
        precondition((200..<600).contains(answer.status), "no interim answer is the answer")
        precondition(answer.body.count + answer.surplus <= stream.count, "a body is made of bytes that came")
        precondition(!answer.isReusable || answer.surplus == 0, "bytes behind the body end the connection")
        precondition(answer.status != 204 && answer.status != 304 || answer.body.isEmpty, "these have no body")
        precondition(answer.retryAfter.map { $0 >= .zero } ?? true, "a wait is no time ago")
        // What was cut off before its end is never an answer.
        let complete = UnsafeRawBufferPointer(rebasing: stream[..<(stream.count - answer.surplus - 1)])
        precondition(read(complete, &used) { $0 } == .incomplete, "the last byte belongs to the answer")
    }

    private func read(_ stream: UnsafeRawBufferPointer, _ parser: inout HTTPAnswerParser, _ step: (Int) -> Int)
        -> Verdict
    {
        parser.reset()
        var at = 0
        do throws(TransportFault) {
            var isComplete = false
            while at < stream.count {
                let room = parser.room()
                precondition(!room.isEmpty, "there is always room")
                let count = min(stream.count - at, step(room.count))
                room.copyMemory(from: UnsafeRawBufferPointer(rebasing: stream[at..<at + count]))
                parser.received(count)
                at += count
                isComplete = try parser.next()
                precondition(parser.bytesHeld <= 4 << 20, "memory is bounded")
            }
            guard isComplete else { return .incomplete }
        } catch {
            precondition(error.kind == .answer || error.kind == .tooLarge, "a fault of the answer")
            return .fault(error.code)
        }
        return .answer(
            Answer(
                status: parser.status, contentType: parser.contentType, body: Array(parser.body),
                surplus: parser.surplus, isReusable: parser.isReusable, retryAfter: parser.head.retryAfter,
                date: parser.head.date, idleMax: parser.head.idleMax, requestsLeft: parser.head.requestsLeft))
    }
}
