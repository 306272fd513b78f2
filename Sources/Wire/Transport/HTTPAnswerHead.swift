internal import Glibc
internal import Trading

/// What the head of an answer says about its body and its connection, and the few fields that anyone here asks for.
///
/// Strict where two readers could disagree, deaf to everything else.
/// - Source: RFC 9112 sections 4 to 7 and 9, RFC 9110 sections 5.5, 5.6.7, 8.6 and 10.2.3.
struct HTTPAnswerHead {
    /// Where the body ends.
    enum Framing: Equatable {
        case none
        case length(Int)
        case chunked
    }

    private(set) var status = 0
    private(set) var framing = Framing.none
    /// The connection ends with this answer.
    private(set) var closes = false
    /// Where the value of `Content-Type` lies in the parser's buffer; empty when absent.
    private(set) var contentType = 0..<0
    /// `Retry-After`: seconds, or a date less the server's own.
    private(set) var retryAfter: Nanoseconds?
    /// The server's `Date`.
    private(set) var date: UTCNanos?
    /// `Keep-Alive: timeout=`.
    private(set) var idleMax: Nanoseconds?
    /// `Keep-Alive: max=`.
    private(set) var requestsLeft: Int?
    private var length: Int?
    private var isChunked = false
    private var isOld = false
    private var keepsAlive = false
    private var retryAt: UTCNanos?

    /// 1xx: another answer follows.
    var isInterim: Bool { (100..<200).contains(status) }

    /// A head of which nothing is known.
    init() {}

    /// The head that begins with this line.
    ///
    /// - Throws: `TransportFault` (`E_NET_ANSWER`).
    init(statusLine line: UnsafeRawBufferPointer) throws(TransportFault) {
        // "HTTP/1.x SP 3DIGIT [SP reason]"
        guard line.count >= 12, line.starts(with: "HTTP/1."), line[7] == 0x30 || line[7] == 0x31, line[8] == 0x20,
            line.count == 12 || line[12] == 0x20, Self.isText(line)
        else { throw Self.broken("no status line of HTTP/1.1") }
        for index in 9..<12 {
            guard (0x30...0x39).contains(line[index]) else {
                throw Self.broken("no status of three digits")
            }
            status = status * 10 + Int(line[index] - 0x30)
        }
        guard (100..<600).contains(status) else { throw Self.broken("the status \(status)") }
        isOld = line[7] == 0x30
    }

    /// Takes in one field.
    ///
    /// - Parameter offset: where the line begins in the parser's buffer.
    /// - Throws: `TransportFault` (`E_NET_ANSWER`).
    mutating func read(field line: UnsafeRawBufferPointer, at offset: Int) throws(TransportFault) {
        let colon = try Self.name(of: line)
        var (first, last) = (colon + 1, line.count)
        while first < last, Self.isBlank(line[first]) { first += 1 }
        while last > first, Self.isBlank(line[last - 1]) { last -= 1 }
        let value = UnsafeRawBufferPointer(rebasing: line[first..<last])
        guard Self.isText(value) else { throw Self.broken("a control character in a field") }
        let name = UnsafeRawBufferPointer(rebasing: line[..<colon])
        switch colon {
        case 14 where name.matches("content-length"): try read(length: value)
        case 17 where name.matches("transfer-encoding"):
            guard !isChunked, value.matches("chunked") else {
                throw Self.broken("a transfer coding other than chunked, or two")
            }
            isChunked = true
        case 12 where name.matches("content-type") && contentType.isEmpty:
            contentType = (offset + first)..<(offset + last)
        case 10 where name.matches("connection"):
            Self.forEachItem(of: value) { item in
                if item.matches("close") { closes = true }
                if item.matches("keep-alive") { keepsAlive = true }
            }
        case 10 where name.matches("keep-alive"): read(keepAlive: value)
        case 11 where name.matches("retry-after"): read(retry: value)
        case 4 where name.matches("date") && date == nil: date = Self.date(value)
        default: break
        }
    }

    private mutating func read(length value: UnsafeRawBufferPointer) throws(TransportFault) {
        guard length == nil, let number = Self.number(value, digitsMax: 18) else {
            throw Self.broken("a length that is no number, or two of them")
        }
        length = number
    }

    private mutating func read(keepAlive value: UnsafeRawBufferPointer) {
        Self.forEachItem(of: value) { item in
            guard let sign = item.firstIndex(of: 0x3D) else { return }
            let name = UnsafeRawBufferPointer(rebasing: item[..<sign])
            let number = Self.number(UnsafeRawBufferPointer(rebasing: item[(sign + 1)...]), digitsMax: 9)
            if name.matches("timeout") { idleMax = number.map { .seconds(Int64($0)) } }
            if name.matches("max") { requestsLeft = number }
        }
    }

    private mutating func read(retry value: UnsafeRawBufferPointer) {
        guard let seconds = Self.number(value, digitsMax: 9) else { return retryAt = Self.date(value) }
        retryAfter = max(retryAfter ?? .zero, .seconds(Int64(seconds)))
    }

