import Testing
import Trading

@testable import Transport

/// What a parser made of some bytes.
private enum Reading: Equatable {
    case incomplete
    case fault(String)
    case answer(Answer)

    struct Answer: Equatable {
        var status: Int
        var contentType: String
        var body: String
        var surplus: Int
        var isReusable: Bool
        var retryAfter: Nanoseconds?
        var date: UTCNanos?
        var idleMax: Nanoseconds?
        var requestsLeft: Int?
    }
}

/// Feeds the bytes in pieces as long as `step` says, and reads after each.
private func read(
    _ bytes: [UInt8], _ parser: inout HTTPAnswerParser, step: (Int) -> Int = { $0 }
) -> Reading {
    parser.reset()
    var at = 0
    do throws(TransportFault) {
        var isComplete = false
        repeat {
            let room = parser.room()
            let count = min(bytes.count - at, step(room.count))
            room.copyBytes(from: bytes[at..<(at + count)])
            parser.received(count)
            at += count
            isComplete = try parser.next()
        } while at < bytes.count
        guard isComplete else { return .incomplete }
    } catch { return .fault(error.code) }
    return .answer(
        Reading.Answer(
            status: parser.status, contentType: parser.contentType, body: String(decoding: parser.body, as: UTF8.self),
            surplus: parser.surplus, isReusable: parser.isReusable, retryAfter: parser.head.retryAfter,
            date: parser.head.date, idleMax: parser.head.idleMax, requestsLeft: parser.head.requestsLeft))
}

private func read(_ text: String) -> Reading {
    var parser = HTTPAnswerParser()
    return read(Array(text.utf8), &parser)
}

@Suite("HTTPAnswerParser")
struct HTTPAnswerParserTests {
    private static let ok = "HTTP/1.1 200 OK\r\n"
    private static let chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"

