internal import Trading

/// What a WebSocket server may do wrong, one fault a case.
public enum HostileBehaviour: String, Sendable, CaseIterable {
    // Frames.
    case maskedFrame, reservedBits, reservedOpcode, reservedControlOpcode
    case hugeLength, lengthNotShortest, longLengthNotShortest
    case endlessFragments, endlessLargeFragments, continuationOfNothing, messageInMessage
    case fragmentedPing, oversizedPing, textNotUTF8, halfCharacter
    case closeWithBadCode, closeWithOneByte, closeWithBadReason
    // Time and connection.
    case halfFrameThenSilence, trickledFrame, resetInFrame, endInFrame, endWithoutCloseFrame, floodOfPings, pongsOnly
    // The answer to the upgrade.
    case wrongAccept, missingUpgrade, missingConnection, oldVersion, page, endlessPage, refusal, negativeLength
    case endlessHeaders, endlessHeaderLine, uninvitedExtension, uninvitedSubprotocol, halfHead, trickledHead
    // Before there is anything to upgrade.
    case silenceAfterAccept, noTLS, silenceAfterTLS, resetAfterAccept, resetAfterTLS

    /// The script of a connection that does it.
    public var steps: [HostilePeer.Step] {
        if let frames { return Self.upgraded + frames }
        if let answer { return [.secure, .hear] + answer }
        return switch self {
        case .silenceAfterAccept: [.hush]
        case .noTLS: [.plain(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)), .hush]
        case .silenceAfterTLS: [.secure, .hush]
        case .resetAfterAccept: [.reset]
        default: [.secure, .reset]
        }
    }

    /// A correct upgrade.
    public static let upgraded: [HostilePeer.Step] = [.secure, .hear, .answer(head() + "\r\n")]

    private static func head(
        status: String = "HTTP/1.1 101 Switching Protocols", upgrade: String = "Upgrade: websocket\r\n",
        connection: String = "Connection: Upgrade\r\n", accept: String = "@", more: String = ""
    ) -> String {
        "\(status)\r\n\(upgrade)\(connection)Sec-WebSocket-Accept: \(accept)\r\n\(more)"
    }

    /// What comes after a correct upgrade; nil for what happens before.
    private var frames: [HostilePeer.Step]? {
        switch self {
        case .maskedFrame: [.say([0x81, 0x81, 1, 2, 3, 4, 0x60]), .hush]
        case .reservedBits: [.say([0xC1, 0x01, 0x78]), .hush]
        case .reservedOpcode: [.say([0x83, 0x00]), .hush]
        case .reservedControlOpcode: [.say([0x8B, 0x00]), .hush]
        case .hugeLength:
            [.say([0x81, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0]), .flood([UInt8](repeating: 0x78, count: 16_384))]
        case .lengthNotShortest: [.say([0x81, 0x7E, 0, 1, 0x78]), .hush]
        case .longLengthNotShortest: [.say([0x81, 0x7F, 0, 0, 0, 0, 0, 0, 0, 1, 0x78]), .hush]
        case .endlessFragments: [.say([0x01, 0x00]), .flood([UInt8](repeating: 0, count: 64))]
        case .endlessLargeFragments:
            [
                .say([0x01, 0x00]),
                .flood([0x00, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0] + [UInt8](repeating: 0x78, count: 65_536)),
            ]
        case .continuationOfNothing: [.say([0x80, 0x01, 0x78]), .hush]
        case .messageInMessage: [.say([0x01, 0x01, 0x78, 0x81, 0x01, 0x78]), .hush]
        case .fragmentedPing: [.say([0x09, 0x00]), .hush]
        case .oversizedPing: [.say([0x89, 0x7E, 0, 126] + [UInt8](repeating: 0x78, count: 126)), .hush]
        case .textNotUTF8: [.say([0x81, 0x02, 0xC0, 0x80]), .hush]
        case .halfCharacter: [.say([0x01, 0x01, 0xE2, 0x80, 0x01, 0x82]), .hush]
        case .closeWithBadCode: [.say([0x88, 0x02, 0x03, 0xED]), .hush]
        case .closeWithOneByte: [.say([0x88, 0x01, 0x03]), .hush]
        case .closeWithBadReason: [.say([0x88, 0x03, 0x03, 0xE8, 0xFF]), .hush]
        case .halfFrameThenSilence: [.say([0x81, 0x05, 0x68, 0x65]), .hush]
        case .trickledFrame:
            [.trickle([0x81, 0x7E, 0x40, 0] + [UInt8](repeating: 0x78, count: 16_384), .milliseconds(20))]
        case .resetInFrame: [.say([0x81, 0x05, 0x68, 0x65]), .reset]
        case .endInFrame: [.say([0x81, 0x05, 0x68, 0x65]), .end]
        case .endWithoutCloseFrame: [.say([0x81, 0x01, 0x78]), .sayEnd]
        case .floodOfPings:
            [.flood(Array(repeatElement([0x89, 0x7D] + [UInt8](repeating: 0x78, count: 125), count: 64).joined()))]
        case .pongsOnly: [.pong]
        default: nil
        }
    }

    /// What is answered to the upgrade; nil for what happens before.
    private var answer: [HostilePeer.Step]? {
        let html = "<!DOCTYPE html><html><body>Just a moment</body></html>"
        return switch self {
        case .wrongAccept: [.answer(Self.head(accept: "AAAAAAAAAAAAAAAAAAAAAAAAAAA=") + "\r\n"), .hush]
        case .missingUpgrade: [.answer(Self.head(upgrade: "") + "\r\n"), .hush]
        case .missingConnection: [.answer(Self.head(connection: "Connection: keep-alive\r\n") + "\r\n"), .hush]
        case .oldVersion: [.answer(Self.head(status: "HTTP/1.0 101 Switching Protocols") + "\r\n"), .hush]
        case .page:
            [
                .answer(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: \(html.utf8.count)\r\n\r\n\(html)"),
                .hush,
            ]
        case .endlessPage:
            [
                .answer(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n38\r\n\(html)\r\n"),
                .hush,
            ]
        case .refusal: [.answer("HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nno\r\n"), .hush]
        case .negativeLength: [.answer("HTTP/1.1 503 No\r\nContent-Length: -5\r\n\r\nbusy"), .hush]
        case .endlessHeaders: [.answer(Self.head()), .flood(Array("X-More: yes\r\n".utf8))]
        case .endlessHeaderLine: [.answer(Self.head() + "X-More: "), .flood([UInt8](repeating: 0x78, count: 1_024))]
        case .uninvitedExtension:
            [.answer(Self.head(more: "Sec-WebSocket-Extensions: permessage-deflate\r\n") + "\r\n"), .hush]
        case .uninvitedSubprotocol: [.answer(Self.head(more: "Sec-WebSocket-Protocol: chat\r\n") + "\r\n"), .hush]
        case .halfHead: [.answer("HTTP/1.1 101 Switching Pro"), .sayEnd]
        case .trickledHead:
            [
                .trickle(
                    Array(("HTTP/1.1 101 Switching Protocols\r\n" + String(repeating: "X: y\r\n", count: 400)).utf8),
                    .milliseconds(20))
            ]
        default: nil
        }
    }
}
