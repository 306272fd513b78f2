/// Takes secrets out of what is kept of a conversation with a venue: by the name that stands before them, in JSON, headers,
/// queries and cookies, and by their shape where no name does.
///
/// - Bound: `bodyMax` bytes of UTF-8, the mark of a cut included.
enum Redaction {
    /// The longest text that is kept.
    static let bodyMax = 4_096
    private static let hidden = Array("[redacted]".utf8)

    /// The text without secrets, cut where it is too long.
    ///
    /// - Parameter whole: how many bytes there were before they were cut; what the mark says.
    static func redacted(_ bytes: some Collection<UInt8>, whole: Int? = nil) -> String {
        let taken = Array(bytes.prefix(bodyMax))
        let length = max(whole ?? 0, bytes.count)
        var scanner = Scanner(taken, isCut: length > taken.count)
        let clean = String(decoding: scanner.scan(), as: UTF8.self)
        let mark = "…[cut: \(length) bytes]"
        guard length > taken.count || clean.utf8.count > bodyMax else { return clean }
        var end = clean.utf8.index(
            clean.startIndex, offsetBy: min(clean.utf8.count, bodyMax - mark.utf8.count))
        while end > clean.startIndex, !clean.isWhole(at: end) { clean.utf8.formIndex(before: &end) }
        return String(clean[..<end]) + mark
    }

    /// True for members, headers and parameters whose value proves who we are. Names are compared without case and marks.
    static func isSecret(_ name: some Sequence<UInt8>) -> Bool {
        let plain = String(decoding: name.filter(isNameByte).map { $0 | 0x20 }, as: UTF8.self)
            .filter { $0.isLetter || $0.isNumber }
        if exact.contains(plain) { return true }
        // The kind of a signature and the ids of what is traded are none.
        if harmless.contains(plain) { return false }
        return parts.contains { plain.contains($0) } || ends.contains { plain.hasSuffix($0) }
    }

