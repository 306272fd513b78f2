internal import Codec
import Glibc
public import Trading

/// One record of a recording.
public enum CaptureRecord {
    /// A link came up.
    case opened(LinkID)
    /// A link went down.
    case closed(LinkID, reason: String)
    /// A text message; valid until the next record is read.
    case frame(LinkID, UnsafeRawBufferPointer)
    /// A REST answer.
    case answer(RestAnswer)
    /// The core was told the time.
    case timer
    /// The closing record.
    case end(CaptureEnd)
}

/// What the closing record says of the run that was recorded.
public struct CaptureEnd: Hashable, Sendable {
    /// Inputs that the recorded run took in.
    public let inputs: UInt64
    /// Decisions that it made.
    public let decisions: UInt64
    /// Their hash (`DecisionLog`), lower hex.
    public let decisionsSHA256: String
    /// The last input that was recorded, when the disk was too slow for the rest.
    public let overrunAt: UInt64?
}

/// Reads a recording record by record, in bounded memory, and says where it is wrong.
///
/// A path of `-` reads standard input (`zstd -dc FILE | arb replay -`).
public final class CaptureReader {
    // Safety: `buffer` is owned by this object; what `next` hands out points into the JSON reader and is void after the
    // next call.
    private let descriptor: Int32
    private let json = JSONReader(
        limits: JSONLimits(bytesMax: CaptureReader.lineMax, depthMax: 8, nodesMax: 1 << 20))
    private var buffer: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    private var atEnd = false
    private var lastMonotonic = Int64.min
    private var binary = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var finished = false

    /// The file, for messages.
    public let path: String
    /// The first line.
    public private(set) var header: CaptureHeader
    /// Lines read, the header included.
    public private(set) var line = 0
    /// Byte offset of the line last read.
    public private(set) var offset = 0
    /// Size of the file; nil for standard input.
    public let size: Int?
    private var consumed = 0

    /// A frame is at most 1 MiB and a REST body 8 MiB; escaped they may be six times as long.
    private static let lineMax = 50 << 20

