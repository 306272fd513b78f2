import COpenSSL
import Glibc

/// The opening handshake of RFC 6455: the request that we send and the answer that we accept.
enum WebSocketHandshake {
    static let headMax = 16 * 1_024
    static let bodyMax = 64 * 1_024

    /// What the bytes received so far amount to.
    enum Answer: Equatable {
        case incomplete
        /// Accepted; frames begin at this offset.
        case accepted(at: Int)
    }

    /// The request. Header values with line breaks are a bug of the caller.
    static func request(_ endpoint: Endpoint, key: String, headers: [(name: String, value: String)]) -> [UInt8] {
        let host = endpoint.host.contains(":") ? "[\(endpoint.host)]" : endpoint.host
        var text =
            "GET \(endpoint.target) HTTP/1.1\r\nHost: \(host)\(endpoint.port == 443 ? "" : ":\(endpoint.port)")\r\n"
        text +=
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: \(key)\r\nSec-WebSocket-Version: 13\r\n"
        for (name, value) in headers {
            precondition(!name.contains("\r") && !value.contains("\n") && !value.contains("\r"), "headers are one line")
            text += "\(name): \(value)\r\n"
        }
        return Array((text + "\r\n").utf8)
    }

    /// A key of 16 random bytes, in base64.
    static func key(_ random: inout some RandomNumberGenerator) -> String {
        base64((0..<16).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    /// What the server must answer to `key`.
    static func accept(for key: String) -> String {
        let text = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        var digest = [UInt8](repeating: 0, count: 20)
        EVP_Digest(text, text.count, &digest, nil, EVP_sha1(), nil)
        return base64(digest)
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
        let count = EVP_EncodeBlock(&text, bytes, Int32(bytes.count))
        return String(decoding: text.prefix(Int(count)), as: UTF8.self)
    }

    /// Reads the answer.
    ///
    /// - Parameter ended: the peer has closed, so a refusal's body is complete.
    /// - Throws: `TransportFault`: `E_WS_HANDSHAKE`, `E_WS_REFUSED` with status and body.
    static func read(_ bytes: [UInt8], key: String, ended: Bool) throws(TransportFault) -> Answer {
        guard let end = endOfHead(bytes) else {
            guard bytes.count < headMax else { throw TransportFault(.upgradeMalformed, "an answer head over 16 KiB") }
            guard !ended else {
                throw TransportFault(.upgradeMalformed, "the server ended the connection in its answer")
            }
            return .incomplete
        }
        guard end + 4 <= headMax else { throw TransportFault(.upgradeMalformed, "an answer head over 16 KiB") }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(
            separator: "\r\n", omittingEmptySubsequences: true)
        guard let first = lines.first, first.hasPrefix("HTTP/1.1 "), let status = status(of: first) else {
            throw TransportFault(.upgradeMalformed, "the answer is not HTTP/1.1")
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else {
                throw TransportFault(.upgradeMalformed, "a header line without a name")
            }
            let name = line[..<colon].lowercased()
            let value = trimmed(line[line.index(after: colon)...])
            headers[name] = headers[name].map { $0 + ", " + value } ?? String(value)
        }
        guard status == 101 else { return try refusal(status, headers, Array(bytes[(end + 4)...]), ended) }
        guard headers["upgrade"]?.lowercased() == "websocket",
            headers["connection"]?.lowercased().split(separator: ",").contains(where: { trimmed($0) == "upgrade" })
                == true,
            headers["sec-websocket-accept"] == accept(for: key)
        else { throw TransportFault(.upgradeMalformed, "an upgrade answer that does not fit our request") }
        guard headers["sec-websocket-extensions"] == nil, headers["sec-websocket-protocol"] == nil else {
            throw TransportFault(.upgradeMalformed, "an extension or subprotocol that we did not offer")
        }
        return .accepted(at: end + 4)
    }

    /// The three digits of a status line, alone or with words behind them.
    private static func status(of line: Substring) -> Int? {
        let code = line.dropFirst(9).prefix(3)
        let after = line.dropFirst(12).first
        guard code.count == 3, code.utf8.allSatisfy({ (0x30...0x39).contains($0) }), after == nil || after == " " else {
            return nil
        }
        return Int(code)
    }

    /// Without the blanks that may stand around a header's value.
    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }

    /// True when a head is there that is no upgrade: what is missing is the body of a refusal, which may have no end.
    static func isRefusal(_ bytes: [UInt8]) -> Bool { endOfHead(bytes) != nil }

    /// Keeps the body of a refusal: it says why (an expired timestamp, a wrong key).
    private static func refusal(_ status: Int, _ headers: [String: String], _ body: [UInt8], _ ended: Bool)
        throws(TransportFault) -> Answer
    {
        // A length that is none (negative, not a number) is as good as no length: the body ends with the connection.
        let length = headers["content-length"].flatMap { UInt32($0) }.map { Int($0) }
        let isComplete = ended || length.map { body.count >= min($0, bodyMax) } ?? false || body.count >= bodyMax
        guard isComplete else { return .incomplete }
        throw TransportFault(
            .upgradeRefused, "the server refused the upgrade with status \(status)", status: status,
            body: Array(body.prefix(min(length ?? bodyMax, bodyMax))))
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        // Asked again for every few bytes that come: searched as fast as memory is read.
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, bytes.count >= 4 else { return nil }
            var at = 3
            while at < bytes.count, let found = memchr(base + at, 0x0A, bytes.count - at) {
                let index = UnsafeRawPointer(found) - base
                if bytes[index - 1] == 13, bytes[index - 2] == 10, bytes[index - 3] == 13 { return index - 3 }
                at = index + 1
            }
            return nil
        }
    }
}
