internal import Glibc
internal import Trading

/// Received bytes on their way to one complete answer of HTTP/1.1, however they were cut.
///
/// Pure: bytes in, one answer out, then `reset` for the next. Lines end with CRLF and nothing else; every shape that two
/// readers could read in two ways is refused: two lengths, a length beside chunks, folded fields, a bare CR or LF, an
/// answer that only the connection's end would end. Interim answers (1xx) are skipped. Nothing is allocated once the
/// buffer has grown to the size of the answers.
/// - Bound: heads and trailers of 64 KiB in all, bodies of 1 MiB, 16 interim answers.
/// - Source: RFC 9112 sections 2 to 7 and 9.6, RFC 9110 sections 5.6.7, 8.6, 10.2.3 and 15.
struct HTTPAnswerParser: ~Copyable {
    /// Heads, interim ones included, and trailers.
    static let headMax = 64 * 1_024
    /// A body.
    static let bodyMax = 1 << 20
    /// Interim answers before the answer itself.
    static let interimMax = 16
    private static let chunkLineMax = 256
    private static let spare = 16 * 1_024

    private enum Phase {
        case statusLine, fields, lengthBody, chunkLine, chunkData, chunkEnd, trailers, complete
    }

    // Safety: the buffer is owned by this value and freed with it; what `body` lends points into it and is void after the
    // next mutating call.
    private var buffer: UnsafeMutableRawBufferPointer
    private var end = 0
    /// The next byte that was not understood yet.
    private var at = 0
    /// Bytes from `at` that hold no line end: they are not searched again.
    private var searched = 0
    private var phase = Phase.statusLine
    private var headBytes = 0
    private var interim = 0
    private var chunkLeft = 0
    private var bodyStart = 0
    private var bodyEnd = 0
    private(set) var head = HTTPAnswerHead()
    private var typeBytes: [UInt8] = []
    private var typeText = ""

    init() { buffer = .allocate(byteCount: 2 * Self.spare, alignment: 16) }

    deinit { buffer.deallocate() }