    /// Opens a recording and reads its header.
    ///
    /// - Throws: `CaptureFault`: `E_CAP_IO`, `E_CAP_FOREIGN`, `E_CAP_VERSION`, `E_CAP_TRUNCATED`.
    public init(path: String) throws(CaptureFault) {
        self.path = path
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CaptureFault(.io, path: path, text: "cannot be opened: \(String(cString: strerror(errno)))")
        }
        var status = stat()
        let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        size = isFile ? Int(status.st_size) : nil
        buffer = .allocate(byteCount: 1 << 20, alignment: 16)
        header = CaptureHeader(
            build: "", started: Stamp(monotonic: MonotonicNanos(rawValue: 0), utc: UTCNanos(rawValue: 0)), seed: 0,
            configuration: "", configurationSHA256: "", pairs: [], feeRules: [])
        guard let first = try nextLine() else {
            throw CaptureFault(.foreign, path: path, text: "is empty, so it is no recording")
        }
        let value: JSONValue
        do {
            value = try json.read(first)
        } catch {
            throw CaptureFault(
                .foreign, path: path, line: 1, text: "is no recording of arb: the first line is not JSON")
        }
        guard let schema = value["schema"]?.text?.string, schema.hasPrefix("arb.capture/") else {
            throw CaptureFault(.foreign, path: path, line: 1, text: "is no recording of arb: no arb.capture schema")
        }
        guard schema == CaptureHeader.schema else {
            throw CaptureFault(
                .version, path: path, line: 1,
                text: "has schema \(TerminalText.neutral(schema, limit: 40)); this build reads \(CaptureHeader.schema)")
        }
        guard let found = CaptureHeader(value) else {
            throw CaptureFault(.damaged, path: path, line: 1, text: "has a header with a missing or mistyped field")
        }
        header = found
        lastMonotonic = found.started.monotonic.rawValue
    }

    deinit {
        if descriptor != STDIN_FILENO { close(descriptor) }
        buffer.deallocate()
        binary.deallocate()
    }

    /// Bytes read so far, for a progress bar.
    public var position: Int { consumed - (end - start) }

    /// The next record and its stamp; nil at the end of the file.
    ///
    /// - Throws: `CaptureFault`: `E_CAP_TRUNCATED` when the last line is cut or the closing record is missing (what came
    ///   before is good), `E_CAP_DAMAGED`, `E_CAP_IO`.
    public func next() throws(CaptureFault) -> (record: CaptureRecord, stamp: Stamp)? {
        guard let bytes = try nextLine() else {
            guard finished else {
                throw fault(
                    .truncated, "ends without its closing record: the recording process was killed after this line")
            }
            return nil
        }
        guard !finished else { throw fault(.damaged, "goes on after its closing record") }
        let value: JSONValue
        do {
            value = try json.read(bytes)
        } catch {
            throw fault(.damaged, "is not a JSON record (\(error.code) at byte \(error.offset) of the line)")
        }
        guard let kind = value["k"]?.text else { throw fault(.damaged, "has no kind") }
        if kind == "end" {
            finished = true
            return (
                .end(try end(of: value)),
                Stamp(monotonic: MonotonicNanos(rawValue: lastMonotonic), utc: header.started.utc)
            )
        }
        guard let monotonic = value["n"]?.int64, let utc = value["w"]?.int64 else {
            throw fault(.damaged, "has no stamps")
        }
        guard CaptureHeader.instants.contains(monotonic), CaptureHeader.instants.contains(utc) else {
            throw fault(.damaged, "has a stamp that no clock shows")
        }
        guard monotonic >= lastMonotonic else { throw fault(.damaged, "runs backwards in time") }
        lastMonotonic = monotonic
        let stamp = Stamp(monotonic: MonotonicNanos(rawValue: monotonic), utc: UTCNanos(rawValue: utc))
        switch kind {
        case "ws": return (try socketRecord(value), stamp)
        case "rest": return (.answer(try answer(value)), stamp)
        case "timer": return (.timer, stamp)
        default: throw fault(.damaged, "has an unknown kind")
        }
    }

    private func socketRecord(_ value: JSONValue) throws(CaptureFault) -> CaptureRecord {
        guard let venue = (value["v"]?.text?.string).flatMap({ VenueID(name: $0) }),
            let index = value["c"]?.int64.flatMap({ UInt16(exactly: $0) })
        else { throw fault(.damaged, "names no connection") }
        let link = LinkID(venue: venue, index: index)
        switch value["e"]?.text {
        case .some(let event) where event == "open": return .opened(link)
        case .some(let event) where event == "close": return .closed(link, reason: value["d"]?.text?.string ?? "")
        case .some: throw fault(.damaged, "has an unknown connection event")
        case nil: return .frame(link, try payload(value))
        }
    }

    /// The bytes of `d`, or of `b` where they were not text.
    private func payload(_ value: JSONValue) throws(CaptureFault) -> UnsafeRawBufferPointer {
        if let text = value["d"]?.text { return text.bytes }
        guard let encoded = value["b"]?.text, let decoded = Base64.decode(encoded.string) else {
            throw fault(.damaged, "has no payload")
        }
        binary.deallocate()
        binary = .allocate(byteCount: decoded.count, alignment: 1)
        binary.copyBytes(from: decoded)
        return UnsafeRawBufferPointer(binary)
    }

    private func answer(_ value: JSONValue) throws(CaptureFault) -> RestAnswer {
        guard let venue = (value["v"]?.text?.string).flatMap({ VenueID(name: $0) }),
            let tag = (value["t"]?.text?.string).flatMap(UInt64.init), let service = value["service"]?.text?.string,
            let method = value["method"]?.text?.string, let path = value["path"]?.text?.string,
            let status = value["s"]?.int64, let type = value["ct"]?.text?.string, let fetched = value["f"]?.int64,
            CaptureHeader.instants.contains(fetched)
        else { throw fault(.damaged, "is a REST answer with a missing field") }
        let body = (value["body"]?.text?.string).flatMap { Base64.decode($0) } ?? []
        let request = RestRequest(
            tag: tag, venue: venue, service: service, method: method, path: path, body: body,
            mayUseCache: value["cached"]?.bool ?? false)
        return RestAnswer(
            request: request, status: Int(status), contentType: type, body: Array(try payload(value)),
            fetchedAt: UTCNanos(rawValue: fetched), fault: value["fault"]?.text?.string)
    }

    private func end(of value: JSONValue) throws(CaptureFault) -> CaptureEnd {
        guard let inputs = value["inputs"]?.int64, let decisions = value["decisions"]?.int64,
            let hash = value["decisions_sha256"]?.text?.string, inputs >= 0, decisions >= 0
        else { throw fault(.damaged, "is a closing record with a missing field") }
        return CaptureEnd(
            inputs: UInt64(inputs), decisions: UInt64(decisions), decisionsSHA256: hash,
            overrunAt: value["overrun_at"]?.int64.flatMap { UInt64(exactly: $0) })
    }

    private func fault(_ kind: CaptureFault.Kind, _ text: String) -> CaptureFault {
        CaptureFault(kind, path: path, line: line, offset: offset, text: text)
    }

    /// The next line without its newline; nil at the end of the file.
    private func nextLine() throws(CaptureFault) -> UnsafeRawBufferPointer? {
        var searched = start
        while true {
            if let base = buffer.baseAddress, let found = memchr(base + searched, 0x0A, end - searched) {
                let newline = UnsafeRawPointer(found) - UnsafeRawPointer(base)
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[start..<newline])
                offset = consumed - (end - start)
                line += 1
                start = newline + 1
                return bytes
            }
            searched = end
            if atEnd {
                guard start < end else { return nil }
                offset = consumed - (end - start)
                line += 1
                throw fault(
                    .truncated, "is cut in the middle of a record; the \(line - 1) lines before it are complete")
            }
            searched = try fill(from: searched)
        }
    }

    /// Reads more, making room first; returns where the unsearched part now begins.
    private func fill(from searched: Int) throws(CaptureFault) -> Int {
        var searched = searched
        if start > 0 {
            if end > start, let base = buffer.baseAddress { memmove(base, base + start, end - start) }
            searched -= start
            end -= start
            start = 0
        }
        if end == buffer.count {
            guard buffer.count < Self.lineMax else { throw fault(.damaged, "has a line longer than any record") }
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count * 2, alignment: 16)
            larger.copyMemory(from: UnsafeRawBufferPointer(buffer))
            buffer.deallocate()
            buffer = larger
        }
        let count = read(descriptor, buffer.baseAddress.map { $0 + end }, buffer.count - end)
        if count < 0, errno != EINTR {
            throw fault(.io, "cannot be read: \(String(cString: strerror(errno)))")
        }
        if count == 0 { atEnd = true }
        end += max(0, count)
        consumed += max(0, count)
        return searched
    }
}
