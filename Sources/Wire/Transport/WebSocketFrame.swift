/// Frame kinds of RFC 6455.
enum WebSocketOpcode: UInt8 {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    var isControl: Bool { rawValue >= 8 }
}

/// The head of one frame from a server, checked.
///
/// - Source: RFC 6455 section 5.2. No extension is ever agreed on, so every reserved bit is an error.
struct WebSocketFrame: Equatable {
    let opcode: WebSocketOpcode
    let isFinal: Bool
    /// Bytes before the payload.
    let headLength: Int
    let payloadLength: Int

    /// Reads a head; nil when more bytes are needed.
    ///
    /// - Throws: `TransportFault`: `E_WS_PROTOCOL` (masked, reserved bits or opcodes, lengths not in their shortest form,
    ///   fragmented or oversized control frames), `E_WS_TOO_LARGE`.
    init?(_ bytes: UnsafeRawBufferPointer, payloadMax: Int) throws(TransportFault) {
        guard bytes.count >= 2 else { return nil }
        let first = bytes[0]
        let second = bytes[1]
        guard first & 0x70 == 0 else { throw TransportFault(.protocolError, "a frame with reserved bits") }
        guard let opcode = WebSocketOpcode(rawValue: first & 0x0F) else {
            throw TransportFault(.protocolError, "a frame with the reserved opcode \(first & 0x0F)")
        }
        guard second & 0x80 == 0 else { throw TransportFault(.protocolError, "a masked frame from the server") }
        self.opcode = opcode
        isFinal = first & 0x80 != 0
        var length = UInt64(second & 0x7F)
        var head = 2
        if length >= 126 {
            let extra = length == 126 ? 2 : 8
            guard bytes.count >= 2 + extra else { return nil }
            length = 0
            for index in 2..<(2 + extra) { length = length << 8 | UInt64(bytes[index]) }
            guard extra == 2 ? length >= 126 : length > 0xFFFF else {
                throw TransportFault(.protocolError, "a frame length that is not in its shortest form")
            }
            head += extra
        }
        if opcode.isControl {
            guard isFinal, length <= 125 else {
                throw TransportFault(.protocolError, "a fragmented or oversized control frame")
            }
        }
        guard length <= UInt64(payloadMax) else {
            throw TransportFault(.messageTooLarge, "a frame of \(length) bytes; at most \(payloadMax) are read")
        }
        headLength = head
        payloadLength = Int(length)
    }

    /// Appends a masked client frame to `out`.
    static func append(
        _ opcode: WebSocketOpcode, _ payload: UnsafeRawBufferPointer, mask: UInt32, to out: inout [UInt8]
    ) {
        out.append(0x80 | opcode.rawValue)
        switch payload.count {
        case ..<126: out.append(0x80 | UInt8(payload.count))
        case ..<65_536:
            out.append(0x80 | 126)
            out.append(UInt8(payload.count >> 8))
            out.append(UInt8(payload.count & 0xFF))
        default:
            out.append(0x80 | 127)
            for shift in stride(from: 56, through: 0, by: -8) {
                out.append(UInt8(truncatingIfNeeded: payload.count >> shift))
            }
        }
        let key = [UInt8(mask >> 24), UInt8(mask >> 16 & 0xFF), UInt8(mask >> 8 & 0xFF), UInt8(mask & 0xFF)]
        out.append(contentsOf: key)
        for (index, byte) in payload.enumerated() { out.append(byte ^ key[index & 3]) }
    }
}
