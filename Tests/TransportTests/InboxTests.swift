import Testing
import Trading

@testable import Transport

/// RFC 6455 as a client must read it, byte by byte.
@Suite("WebSocketInbox")
struct InboxTests {
    /// What an inbox makes of these bytes, given `step` at a time; the code of the fault that ends it, if any.
    private func read(_ bytes: [UInt8], step: Int = .max) -> (items: [String], fault: String?) {
        var inbox = WebSocketInbox(messageMax: 1 << 16)
        var items: [String] = []
        var at = 0
        do throws(TransportFault) {
            repeat {
                let room = inbox.room()
                let count = min(bytes.count - at, step, room.count)
                room.copyBytes(from: bytes[at..<at + count])
                inbox.received(count)
                at += count
                while let item = try inbox.next() {
                    switch item {
                    case .text(let payload): items.append("text:" + String(decoding: payload.prefix(40), as: UTF8.self))
                    case .binary(let count): items.append("binary:\(count)")
                    case .ping(let payload): items.append("ping:" + String(decoding: payload, as: UTF8.self))
                    case .pong: items.append("pong")
                    case .close(let code): items.append("close:\(code.map(String.init) ?? "none")")
                    }
                }
            } while at < bytes.count
        } catch {
            return (items, error.code)
        }
        return (items, nil)
    }

    private func frame(_ first: UInt8, _ payload: String) -> [UInt8] {
        let bytes = Array(payload.utf8)
        if bytes.count < 126 { return [first, UInt8(bytes.count)] + bytes }
        return [first, 126, UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
    }

    @Test("hands out messages however the bytes are cut", arguments: [1, 2, 3, 7, 64, 4_096, .max])
    func cuts(step: Int) {
        let long = String(repeating: "x", count: 5_000)
        let bytes =
            frame(0x81, "one") + frame(0x89, "heartbeat") + frame(0x01, "fr") + frame(0x8A, "") + frame(0x00, "ag")
            + frame(0x80, "ment") + frame(0x81, long) + frame(0x82, "xyz") + frame(0x81, "") + [0x88, 2, 0x03, 0xE8]
        let (items, fault) = read(bytes, step: step)
        #expect(fault == nil)
        #expect(
            items == [
                "text:one", "ping:heartbeat", "pong", "text:fragment", "text:" + String(repeating: "x", count: 40),
                "binary:3",
                "text:", "close:1000",
            ])
    }

    @Test(
        "refuses what RFC 6455 does not allow, each by its code",
        arguments: [
            ([0x81, 0x80, 0, 0, 0, 0], "E_WS_PROTOCOL"),
            ([0xC1, 0x00], "E_WS_PROTOCOL"), ([0xA1, 0x00], "E_WS_PROTOCOL"), ([0x91, 0x00], "E_WS_PROTOCOL"),
            ([0x83, 0x00], "E_WS_PROTOCOL"), ([0x8B, 0x00], "E_WS_PROTOCOL"),
            ([0x81, 126, 0, 125], "E_WS_PROTOCOL"), ([0x81, 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], "E_WS_PROTOCOL"),
            ([0x81, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], "E_WS_TOO_LARGE"),
            ([0x81, 127, 0, 0, 0, 0, 0, 1, 0, 1], "E_WS_TOO_LARGE"),
            ([0x09, 0x00], "E_WS_PROTOCOL"), ([0x89, 126, 0, 126], "E_WS_PROTOCOL"),
            ([0x80, 0x00], "E_WS_PROTOCOL"), ([0x01, 0x00, 0x81, 0x00], "E_WS_PROTOCOL"),
            ([0x88, 0x01, 0x03], "E_WS_PROTOCOL"), ([0x88, 0x02, 0x03, 0xED], "E_WS_PROTOCOL"),
            ([0x88, 0x02, 0x00, 0x00], "E_WS_PROTOCOL"), ([0x88, 0x03, 0x03, 0xE8, 0xFF], "E_WS_PROTOCOL"),
            ([0x81, 0x01, 0xFF], "E_WS_UTF8"), ([0x81, 0x02, 0xC0, 0x80], "E_WS_UTF8"),
            ([0x81, 0x03, 0xED, 0xA0, 0x80], "E_WS_UTF8"),
        ] as [([UInt8], String)])
    func refusals(bytes: [UInt8], code: String) {
        for step in [1, Int.max] { #expect(read(bytes, step: step).fault == code, "\(bytes)") }
    }

    @Test("fragments without end are refused by number and by size")
    func endlessFragments() {
        let many: [UInt8] = [0x01, 0x00] + [UInt8](repeating: 0, count: 2_200)
        #expect(read(many).fault == "E_WS_TOO_LARGE")
        let large =
            frame(0x01, String(repeating: "x", count: 40_000)) + frame(0x00, String(repeating: "x", count: 40_000))
        #expect(read(large).fault == "E_WS_TOO_LARGE")
    }

    @Test("any bytes end in items or a fault, never in a crash")
    func noise() {
        var random = SeededGenerator(seed: 42)
        var faults = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...40, using: &random)
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            if count > 1, Bool.random(using: &random) { bytes[1] &= 0x7F }
            if read(bytes, step: Int.random(in: 1...8, using: &random)).fault != nil { faults += 1 }
        }
        #expect(faults > 1_000)
    }
}