    /// Bytes of memory that this parser holds.
    var bytesHeld: Int { buffer.count + typeBytes.capacity }
    /// True when nothing of the next answer has come.
    var isEmpty: Bool { end == 0 }
    /// HTTP status of the complete answer.
    var status: Int { head.status }
    /// `Content-Type` in lower case; made once for answers in a row that have the same.
    var contentType: String { typeText }
    /// The body of the complete answer; void after the next mutating call.
    var body: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[bodyStart..<bodyEnd]) }
    /// Bytes behind the body: nobody asked for them, and the connection is not to be used again.
    var surplus: Int { phase == .complete ? end - at : 0 }
    /// The connection may carry another request: neither said that it ends, nor sent bytes behind the body.
    var isReusable: Bool { phase == .complete && surplus == 0 && !head.closes }

    /// Where the next received bytes go; never empty.
    mutating func room() -> UnsafeMutableRawBufferPointer {
        closeGap()
        if buffer.count - end < Self.spare { grow() }
        return UnsafeMutableRawBufferPointer(rebasing: buffer[end...])
    }

    /// That many bytes were put into `room`.
    mutating func received(_ count: Int) { end += count }

    private mutating func grow() {
        // What waits is a head, a body and one read: the limits below bound the doubling.
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count * 2, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<end]))
        buffer.deallocate()
        buffer = larger
    }

    /// Forgets the answer; the next byte begins another.
    mutating func reset() {
        end = 0
        at = 0
        searched = 0
        phase = .statusLine
        headBytes = 0
        interim = 0
        chunkLeft = 0
        bodyStart = 0
        bodyEnd = 0
        head = HTTPAnswerHead()
    }

    /// Reads on as far as the bytes go.
    ///
    /// - Returns: true when the answer is complete; then `surplus` counts what came behind it.
    /// - Throws: `TransportFault`: `E_NET_ANSWER`, `E_NET_TOO_LARGE`. The connection is then of no use.
    mutating func next() throws(TransportFault) -> Bool {
        while true {
            switch phase {
            case .statusLine:
                guard let line = try line() else { return false }
                head = try HTTPAnswerHead(statusLine: slice(line))
                phase = .fields
            case .fields:
                guard let line = try line() else { return false }
                if line.isEmpty { try endHead() } else { try head.read(field: slice(line), at: line.lowerBound) }
            case .lengthBody:
                let count = min(end - at, chunkLeft)
                at += count
                bodyEnd += count
                chunkLeft -= count
                guard chunkLeft == 0 else { return false }
                finish()
            case .chunkLine:
                guard let line = try chunkLine() else { return false }
                try beginChunk(HTTPAnswerHead.chunkSize(slice(line)))
            case .chunkData:
                moveChunk()
                guard chunkLeft == 0 else { return false }
                phase = .chunkEnd
            case .chunkEnd:
                guard end - at >= 2 || (end - at == 1 && buffer[at] != 13) else { return false }
                guard buffer[at] == 13, buffer[at + 1] == 10 else {
                    throw HTTPAnswerHead.broken("a chunk longer than its size")
                }
                at += 2
                phase = .chunkLine
            case .trailers:
                guard let line = try line() else { return false }
                if line.isEmpty { finish() } else { try HTTPAnswerHead.check(trailer: slice(line)) }
            case .complete: return true
            }
        }
    }

    private mutating func finish() {
        phase = .complete
        keepType()
    }

    private mutating func keepType() {
        let range = head.contentType
        let text = slice(range)
        if typeBytes.count == text.count, typeBytes.elementsEqual(text) { return }
        typeBytes.removeAll(keepingCapacity: true)
        typeBytes.append(contentsOf: text)
        typeText = String(decoding: typeBytes, as: UTF8.self).lowercased()
    }

    // MARK: Lines

    private func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer[range])
    }

    /// The next line of a head or of trailers, without its CRLF; nil when it is not complete.
    private mutating func line() throws(TransportFault) -> Range<Int>? {
        let line = try untilLineEnd(max: Self.headMax - headBytes, "a head of more than \(Self.headMax) bytes")
        if let line { headBytes += line.count + 2 }
        return line
    }

    private mutating func chunkLine() throws(TransportFault) -> Range<Int>? {
        try untilLineEnd(max: Self.chunkLineMax, "a chunk's size without end")
    }

    private mutating func untilLineEnd(max limit: Int, _ words: @autoclosure () -> String)
        throws(TransportFault) -> Range<Int>?
    {
        let from = at + searched
        var feed: Int?
        if from < end, let base = buffer.baseAddress, let found = memchr(base + from, 10, end - from) {
            feed = UnsafeMutableRawPointer(found) - base
        }
        guard (feed.map { $0 + 1 } ?? end) - at <= limit else { throw TransportFault(.tooLarge, words()) }
        guard let feed else {
            searched = end - at
            return nil
        }
        guard feed > at, buffer[feed - 1] == 13 else { throw HTTPAnswerHead.broken("a line that ends without CR") }
        let line = at..<(feed - 1)
        at = feed + 1
        searched = 0
        return line
    }

    // MARK: Bodies

    private mutating func endHead() throws(TransportFault) {
        try head.end()
        if head.isInterim {
            interim += 1
            guard interim <= Self.interimMax else {
                throw TransportFault(.tooLarge, "more than \(Self.interimMax) interim answers")
            }
            phase = .statusLine
            return
        }
        bodyStart = at
        bodyEnd = at
        switch head.framing {
        case .none: finish()
        case .length(let length):
            guard length <= Self.bodyMax else {
                throw TransportFault(.tooLarge, "a body of \(length) bytes; at most \(Self.bodyMax) are read")
            }
            chunkLeft = length
            phase = .lengthBody
        case .chunked: phase = .chunkLine
        }
    }

    private mutating func beginChunk(_ size: Int?) throws(TransportFault) {
        guard let size else { throw HTTPAnswerHead.broken("a chunk whose size is none") }
        guard size <= Self.bodyMax - (bodyEnd - bodyStart) else {
            throw TransportFault(.tooLarge, "a body of more than \(Self.bodyMax) bytes")
        }
        chunkLeft = size
        phase = size == 0 ? .trailers : .chunkData
    }

    /// Moves what there is of a chunk to the end of the body.
    private mutating func moveChunk() {
        guard let base = buffer.baseAddress else { return }
        let count = min(end - at, chunkLeft)
        if at > bodyEnd { memmove(base + bodyEnd, base + at, count) }
        at += count
        bodyEnd += count
        chunkLeft -= count
    }

    /// Moves what waits behind a body of chunks up to it, once a read: the buffer never holds more than head, body and
    /// what one read brought.
    private mutating func closeGap() {
        guard head.framing == .chunked, phase != .complete, at > bodyEnd, let base = buffer.baseAddress else { return }
        memmove(base + bodyEnd, base + at, end - at)
        end -= at - bodyEnd
        at = bodyEnd
    }
}
