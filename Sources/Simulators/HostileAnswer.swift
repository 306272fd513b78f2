internal import Trading

extension HostilePeer {
    /// A proper answer with that body.
    public static func answer(_ body: String) -> [UInt8] {
        Array("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
    }
}

/// How a server ends a connection.
public enum HostileEnd: String, Sendable, CaseIterable {
    /// TLS and TCP, in order; what comes afterwards is still read.
    case notify
    /// TCP alone.
    case end
    /// TCP in one direction; what comes afterwards is still read.
    case halfEnd
    /// A reset.
    case reset

    /// The steps; `done` opens as soon as the end has left.
    public func steps(_ done: HostileGate = HostileGate()) -> [HostilePeer.Step] {
        switch self {
        case .notify: [.notify, .open(done), .hush]
        case .end: [.shut, .open(done), .end]
        case .halfEnd: [.halfEnd, .open(done), .hush]
        case .reset: [.resetNow, .open(done), .end]
        }
    }
}

/// What a server may do to a request on a connection that was kept open, one fault a case.
public enum HostileAnswer: String, Sendable, CaseIterable {
    // Whole answers, after which the connection may or may not go on.
    case proper, chunked, chunkedWithExtensions, interimFirst, noContent, slowDrip
    case announcesEnd, oldVersion, bytesBehind, twoAnswers, answerLater, lastOfKeepAlive
    // No whole answer.
    case nothing, endlessDrip, hugeHeaders, endlessChunks, hugeLength, endlessInterim
    case twoLengths, lengthBesideChunks, foldedField, bareLineFeed, badChunk, noLength, noHTTP, upgrade, garbageTLS

    /// Whether the client gets a whole answer.
    public var isAnswered: Bool {
        switch self {
        case .proper, .chunked, .chunkedWithExtensions, .interimFirst, .noContent, .slowDrip, .announcesEnd,
            .oldVersion,
            .bytesBehind, .twoAnswers, .answerLater, .lastOfKeepAlive:
            true
        default: false
        }
    }

    /// Whether the connection may carry another request.
    public var goesOn: Bool {
        switch self {
        case .proper, .chunked, .chunkedWithExtensions, .interimFirst, .noContent, .slowDrip: true
        default: false
        }
    }

    /// The steps after a request was heard; `done` opens when all was said.
    public func steps(_ done: HostileGate) -> [HostilePeer.Step] {
        let ok = "HTTP/1.1 200 OK\r\n"
        let body = "Content-Length: 1\r\n\r\nx"
        let chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"
        func say(_ text: String) -> HostilePeer.Step { .say(Array(text.utf8)) }
        func then(_ steps: HostilePeer.Step...) -> [HostilePeer.Step] { steps + [.open(done), .serve] }
        return switch self {
        case .proper: then(say(ok + body))
        case .chunked: then(say(chunked + "1\r\nx\r\n"), say("0\r\n\r\n"))
        case .chunkedWithExtensions: then(say(chunked + "1;a=b\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n"))
        case .interimFirst: then(say("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"), say(ok + body))
        case .noContent: then(say("HTTP/1.1 204 No Content\r\n\r\n"))
        case .slowDrip: then(.trickle(Array((ok + body).utf8), .milliseconds(2)))
        case .announcesEnd: then(say(ok + "Connection: close\r\n" + body))
        case .oldVersion: then(say("HTTP/1.0 200 OK\r\n" + body))
        case .bytesBehind: then(say(ok + body + "x"))
        case .twoAnswers: then(say(ok + body + ok + body))
        case .answerLater: then(say(ok + body), say(ok + body))
        case .lastOfKeepAlive: then(say(ok + "Keep-Alive: timeout=5, max=0\r\n" + body))
        case .nothing: [.open(done), .hush]
        case .endlessDrip: [.open(done), .trickle([UInt8](repeating: 0x48, count: 400), .milliseconds(20))]
        case .hugeHeaders: [say(ok), .flood(Array(String(repeating: "X-More: yes\r\n", count: 100).utf8))]
        case .endlessChunks:
            [
                say(chunked),
                .flood(Array("400\r\n".utf8) + [UInt8](repeating: 0x20, count: 1_024) + Array("\r\n".utf8)),
            ]
        case .hugeLength: [say(ok + "Content-Length: 99999999999\r\n\r\n"), .hush]
        case .endlessInterim: [.flood(Array("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n".utf8))]
        case .twoLengths: [say(ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx"), .hush]
        case .lengthBesideChunks: [say(ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), .hush]
        case .foldedField: [say(ok + "X: y\r\n z\r\n" + body), .hush]
        case .bareLineFeed: [say("HTTP/1.1 200 OK\nContent-Length: 1\n\nx"), .hush]
        case .badChunk: [say(chunked + "1\r\nxx\r\n0\r\n\r\n"), .hush]
        case .noLength: [say(ok + "\r\nx"), .sayEnd]
        case .noHTTP: [say("hello\r\n\r\n"), .hush]
        case .upgrade: [say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"), .hush]
        case .garbageTLS: [.plain(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)), .hush]
        }
    }
}
