internal import Codec
internal import Store
public import Trading

/// Writes every input of the core to a file, off the hot lane.
///
/// What the disk does not take in time is never dropped in silence: past the backlog of `BackgroundFile` the recording
/// ends, and its closing record says after which input.
/// - Lane: the hot lane.
public final class CaptureWriter {
    private let path: String
    private let file: BackgroundFile
    private var block = JSONWriter(reserved: CaptureWriter.blockBytes + 4096)
    private var inputs: UInt64 = 0
    private var overrunAt: UInt64?
    private static let blockBytes = 1 << 18

    /// Creates `path` (it must not exist) and writes the header.
    ///
    /// - Parameter backlogMax: bytes that may wait for the disk.
    /// - Throws: `CaptureFault` (`E_CAP_IO`).
    public init(path: String, header: CaptureHeader, backlogMax: Int = 64 << 20) throws(CaptureFault) {
        self.path = path
        do {
            file = try BackgroundFile(creating: path, backlogMax: backlogMax)
        } catch {
            throw CaptureFault(.io, path: path, text: "cannot create the recording: \(error.text)")
        }
        _ = file.append(header.line)
    }

    /// Inputs recorded so far.
    public var count: UInt64 { inputs }

    /// Records that a link came up.
    public func opened(_ link: LinkID, at stamp: Stamp) {
        guard begin("ws", stamp, link) else { return }
        block.member("e", "open")
        end()
    }

    /// Records that a link went down.
    public func closed(_ link: LinkID, reason: String, at stamp: Stamp) {
        guard begin("ws", stamp, link) else { return }
        block.member("e", "close")
        block.member("d", reason)
        end()
    }

    /// Records one text message exactly as received.
    public func frame(_ link: LinkID, _ payload: RawSpan, at stamp: Stamp) {
        guard begin("ws", stamp, link) else { return }
        payload.withUnsafeBytes { text($0) }
        end()
    }

    /// Records a REST answer with the request it belongs to.
    public func answer(_ answer: RestAnswer, at stamp: Stamp) {
        guard begin("rest", stamp) else { return }
        let request = answer.request
        block.member("v", request.venue.name)
        block.member("t", String(request.tag))
        block.member("service", request.service)
        block.member("method", request.method)
        block.member("path", request.path)
        if !request.body.isEmpty { block.member("body", Base64.encode(request.body)) }
        if request.mayUseCache { block.member("cached", true) }
        block.member("s", answer.status)
        block.member("ct", answer.contentType)
        block.member("f", answer.fetchedAt.rawValue)
        if let fault = answer.fault { block.member("fault", fault) }
        answer.body.withUnsafeBytes { text($0) }
        end()
    }

    /// Records that the core was told the time.
    public func timer(at stamp: Stamp) {
        guard begin("timer", stamp) else { return }
        end()
    }

    /// Hands what is encoded to the disk; called at quiet moments so that a killed process loses little.
    public func flush() {
        guard !block.bytes.isEmpty else { return }
        let full = block.bytes
        block.reset()
        if !file.append(full), overrunAt == nil { overrunAt = inputs }
    }

    /// Writes the closing record and waits until all is on disk.
    ///
    /// - Throws: `CaptureFault`: `E_CAP_IO` when the disk refused, `E_CAP_OVERRUN` when it was too slow.
    public func finish(decisions: UInt64, sha256: String) throws(CaptureFault) {
        flush()
        block.beginObject()
        block.member("k", "end")
        block.member("inputs", inputs)
        if let overrunAt { block.member("overrun_at", overrunAt) }
        block.member("decisions", decisions)
        block.member("decisions_sha256", sha256)
        block.endObject()
        block.newline()
        flush()
        do {
            try file.finish()
        } catch {
            throw CaptureFault(.io, path: path, text: "the disk refused: \(error.text)")
        }
        if let overrunAt {
            throw CaptureFault(
                .overrun, path: path, text: "the disk was too slow; inputs after \(overrunAt) are missing")
        }
    }

    private func begin(_ kind: StaticString, _ stamp: Stamp, _ link: LinkID? = nil) -> Bool {
        guard overrunAt == nil else { return false }
        inputs += 1
        block.beginObject()
        block.key("k")
        block.string(kind)
        block.member("n", stamp.monotonic.rawValue)
        block.member("w", stamp.utc.rawValue)
        if let link {
            block.member("v", link.venue.name)
            block.member("c", link.index)
        }
        return true
    }

    /// `d` as text, or `b` as base64 where the bytes are not UTF-8: exactly what came, either way.
    private func text(_ bytes: UnsafeRawBufferPointer) {
        if UTF8Text.isValid(bytes) {
            block.key("d")
            block.string(bytes)
        } else {
            block.member("b", Base64.encode(bytes))
        }
    }

    private func end() {
        block.endObject()
        block.newline()
        if block.bytes.count >= Self.blockBytes { flush() }
    }
}