@Suite("WebSocketHandshake")
struct HandshakeTests {
    private let key = "dGhlIHNhbXBsZSBub25jZQ=="
    private func answer(_ accept: String = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", extra: String = "") -> [UInt8] {
        Array(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \(accept)\r\n\(extra)\r\n"
                .utf8)
    }

    @Test("accepts the example of RFC 6455 and nothing that differs from it")
    func accept() throws {
        #expect(WebSocketHandshake.accept(for: key) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        let good = answer()
        #expect(try WebSocketHandshake.read(good, key: key, ended: false) == .accepted(at: good.count))
        #expect(try WebSocketHandshake.read(Array(good.prefix(50)), key: key, ended: false) == .incomplete)
        for bad in [
            answer("AAAA"), answer(extra: "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
            answer(extra: "Sec-WebSocket-Protocol: chat\r\n"), Array("HTTP/1.0 101 x\r\n\r\n".utf8),
            Array("hello\r\n\r\n".utf8),
        ] {
            let fault = #expect(throws: TransportFault.self) {
                try WebSocketHandshake.read(bad, key: key, ended: false)
            }
            #expect(fault?.code == "E_WS_HANDSHAKE")
        }
        #expect(throws: TransportFault.self) {
            try WebSocketHandshake.read([UInt8](repeating: 0x41, count: 20_000), key: key, ended: false)
        }
        #expect(throws: TransportFault.self) {
            try WebSocketHandshake.read(Array(good.prefix(50)), key: key, ended: true)
        }
    }

    @Test("a refusal waits for its body and carries it")
    func refusal() throws {
        let head = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 5\r\n\r\n"
        #expect(try WebSocketHandshake.read(Array((head + "he").utf8), key: key, ended: false) == .incomplete)
        let fault = #expect(throws: TransportFault.self) {
            try WebSocketHandshake.read(Array((head + "hello").utf8), key: key, ended: false)
        }
        #expect(fault?.code == "E_WS_REFUSED")
        #expect(fault?.body == Array("hello".utf8))
    }

    @Test(
        "a length that is none is no length: the body ends with the connection",
        arguments: ["-5", "5 5", "99999999999999999999", "five", ""])
    func lengths(length: String) throws {
        let bytes = Array("HTTP/1.1 503 No\r\nContent-Length: \(length)\r\n\r\nhello".utf8)
        #expect(try WebSocketHandshake.read(bytes, key: key, ended: false) == .incomplete)
        let fault = #expect(throws: TransportFault.self) {
            try WebSocketHandshake.read(bytes, key: key, ended: true)
        }
        #expect(fault?.code == "E_WS_REFUSED" && fault?.status == 503 && fault?.body == Array("hello".utf8))
    }

    @Test("a head is bounded however it is cut, and its words are taken as they are")
    func heads() throws {
        let padded = answer(extra: "X: " + String(repeating: "x", count: WebSocketHandshake.headMax) + "\r\n")
        for count in [WebSocketHandshake.headMax, padded.count] {
            let fault = #expect(throws: TransportFault.self) {
                try WebSocketHandshake.read(Array(padded.prefix(count)), key: key, ended: false)
            }
            #expect(fault?.code == "E_WS_HANDSHAKE")
        }
        let good = String(decoding: answer(), as: UTF8.self)
        let blanks = Array(good.replacing("websocket", with: "\twebsocket ").utf8)
        #expect(try WebSocketHandshake.read(blanks, key: key, ended: false) == .accepted(at: blanks.count))
        for (was, now) in [
            ("Connection: Upgrade", "Connection: not-upgrade"), ("101 Sw", "1010 Sw"), ("101 Sw", "+10 Sw"),
            ("HTTP/1.1 101 ", "HTTP/1.1 101garbage "), ("Upgrade: websocket", "Upgrade: websockets"),
        ] {
            let fault = #expect(throws: TransportFault.self) {
                try WebSocketHandshake.read(Array(good.replacing(was, with: now).utf8), key: key, ended: false)
            }
            #expect(fault?.code == "E_WS_HANDSHAKE", "\(now)")
        }
    }
}

@Suite("Backoff")
struct BackoffTests {
    @Test("doubles to its cap, never waits less than half a step, and begins anew after a success")
    func steps() {
        var backoff = Backoff(first: .milliseconds(100), cap: .seconds(2), seed: 1)
        for step in [100, 200, 400, 800, 1_600, 2_000, 2_000] {
            let wait = backoff.next().rawValue / 1_000_000
            #expect((Int64(step) / 2...Int64(step)).contains(wait), "\(step)")
        }
        for _ in 0..<100 { #expect(backoff.next() <= .seconds(2)) }
        backoff.reset()
        #expect(backoff.next() <= .milliseconds(100))
    }
}
