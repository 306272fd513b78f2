public import Trading
internal import Threading

/// One WebSocket connection of a feed: opened on a cold thread, then polled by the lane that owns it.
///
/// Pings are answered with their own payload; we ping too, and a peer that sends no frame at all for `silenceMax` is gone.
/// - Lane: one owner at a time.
/// - Bound: messages of 1 MiB, 1 MiB of unsent output.
public final class WebSocketLink: @unchecked Sendable {
    // Safety: owned by one thread at a time; handed over once, after opening.
    private let stream: TLSStream
    private var inbox = WebSocketInbox()
    private var out: [UInt8] = []
    private var sent = 0
    private var random: SeededGenerator
    private var lastFrame: MonotonicNanos
    private var lastPing: MonotonicNanos
    private var closing = false
    private let pingInterval: Nanoseconds
    private let silenceMax: Nanoseconds
    private static let outMax = 1 << 20

    /// The socket, for a poller.
    public var descriptor: Int32 { stream.descriptor }
    /// True while something waits to be written: watch the socket for output too.
    public var wantsOutput: Bool { sent < out.count }

    /// Bytes of memory that this link holds for input and output.
    var bytesHeld: Int { inbox.bytesHeld + out.capacity }

    /// What polling found.
    public enum Event {
        /// A whole text message; void after the next call.
        case message(UnsafeRawBufferPointer)
        /// A frame that is no text message: control or binary.
        case other
    }

    /// Connects, shakes hands and upgrades, all before `deadline`. Blocks: never on a hot lane.
    ///
    /// - Parameters:
    ///   - url: `wss://…`
    ///   - headers: extra headers of the upgrade request, such as a signature.
    ///   - seed: of masks and key; masks guard proxies, not secrets.
    ///   - early: a connection that may be on its way already; used where it is fit.
    ///   - cancellation: what ends the opening early, as if the deadline had passed.
    /// - Throws: `TransportFault`.
    public init(
        url: String, headers: [(name: String, value: String)] = [], context: TLSContext, deadline: MonotonicNanos,
        seed: UInt64, early: EarlyDial? = nil,
        pingInterval: Nanoseconds = .seconds(10), silenceMax: Nanoseconds = .seconds(20),
        cancellation: Cancellation? = nil
    ) throws(TransportFault) {
        let endpoint = try Endpoint(url)
        guard endpoint.scheme == "wss" else { throw TransportFault(.url, "'\(url)' is no WebSocket URL (wss://)") }
        if let early = early?.take(for: endpoint) {
            stream = early
        } else {
            stream = try TLSStream(to: endpoint, context: context, deadline: deadline, cancellation: cancellation)
        }
        stream.keepBuffers()
        random = SeededGenerator(seed: seed)
        self.pingInterval = pingInterval
        self.silenceMax = silenceMax
        lastFrame = NanoClock.monotonic()
        lastPing = lastFrame
        try upgrade(endpoint, headers, deadline, cancellation)
    }