    private static let exact: Set<String> = [
        "auth", "sig", "hmac", "jwt", "keyid", "bearer",
    ]
    private static let harmless: Set<String> = ["signaturetype", "yestoken", "notoken"]
    private static let parts = [
        "signature", "secret", "passphrase", "password", "passwd", "apikey", "accesskey", "privatekey", "cookie",
        "authorization", "credential", "session",
    ]
    /// Polymarket names the owner of an order by the API key.
    private static let ends = ["owner", "token"]

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    /// True for a run of letters that has the form of a signature, a key or a digest of a key, and of no name of an order.
    static func hasSecretShape(_ run: ArraySlice<UInt8>) -> Bool {
        let isHex = run.allSatisfy { byte in
            isNameByte(byte) && (byte <= UInt8(ascii: "9") || (byte | 0x20) <= UInt8(ascii: "f"))
        }
        // Polymarket's token ids are decimals of up to 78 digits.
        if run.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) { return run.count > 78 }
        if run.count >= 80 { return true }
        if isHex { return run.count == 64 }
        // An HMAC, or a secret, in base64: 32 bytes.
        if run.count == 44, run.last == UInt8(ascii: "=") { return true }
        return run.count >= 20 && run.starts(with: Array("eyJ".utf8))
    }

    // MARK: Scanner

    /// One pass over the bytes; whatever it cannot read it hides.
    private struct Scanner {
        private let bytes: [UInt8]
        private let isCut: Bool
        private var at = 0
        private var result: [UInt8] = []

        init(_ bytes: [UInt8], isCut: Bool) {
            self.bytes = bytes
            self.isCut = isCut
            result.reserveCapacity(bytes.count)
        }

        mutating func scan() -> [UInt8] {
            let first = bytes.first { !Self.isSpace($0) }
            guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") || first == UInt8(ascii: "\"") else {
                return Redaction.plain(bytes[...], isCut: isCut).text
            }
            while at < bytes.count {
                if bytes[at] == UInt8(ascii: "\"") {
                    string()
                    continue
                }
                let end = bytes[at...].firstIndex(of: UInt8(ascii: "\"")) ?? bytes.count
                let (text, isOpen) = Redaction.plain(bytes[at..<end], isCut: isCut && end == bytes.count)
                result += text
                // A secret without quotes where there should be some: what is behind it is hidden with it.
                at = isOpen ? bytes.count : end
            }
            return result
        }

        /// A text in quotes: a value, or a name with its value behind it.
        private mutating func string() {
            guard let end = self.end(ofString: at) else {
                // Cut off, or never ended: it may be half a secret.
                result += Redaction.hidden
                at = bytes.count
                return
            }
            let content = bytes[(at + 1)..<end]
            var next = end + 1
            while next < bytes.count, Scanner.isSpace(bytes[next]) { next += 1 }
            guard next < bytes.count, bytes[next] == UInt8(ascii: ":") else {
                result.append(UInt8(ascii: "\""))
                result += Redaction.plain(content, isCut: false).text
                result.append(UInt8(ascii: "\""))
                at = end + 1
                return
            }
            // A name that is written with escapes is not read: what stands behind it is hidden.
            let isSecret = content.contains(UInt8(ascii: "\\")) || Redaction.isSecret(content)
            result += bytes[at...next]
            at = next + 1
            guard isSecret else { return }
            at = self.end(ofValue: at)
            result.append(UInt8(ascii: "\""))
            result += Redaction.hidden
            result.append(UInt8(ascii: "\""))
        }

        private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

        /// Where the text that begins here ends: the place of its closing quote.
        private func end(ofString start: Int) -> Int? {
            var place = start + 1
            while place < bytes.count {
                switch bytes[place] {
                case UInt8(ascii: "\\"): place += 2
                case UInt8(ascii: "\""): return place
                default: place += 1
                }
            }
            return nil
        }

        /// Behind the JSON value that begins here, however deep it is.
        private func end(ofValue start: Int) -> Int {
            var place = start
            var depth = 0
            var hasBegun = false
            while place < bytes.count {
                let byte = bytes[place]
                switch byte {
                case UInt8(ascii: "\""):
                    guard let end = self.end(ofString: place) else { return bytes.count }
                    place = end + 1
                    hasBegun = true
                    if depth == 0 { return place }
                    continue
                case UInt8(ascii: "{"), UInt8(ascii: "["): (depth, hasBegun) = (depth + 1, true)
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    if depth == 0 { return place }
                    depth -= 1
                    if depth == 0 { return place + 1 }
                case UInt8(ascii: ","): if depth == 0 { return place }
                default:
                    if depth == 0, hasBegun, Self.isSpace(byte) { return place }
                    if !Self.isSpace(byte) { hasBegun = true }
                }
                place += 1
            }
            return place
        }
    }

    // MARK: Plain text

    private static func isRunByte(_ byte: UInt8) -> Bool {
        if isNameByte(byte) { return true }
        switch byte {
        case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "."), UInt8(ascii: "\\"), UInt8(ascii: "%"), UInt8(ascii: "~"):
            return true
        default: return false
        }
    }

    /// Text outside of JSON, or inside of one of its texts: headers, queries, cookies, keys by their shape.
    ///
    /// - Parameter isCut: the text goes on behind its end, and so may its last run.
    /// - Returns: it without secrets, and whether the last of them reached its end.
    private static func plain(_ text: ArraySlice<UInt8>, isCut: Bool) -> (text: [UInt8], isOpen: Bool) {
        var result: [UInt8] = []
        var at = text.startIndex
        while at < text.endIndex {
            if text[at...].starts(with: Array("-----BEGIN".utf8)) { return (result + hidden, true) }
            guard isRunByte(text[at]) else {
                result.append(text[at])
                at += 1
                continue
            }
            let end = text[at...].firstIndex { !isRunByte($0) } ?? text.endIndex
            let run = text[at..<end]
            if let assigned = assignment(run, in: text) {
                result += text[at..<assigned.value] + hidden
                at = assigned.end
                if at == text.endIndex { return (result, true) }
                continue
            }
            let isHidden = hasSecretShape(run) || isCut && end == text.endIndex && run.count >= 8
            result += isHidden ? hidden : Array(run)
            at = end
        }
        return (result, false)
    }

    /// A secret that is given by name in plain text: `Name: value`, `name=value`, `Bearer value`.
    ///
    /// - Returns: where its value begins and ends.
    private static func assignment(_ run: ArraySlice<UInt8>, in text: ArraySlice<UInt8>) -> (value: Int, end: Int)? {
        // In a query and in a cookie name and value are one run.
        if let equals = run.firstIndex(of: UInt8(ascii: "=")), isSecret(run[run.startIndex..<equals]) {
            return (equals + 1, endOfParameter(from: equals + 1, in: text))
        }
        var next = run.endIndex
        while next < text.endIndex, isAroundMark(text[next]) { next += 1 }
        guard next < text.endIndex else { return nil }
        let word = String(decoding: run.map { $0 | 0x20 }, as: UTF8.self)
        if next > run.endIndex, word == "bearer" || word == "basic" {
            return (next, text[next...].firstIndex { !isRunByte($0) } ?? text.endIndex)
        }
        let mark = text[next]
        guard mark == UInt8(ascii: ":") || mark == UInt8(ascii: "="), isSecret(run) else { return nil }
        guard mark == UInt8(ascii: ":") else { return (next + 1, endOfParameter(from: next + 1, in: text)) }
        // A header's value goes to the end of its line.
        return (next + 1, text[(next + 1)...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? text.endIndex)
    }

    /// Behind a value of a query or a cookie; one in quotes goes to the closing quote.
    private static func endOfParameter(from start: Int, in text: ArraySlice<UInt8>) -> Int {
        guard start < text.endIndex, text[start] == UInt8(ascii: "\"") else {
            return text[start...].firstIndex { isEndOfParameter($0) } ?? text.endIndex
        }
        return text[(start + 1)...].firstIndex(of: UInt8(ascii: "\"")).map { $0 + 1 } ?? text.endIndex
    }

    private static func isAroundMark(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
    }

    private static func isEndOfParameter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "&"), UInt8(ascii: ";"), UInt8(ascii: ","), 0x20, 0x0A, 0x0D: true
        default: false
        }
    }
}

extension String {
    /// True where a character's bytes begin, or none follow.
    fileprivate func isWhole(at index: Index) -> Bool {
        index == endIndex || utf8[index] & 0xC0 != 0x80
    }
}