    /// Answers that are whole: bytes, status, body, surplus, whether the connection may go on.
    static let good: [(name: String, text: String, status: Int, body: String, surplus: Int, goesOn: Bool)] = [
        ("a length", ok + "Content-Length: 5\r\n\r\nhello", 200, "hello", 0, true),
        ("no body", ok + "content-length: 0\r\n\r\n", 200, "", 0, true),
        ("a length with zeros in front", ok + "Content-Length:  005 \t\r\n\r\nhello", 200, "hello", 0, true),
        ("no reason", "HTTP/1.1 429 \r\nContent-Length: 2\r\n\r\n{}", 429, "{}", 0, true),
        ("no blank before no reason", "HTTP/1.1 500\r\nContent-Length: 2\r\n\r\n{}", 500, "{}", 0, true),
        ("chunks", chunked + "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n", 200, "abc0123456789", 0, true),
        (
            "a chunk of hexadecimal size", chunked + "1a\r\nabcdefghijklmnopqrstuvwxyz\r\n000\r\n\r\n", 200,
            "abcdefghijklmnopqrstuvwxyz", 0, true
        ),
        (
            "chunks with extensions and trailers", chunked + "3;a=b;c=\"d\"\r\nabc\r\n0;x\r\nX-Sum: 9\r\n\r\n", 200,
            "abc", 0,
            true
        ),
        ("no chunk", chunked + "0\r\n\r\n", 200, "", 0, true),
        ("chunks in other letters", ok + "TRANSFER-ENCODING: Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 200, "x", 0, true),
        ("204", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", 0, true),
        ("204 with a length of zero", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, "", 0, true),
        (
            "304 with the length of what it does not send", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
            304,
            "", 0, true
        ),
        (
            "interim answers",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok
                + "Content-Length: 1\r\n\r\nx", 200, "x", 0, true
        ),
        ("an end that is announced", ok + "Connection: close\r\nContent-Length: 1\r\n\r\nx", 200, "x", 0, false),
        ("an end among others", ok + "Connection: foo , CLOSE\r\nContent-Length: 1\r\n\r\nx", 200, "x", 0, false),
        (
            "an end in an interim answer only",
            "HTTP/1.1 100 C\r\nConnection: close\r\n\r\n" + ok
                + "Content-Length: 1\r\n\r\nx", 200, "x", 0, true
        ),
        ("HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x", 0, false),
        (
            "HTTP/1.0 that goes on", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", 200,
            "x", 0,
            true
        ),
        ("bytes behind the body", ok + "Content-Length: 1\r\n\r\nxy", 200, "x", 1, false),
        ("an answer behind the answer", ok + "Content-Length: 1\r\n\r\nx" + ok, 200, "x", 17, false),
        ("bytes behind the last chunk", chunked + "1\r\nx\r\n0\r\n\r\n\r\n", 200, "x", 2, false),
        ("bytes behind 204", "HTTP/1.1 204 No Content\r\n\r\n{}", 204, "", 2, false),
        ("a field without a value", ok + "X-Empty:\r\nContent-Length: 1\r\n\r\nx", 200, "x", 0, true),
        ("a field above ASCII", ok + "X-Name: caf\u{e9}\r\nContent-Length: 1\r\n\r\nx", 200, "x", 0, true),
        (
            "a body that looks like chunks", ok + "Content-Length: 10\r\n\r\n1\r\nx\r\n0\r\n\r", 200,
            "1\r\nx\r\n0\r\n\r", 0, true
        ),
    ]

    @Test("reads what is whole", arguments: good.indices)
    func whole(index: Int) {
        let item = Self.good[index]
        guard case .answer(let answer) = read(item.text) else {
            Issue.record("\(item.name): \(read(item.text))")
            return
        }
        #expect(answer.status == item.status && answer.body == item.body, "\(item.name)")
        #expect(answer.surplus == item.surplus && answer.isReusable == item.goesOn, "\(item.name)")
    }

    @Test("wants more of what is cut off, byte for byte", arguments: good.indices)
    func cutOff(index: Int) {
        let item = Self.good[index]
        let bytes = Array(item.text.utf8)
        var parser = HTTPAnswerParser()
        for count in 0..<(bytes.count - item.surplus) {
            #expect(read(Array(bytes[..<count]), &parser) == .incomplete, "\(item.name) after \(count) bytes")
        }
    }

    /// Answers that nobody reads: bytes and code.
    static let bad: [(name: String, text: String)] = [
        ("two lengths", ok + "Content-Length: 2\r\nContent-Length: 5\r\n\r\n[]"),
        ("the same length twice", ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n[]"),
        ("lengths in one field", ok + "Content-Length: 2, 2\r\n\r\n[]"),
        ("a length beside chunks", ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("chunks beside a length", ok + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n"),
        ("chunks twice", ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("chunks of chunks", ok + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
        ("another coding", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        ("no coding", ok + "Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n"),
        ("a coding in disguise", ok + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ("chunks under HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("neither length nor chunks", ok + "Content-Type: text/html\r\n\r\n<html>"),
        ("a negative length", ok + "Content-Length: -5\r\n\r\n[]"),
        ("a signed length", ok + "Content-Length: +2\r\n\r\n[]"),
        ("a length in words", ok + "Content-Length: two\r\n\r\n[]"),
        ("an empty length", ok + "Content-Length: \r\n\r\n[]"),
        ("a length beyond all numbers", ok + "Content-Length: 18446744073709551618\r\n\r\n[]"),
        ("a folded field", ok + "X-A: b\r\n c: d\r\nContent-Length: 0\r\n\r\n"),
        ("a folded field with a tab", ok + "X-A: b\r\n\tContent-Length: 9\r\nContent-Length: 0\r\n\r\n"),
        ("a blank before the colon", ok + "Content-Length : 0\r\n\r\n"),
        ("a field without a colon", ok + "Content-Length 0\r\n\r\n"),
        ("a field without a name", ok + ": 0\r\n\r\n"),
        ("a bare LF after the status", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"),
        ("a bare LF after a field", ok + "Content-Length: 0\nX: y\r\n\r\n"),
        ("a bare LF at the end of the head", ok + "Content-Length: 0\r\n\n"),
        ("a bare CR in a field", ok + "X: a\rContent-Length: 9\r\nContent-Length: 0\r\n\r\n"),
        ("NUL in a field", ok + "X: a\0b\r\nContent-Length: 0\r\n\r\n"),
        ("a control character in a name", ok + "X\u{01}: a\r\nContent-Length: 0\r\n\r\n"),
        ("a bare LF after a chunk's size", chunked + "1\nx\r\n0\r\n\r\n"),
        ("a bare LF after a chunk", chunked + "1\r\nx\n0\r\n\r\n"),
        ("a chunk longer than its size", chunked + "1\r\nxy\r\n0\r\n\r\n"),
        ("a chunk without a size", chunked + "\r\nx\r\n0\r\n\r\n"),
        ("a size that is none", chunked + "xyz\r\n"),
        ("a negative size", chunked + "-1\r\nx\r\n0\r\n\r\n"),
        ("a size with a prefix", chunked + "0x1\r\nx\r\n0\r\n\r\n"),
        ("a size with a blank in front", chunked + " 1\r\nx\r\n0\r\n\r\n"),
        ("a size with a blank behind", chunked + "1 \r\nx\r\n0\r\n\r\n"),
        ("a size beyond all numbers", chunked + "fffffffffffffffff\r\nx\r\n0\r\n\r\n"),
        ("a control character in an extension", chunked + "1;a=\u{01}\r\nx\r\n0\r\n\r\n"),
        ("a trailer that is none", chunked + "0\r\nhello\r\n\r\n"),
        ("a folded trailer", chunked + "0\r\nX: y\r\n z\r\n\r\n"),
        ("no HTTP", "hello\r\n\r\n"),
        ("another protocol", "ICY 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("HTTP/2", "HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("HTTP/1.2", "HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("small letters", "http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("two blanks", "HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
        ("two digits", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"),
        ("letters for a status", "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n"),
        ("the status 099", "HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n"),
        ("the status 600", "HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n"),
        ("an empty line first", "\r\n" + ok + "Content-Length: 0\r\n\r\n"),
        ("an upgrade", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"),
        ("a body under 204", "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}"),
        ("chunks under 204", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("a body under 100", "HTTP/1.1 100 Continue\r\nContent-Length: 2\r\n\r\n{}"),
        ("chunks under 103", "HTTP/1.1 103 Early\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ]

    @Test("refuses what two readers could read in two ways", arguments: bad.indices)
    func refuses(index: Int) {
        #expect(read(Self.bad[index].text) == .fault("E_NET_ANSWER"), "\(Self.bad[index].name)")
    }

    static let large: [(name: String, text: String)] = [
        ("a length over the limit", ok + "Content-Length: 1048577\r\n\r\n"),
        ("a chunk over the limit", chunked + "100001\r\n"),
        ("chunks over the limit", chunked + "80000\r\n" + String(repeating: "x", count: 0x80000) + "\r\n80001\r\n"),
        ("a head without end", ok + String(repeating: "X-More: yes\r\n", count: 6_000)),
        ("a field without end", ok + "X: " + String(repeating: "x", count: 70_000)),
        ("a status without end", "HTTP/1.1 200 " + String(repeating: "x", count: 70_000)),
        ("trailers without end", chunked + "0\r\n" + String(repeating: "X-More: yes\r\n", count: 6_000)),
        ("a chunk's size without end", chunked + "1;" + String(repeating: "x", count: 300)),
        ("interim answers without end", String(repeating: "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n", count: 20)),
    ]

    @Test("refuses what is larger than any answer, in bounded memory", arguments: large.indices)
    func bounded(index: Int) {
        let bytes = Array(Self.large[index].text.utf8)
        var parser = HTTPAnswerParser()
        #expect(read(bytes, &parser) == .fault("E_NET_TOO_LARGE"), "\(Self.large[index].name)")
        #expect(read(bytes, &parser) { _ in 1_000 } == .fault("E_NET_TOO_LARGE"), "\(Self.large[index].name)")
        #expect(parser.bytesHeld <= 4 << 20)
    }

    @Test("takes the largest body, whole and in the smallest chunks, in bounded memory")
    func largest() {
        var parser = HTTPAnswerParser()
        let body = [UInt8](repeating: 0x78, count: 1 << 20)
        let whole = Array((Self.ok + "Content-Length: 1048576\r\n\r\n").utf8) + body
        guard case .answer(let answer) = read(whole, &parser, step: { $0 }) else {
            Issue.record("no answer")
            return
        }
        #expect(answer.body.utf8.count == 1 << 20)
        let chunks = Array(Self.chunked.utf8) + Array(repeatElement(Array("1\r\nx\r\n".utf8), count: 1 << 20).joined())
        guard case .answer(let same) = read(chunks + Array("0\r\n\r\n".utf8), &parser, step: { $0 }) else {
            Issue.record("no answer of chunks")
            return
        }
        #expect(same.body == answer.body)
        #expect(parser.bytesHeld <= 4 << 20)
    }

    @Test("cuts change nothing: every cut into two, single bytes, and cuts at random", arguments: [0, 1, 2])
    func cuts(kind: Int) {
        let texts = [Self.good.map(\.text), Self.bad.map(\.text), Self.large.map(\.text)][kind]
        var parser = HTTPAnswerParser()
        var random = SeededGenerator(seed: 3)
        for text in texts {
            let bytes = Array(text.utf8)
            let whole = read(bytes, &parser)
            #expect(read(bytes, &parser) { _ in 1 } == whole)
            for cut in 0..<min(bytes.count, kind == 2 ? 5 : 200) {
                var isFirst = true
                let two = read(bytes, &parser) { room in
                    defer { isFirst = false }
                    return isFirst ? cut : room
                }
                #expect(two == whole, "cut after \(cut) of \(text.prefix(200))")
            }
            for _ in 0..<(kind == 2 ? 2 : 20) {
                let cut = read(bytes, &parser) { min($0, Int.random(in: 0...(kind == 2 ? 4_000 : 40), using: &random)) }
                #expect(cut == whole)
            }
        }
    }

    @Test("fields that somebody asks for")
    func fields() throws {
        let reading = read(
            Self.ok + "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: 7\r\nKeep-Alive: timeout=75, max=99\r\n"
                + "Content-Type: Application/JSON; charset=UTF-8\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n"
        )
        guard case .answer(let answer) = reading else {
            Issue.record("\(reading)")
            return
        }
        #expect(answer.contentType == "application/json; charset=utf-8")
        #expect(answer.retryAfter == .seconds(7) && answer.idleMax == .seconds(75) && answer.requestsLeft == 99)
        #expect(answer.date == UTCNanos(rawValue: 784_111_777_000_000_000))
    }

    @Test(
        "dates are read to the second or not at all",
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
            ("Fri, 20 Nov 2026 12:00:00 GMT", 1_795_176_000), ("Wed, 31 Dec 2098 23:59:59 GMT", 4_070_908_799),
            ("Thu, 01 Mar 2100 00:00:00 GMT", 4_107_542_400), ("Sunday, 06-Nov-94 08:49:37 GMT", nil),
            ("Sun Nov  6 08:49:37 1994", nil), ("Sun, 06 Nov 1994 08:49:37 UTC", nil), ("", nil),
            ("Sun, 06 Nov 1994 24:49:37 GMT", nil), ("Sun, 06 nov 1994 08:49:37 GMT", nil),
            ("Sun, 36 Nov 1994 08:49:37 GMT", nil),
        ] as [(String, Int64?)])
    func dates(text: String, seconds: Int64?) {
        let date = Array(text.utf8).withUnsafeBytes { HTTPAnswerHead.date($0) }
        #expect(date == seconds.map { UTCNanos(rawValue: $0 * 1_000_000_000) })
    }

    @Test("Retry-After as a date counts from the server's own clock; the longer of two holds; nonsense is absent")
    func retry() {
        let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        for (fields, expected) in [
            (date + "Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n", Nanoseconds.seconds(60)),
            ("Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n" + date, .seconds(60)),
            (date + "Retry-After: Sun, 06 Nov 1994 08:40:37 GMT\r\n", .zero),
            ("Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n", nil), ("Retry-After: soon\r\n", nil),
            ("Retry-After: -1\r\n", nil), ("Retry-After: 99999999999999\r\n", nil),
            ("Retry-After: 3\r\nRetry-After: 2\r\n", .seconds(3)),
        ] as [(String, Nanoseconds?)] {
            guard case .answer(let answer) = read(Self.ok + fields + "Content-Length: 0\r\n\r\n") else {
                Issue.record("\(fields)")
                continue
            }
            #expect(answer.retryAfter == expected, "\(fields)")
        }
    }

    @Test("one parser reads answer after answer in the memory of the first")
    func reused() {
        var parser = HTTPAnswerParser()
        let bytes =
            Array((Self.ok + "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n").utf8)
            + [UInt8](repeating: 0x78, count: 1_000)
        _ = read(bytes, &parser)
        let held = parser.bytesHeld
        for _ in 0..<1_000 {
            guard case .answer(let answer) = read(bytes, &parser) else {
                Issue.record("no answer")
                return
            }
            #expect(answer.body.utf8.count == 1_000 && answer.contentType == "application/json")
        }
        #expect(parser.bytesHeld == held)
    }
}