    private func upgrade(
        _ endpoint: Endpoint, _ headers: [(name: String, value: String)], _ deadline: MonotonicNanos,
        _ cancellation: Cancellation?
    ) throws(TransportFault) {
        let key = WebSocketHandshake.key(&random)
        out = WebSocketHandshake.request(endpoint, key: key, headers: headers)
        while wantsOutput {
            try flush()
            guard wantsOutput else { break }
            guard TLSStream.wait(descriptor, output: true, until: deadline, unless: cancellation) else {
                throw Self.late(endpoint)
            }
        }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let incoming = try readChunk(&chunk)
            var ended = false
            switch incoming {
            case .bytes(let count): answer.append(contentsOf: chunk[..<count])
            case .ended: ended = true
            case .nothing:
                if TLSStream.wait(descriptor, output: false, until: deadline, unless: cancellation) { continue }
            }
            if !ended, NanoClock.monotonic() >= deadline || cancellation?.isCancelled == true {
                // A page instead of an upgrade often has no end: its status says more than the deadline does.
                guard WebSocketHandshake.isRefusal(answer) else { throw Self.late(endpoint) }
                ended = true
            }
            if case .accepted(let start) = try WebSocketHandshake.read(answer, key: key, ended: ended) {
                let room = inbox.room()
                let rest = answer[start...]
                precondition(rest.count <= room.count, "a chunk of 4 KiB fits a fresh inbox")
                room.copyBytes(from: rest)
                inbox.received(rest.count)
                return
            }
        }
    }

    private func readChunk(_ chunk: inout [UInt8]) throws(TransportFault) -> TLSStream.Incoming {
        let result: Result<TLSStream.Incoming, TransportFault> = chunk.withUnsafeMutableBytes { buffer in
            do throws(TransportFault) { return .success(try stream.read(into: buffer)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private static func late(_ endpoint: Endpoint) -> TransportFault {
        TransportFault(.timeout, "\(endpoint.host): the upgrade was not answered in time")
    }

    /// The next thing received; nil when there is nothing now. Call until nil: TLS may hold more than the socket shows.
    ///
    /// - Throws: `TransportFault` when the connection is over: `E_NET_CLOSED`, `E_TLS_PROTOCOL`, `E_WS_…`. The peer was
    ///   told where it can still be told.
    public func next(now: MonotonicNanos) throws(TransportFault) -> Event? {
        do throws(TransportFault) {
            while true {
                if let item = try inbox.next() {
                    lastFrame = now
                    return try handle(item)
                }
                switch try stream.read(into: inbox.room()) {
                case .bytes(let count): inbox.received(count)
                case .nothing:
                    if wantsOutput { try flush() }
                    return nil
                case .ended: throw TransportFault(.closed, "the peer ended the connection")
                }
            }
        } catch {
            tell(error)
            throw error
        }
    }

    private func handle(_ item: WebSocketInbox.Item) throws(TransportFault) -> Event {
        switch item {
        case .text(let payload): return .message(payload)
        case .binary, .pong: return .other
        case .ping(let payload):
            try payload.withFrame { bytes throws(TransportFault) in try queue(.pong, bytes) }
            return .other
        case .close(let code):
            throw TransportFault(.closed, "the peer closed the connection\(code.map { " (code \($0))" } ?? "")")
        }
    }

    /// Queues and sends one text message.
    ///
    /// - Throws: `TransportFault`: `E_WS_BACKLOG` when the peer has not taken 1 MiB, or as `next`.
    public func send(_ text: [UInt8]) throws(TransportFault) {
        try text.withFrame { bytes throws(TransportFault) in try queue(.text, bytes) }
    }

    private func queue(_ opcode: WebSocketOpcode, _ payload: UnsafeRawBufferPointer) throws(TransportFault) {
        guard out.count - sent + payload.count <= Self.outMax else {
            throw TransportFault(.backlog, "the peer has not taken 1 MiB of what we sent")
        }
        WebSocketFrame.append(opcode, payload, mask: UInt32.random(in: 0...UInt32.max, using: &random), to: &out)
        try flush()
    }

    /// Writes what the socket takes.
    ///
    /// - Throws: as `next`.
    public func flush() throws(TransportFault) {
        while sent < out.count {
            let result: Result<Int, TransportFault> = out.withUnsafeBytes { bytes in
                do throws(TransportFault) {
                    return .success(try stream.write(UnsafeRawBufferPointer(rebasing: bytes[sent...])))
                } catch { return .failure(error) }
            }
            let count = try result.get()
            if count == 0 { return }
            sent += count
        }
        out.removeAll(keepingCapacity: true)
        sent = 0
    }

    /// When `beat` is due.
    public var deadline: MonotonicNanos { min(lastPing + pingInterval, lastFrame + silenceMax) }

    /// Pings when a ping is due.
    ///
    /// - Throws: `TransportFault` (`E_WS_SILENT`) when no frame came for `silenceMax`, or as `next`.
    public func beat(now: MonotonicNanos) throws(TransportFault) {
        guard now - lastFrame < silenceMax else {
            throw TransportFault(.silent, "no frame for \((now - lastFrame).rawValue / 1_000_000) ms, pings unanswered")
        }
        guard now - lastPing >= pingInterval else { return }
        lastPing = now
        try queue(.ping, UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// Says goodbye with a close code; the connection is then to be dropped.
    public func close(code: UInt16 = 1000) {
        guard !closing else { return }
        closing = true
        let payload = [UInt8(code >> 8), UInt8(code & 0xFF)]
        do throws(TransportFault) {
            try payload.withFrame { bytes throws(TransportFault) in try queue(.close, bytes) }
        } catch {
            return  // the peer is gone already: there is nobody to say goodbye to
        }
        stream.sendEnd()
    }

    private func tell(_ fault: TransportFault) {
        switch fault.kind {
        case .protocolError: close(code: 1002)
        case .notText: close(code: 1007)
        case .messageTooLarge: close(code: 1009)
        default: close(code: 1000)
        }
    }
}

extension [UInt8] {
    /// Lends the bytes to a call with typed errors.
    fileprivate func withFrame(_ body: (UnsafeRawBufferPointer) throws(TransportFault) -> Void) throws(TransportFault) {
        let result: Result<Void, TransportFault> = withUnsafeBytes { bytes in
            do throws(TransportFault) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        try result.get()
    }
}