    /// The head is complete: where does the body end?
    ///
    /// - Throws: `TransportFault` (`E_NET_ANSWER`).
    mutating func end() throws(TransportFault) {
        if isOld, !keepsAlive { closes = true }
        if retryAfter == nil, let retryAt, let date { retryAfter = max(.zero, retryAt - date) }
        guard status != 101 else { throw Self.broken("an upgrade that nobody asked for") }
        if isInterim || status == 204 {
            guard !isChunked, length ?? 0 == 0 else {
                throw Self.broken("a body under the status \(status)")
            }
            return
        }
        guard !(isChunked && length != nil), !(isChunked && isOld) else {
            throw Self.broken("chunks beside a length, or under HTTP/1.0")
        }
        if status == 304 { return }
        if isChunked {
            framing = .chunked
        } else if let length {
            framing = .length(length)
        } else {
            throw Self.broken("a body that only the end of the connection would end")
        }
    }

    // MARK: Parts

    /// The answer breaks the protocol, in these words.
    static func broken(_ words: String) -> TransportFault { TransportFault(.answer, words) }

    /// Where the name of a field ends.
    private static func name(of line: UnsafeRawBufferPointer) throws(TransportFault) -> Int {
        guard let colon = line.firstIndex(of: 0x3A), colon > 0 else {
            throw Self.broken("a field without a name")
        }
        for byte in line[..<colon] where !isToken(byte) {
            throw Self.broken("a folded field, or a name that is none")
        }
        return colon
    }

    /// A trailer is read like a field and means nothing.
    ///
    /// - Throws: `TransportFault` (`E_NET_ANSWER`).
    static func check(trailer line: UnsafeRawBufferPointer) throws(TransportFault) {
        _ = try name(of: line)
        guard isText(line) else { throw Self.broken("a control character in a trailer") }
    }

    /// The size of a chunk of that line, extensions left out; nil: none, or a number of more than eight digits.
    static func chunkSize(_ line: UnsafeRawBufferPointer) -> Int? {
        var size = 0
        var digits = 0
        for byte in line {
            guard let digit = hexDigit(byte) else { break }
            size = size << 4 | digit
            digits += 1
            if digits > 8 { return nil }
        }
        guard digits > 0 else { return nil }
        // RFC 9112 7.1.1: unknown extensions are to be ignored, and all are unknown here.
        if digits < line.count, line[digits] != 0x3B { return nil }
        return isText(line) ? size : nil
    }

    private static func hexDigit(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x46: Int(byte) - 0x41 + 10
        case 0x61...0x66: Int(byte) - 0x61 + 10
        default: nil
        }
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, digitsMax: Int) -> Int? {
        guard (1...digitsMax).contains(bytes.count) else { return nil }
        var number = 0
        for byte in bytes {
            guard (0x30...0x39).contains(byte) else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return number
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Visible characters, blanks and bytes above ASCII: no other control character, no CR, no NUL.
    private static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        for byte in bytes where byte < 0x20 && byte != 0x09 || byte == 0x7F { return false }
        return true
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x5E...0x7A, 0x7C, 0x7E, 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E: true
        default: false
        }
    }

    private static func forEachItem(of list: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        var start = 0
        while start <= list.count {
            let comma = list[start...].firstIndex(of: 0x2C) ?? list.count
            var (first, last) = (start, comma)
            while first < last, isBlank(list[first]) { first += 1 }
            while last > first, isBlank(list[last - 1]) { last -= 1 }
            body(UnsafeRawBufferPointer(rebasing: list[first..<last]))
            start = comma + 1
        }
    }

    /// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that is still written; nil for anything else.
    static func date(_ bytes: UnsafeRawBufferPointer) -> UTCNanos? {
        func digits(_ range: Range<Int>) -> Int? {
            number(UnsafeRawBufferPointer(rebasing: bytes[range]), digitsMax: 4)
        }
        guard bytes.count == 29, bytes[3] == 0x2C, bytes[4] == 0x20, bytes[7] == 0x20, bytes[11] == 0x20,
            bytes[16] == 0x20, bytes[19] == 0x3A, bytes[22] == 0x3A, bytes[25...].elementsEqual(" GMT".utf8),
            let day = digits(5..<7), let year = digits(12..<16), let hour = digits(17..<19),
            let minute = digits(20..<22), let second = digits(23..<25),
            let month = (0..<12).first(where: { month in
                let name = months.utf8.dropFirst(month * 3).prefix(3)
                return bytes[8..<11].elementsEqual(name)
            }), (1...31).contains(day), (1_970..<2_200).contains(year), hour < 24, minute < 60, second <= 60
        else { return nil }
        // Days since 1970 by the calendar of 400 years that begins in March.
        let shifted = month >= 2 ? year : year - 1
        let yearDay = (153 * ((month + 10) % 12) + 2) / 5 + day - 1
        let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + yearDay - 719_468
        return UTCNanos(rawValue: Int64(((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000_000)
    }

    private static let months = "JanFebMarAprMayJunJulAugSepOctNovDec"
}

extension UnsafeRawBufferPointer {
    /// The same as `name`, which is in lower case, letter by letter without regard to case.
    fileprivate func matches(_ name: StaticString) -> Bool {
        guard count == name.utf8CodeUnitCount else { return false }
        for index in 0..<count {
            let byte = self[index]
            let lower = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
            if lower != name.utf8Start[index] { return false }
        }
        return true
    }

    fileprivate func starts(with name: StaticString) -> Bool {
        guard count >= name.utf8CodeUnitCount, let baseAddress else { return false }
        return memcmp(baseAddress, name.utf8Start, name.utf8CodeUnitCount) == 0
    }
}
