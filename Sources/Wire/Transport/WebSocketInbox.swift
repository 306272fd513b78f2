/// Received bytes on their way to messages: frames in place, fragments put together, control frames told apart.
///
/// Pure: bytes in, messages out. An unfragmented message is handed out where it was received; nothing is copied.
/// - Bound: one message of `messageMax` bytes in at most 1,024 fragments, and one receive buffer of the same size.
public struct WebSocketInbox: ~Copyable {
    // Safety: the buffer is owned by this value and freed with it; what `next` hands out points into it and is void after
    // the next mutating call.
    private var buffer: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    private var fragments: [UInt8] = []
    private var fragmentCount = 0
    private var assembled = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var isText = false
    private let messageMax: Int
    private static let fragmentsMax = 1_024
    private static let spare = 16 * 1_024

    /// What came.
    public enum Item {
        /// A whole text message; void after the next call.
        case text(UnsafeRawBufferPointer)
        /// A whole binary message of that many bytes; not kept.
        case binary(Int)
        /// A ping with its payload.
        case ping([UInt8])
        /// A pong.
        case pong
        /// The peer closes, with its code where it gave one.
        case close(UInt16?)
    }

    /// An inbox for messages of at most `messageMax` bytes.
    public init(messageMax: Int = 1 << 20) {
        self.messageMax = messageMax
        buffer = .allocate(byteCount: min(messageMax, 32 * 1_024) + Self.spare, alignment: 16)
    }

    deinit {
        buffer.deallocate()
        assembled.deallocate()
    }

    /// Bytes of memory that this inbox holds.
    var bytesHeld: Int { buffer.count + fragments.capacity + assembled.count }

    /// Where the next received bytes go; never empty.
    public mutating func room() -> UnsafeMutableRawBufferPointer {
        if start == end {
            start = 0
            end = 0
        }
        if buffer.count - end < Self.spare { makeRoom() }
        return UnsafeMutableRawBufferPointer(rebasing: buffer[end...])
    }

    /// That many bytes were put into `room`.
    public mutating func received(_ count: Int) { end += count }

    private mutating func makeRoom() {
        if start > 0, let base = buffer.baseAddress {
            if end > start { base.copyMemory(from: base + start, byteCount: end - start) }
            end -= start
            start = 0
        }
        guard buffer.count - end < Self.spare else { return }
        // A frame head refuses payloads over the limit, so what waits is at most one frame and what was read with it.
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count * 2, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[0..<end]))
        buffer.deallocate()
        buffer = larger
    }

    /// The next item; nil when more bytes are needed.
    ///
    /// - Throws: `TransportFault`: `E_WS_PROTOCOL`, `E_WS_TOO_LARGE`, `E_WS_UTF8`. The connection must then be closed.
    public mutating func next() throws(TransportFault) -> Item? {
        while true {
            let waiting = UnsafeRawBufferPointer(rebasing: buffer[start..<end])
            guard let frame = try WebSocketFrame(waiting, payloadMax: messageMax),
                waiting.count >= frame.headLength + frame.payloadLength
            else { return nil }
            let payload = UnsafeRawBufferPointer(
                rebasing: waiting[frame.headLength..<(frame.headLength + frame.payloadLength)])
            start += frame.headLength + frame.payloadLength
            if let item = try take(frame, payload) { return item }
        }
    }

    private mutating func take(_ frame: WebSocketFrame, _ payload: UnsafeRawBufferPointer) throws(TransportFault)
        -> Item?
    {
        switch frame.opcode {
        case .ping: return .ping(Array(payload))
        case .pong: return .pong
        case .close: return try Self.close(payload)
        case .text, .binary:
            guard fragmentCount == 0 else {
                throw TransportFault(.protocolError, "a new message inside a fragmented one")
            }
            isText = frame.opcode == .text
            guard !frame.isFinal else { return try whole(payload) }
            fragments.append(contentsOf: payload)
            fragmentCount = 1
            return nil
        case .continuation:
            guard fragmentCount > 0 else { throw TransportFault(.protocolError, "a continuation of nothing") }
            fragmentCount += 1
            guard fragmentCount <= Self.fragmentsMax, fragments.count + payload.count <= messageMax else {
                throw TransportFault(.messageTooLarge, "a message in more fragments, or larger, than any that we read")
            }
            fragments.append(contentsOf: payload)
            guard frame.isFinal else { return nil }
            return try finishFragments()
        }
    }

    /// Fragments go into a buffer of their own, since their frames do not lie side by side.
    private mutating func finishFragments() throws(TransportFault) -> Item {
        if assembled.count < fragments.count {
            assembled.deallocate()
            assembled = .allocate(byteCount: fragments.count, alignment: 16)
        }
        assembled.copyBytes(from: fragments)
        let count = fragments.count
        fragments.removeAll(keepingCapacity: true)
        fragmentCount = 0
        return try whole(UnsafeRawBufferPointer(rebasing: assembled[0..<count]))
    }

    private func whole(_ payload: UnsafeRawBufferPointer) throws(TransportFault) -> Item {
        guard isText else { return .binary(payload.count) }
        guard UTF8Check.isValid(payload) else { throw TransportFault(.notText, "a text message that is not UTF-8") }
        return .text(payload)
    }

    private static func close(_ payload: UnsafeRawBufferPointer) throws(TransportFault) -> Item {
        guard !payload.isEmpty else { return .close(nil) }
        guard payload.count >= 2 else { throw TransportFault(.protocolError, "a close frame of one byte") }
        let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
        let isAllowed = (1000...1003).contains(code) || (1007...1014).contains(code) || (3000...4999).contains(code)
        guard isAllowed, UTF8Check.isValid(UnsafeRawBufferPointer(rebasing: payload[2...])) else {
            throw TransportFault(.protocolError, "a close frame with code \(code)")
        }
        return .close(code)
    }
}

/// Strict UTF-8, eight ASCII bytes at a time: venue messages are ASCII but for titles.
enum UTF8Check {
    static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        while at + 8 <= bytes.count,
            bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
        {
            at += 8
        }
        while at < bytes.count {
            let lead = bytes[at]
            if lead < 0x80 {
                at += 1
                continue
            }
            let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
            guard (0xC2...0xF4).contains(lead), at + length <= bytes.count else { return false }
            var scalar = UInt32(lead) & (0x7F >> UInt32(length))
            for index in (at + 1)..<(at + length) {
                guard bytes[index] & 0xC0 == 0x80 else { return false }
                scalar = scalar << 6 | UInt32(bytes[index] & 0x3F)
            }
            let least: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x1_0000
            guard scalar >= least, scalar <= 0x10_FFFF, !(0xD800...0xDFFF).contains(scalar) else { return false }
            at += length
        }
        return true
    }
}
