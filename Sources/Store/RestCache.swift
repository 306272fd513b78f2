import Glibc
internal import Threading
public import Trading

/// Reference answers kept on disk with their age, so that a start need not wait for the venues.
///
/// One file per request: a line that names the request and the instant of the answer, then the body. A file that does
/// not name the very request asked for (hash collision, older format, damage) counts as absent; a cache is never an
/// error. Order state is never cached.
/// - Lane: off the hot lane; used by one thread at a time.
/// - Bound: bodies up to 8 MiB; files older than `ageMax` are not used.
public struct RestCache: Sendable {
    private let folder: String
    private let ageMax: Nanoseconds
    private static let format = "arb.rest-cache/1"
    private static let bodyMax = 8 << 20

    /// A cache in `folder`, which is made when it is missing (mode 0700).
    public init(folder: String, ageMax: Nanoseconds = .seconds(7 * 86_400)) {
        self.folder = folder
        self.ageMax = ageMax
        mkdir(folder, 0o700)
    }

    /// The kept answer to `request`; nil when there is none that is young enough at `now`.
    public func answer(to request: RestRequest, now: UTCNanos) -> RestAnswer? {
        guard let content = Self.read(path(of: request)), let newline = content.firstIndex(of: 0x0A) else { return nil }
        let fields = String(decoding: content[..<newline], as: UTF8.self).split(
            separator: "\t", omittingEmptySubsequences: false)
        guard fields.count == 4, fields[0] == Self.format, let fetched = Int64(fields[1]),
            fields[3] == Self.name(of: request)
        else { return nil }
        let age = now - UTCNanos(rawValue: fetched)
        guard age >= .zero, age <= ageMax else { return nil }
        return RestAnswer(
            request: request, status: 200, contentType: String(fields[2]), body: Array(content[(newline + 1)...]),
            fetchedAt: UTCNanos(rawValue: fetched))
    }

    /// Keeps a good answer (HTTP 200, no fault); others are not kept. A full disk is not an error here.
    public func keep(_ answer: RestAnswer) {
        guard answer.status == 200, answer.fault == nil, answer.body.count <= Self.bodyMax,
            !answer.contentType.contains("\t"), !answer.contentType.contains("\n")
        else { return }
        let head =
            "\(Self.format)\t\(answer.fetchedAt.rawValue)\t\(answer.contentType)\t\(Self.name(of: answer.request))\n"
        let path = path(of: answer.request)
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return }
        let written = SystemCalls.write(Array(head.utf8) + answer.body, to: descriptor) == 0
        close(descriptor)
        // The rename is what makes a half-written file invisible.
        if !written || rename(temporary, path) != 0 { unlink(temporary) }
    }

    private func path(of request: RestRequest) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        // FNV-1a counts mod 2^64.
        for byte in Self.name(of: request).utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return "\(folder)/\(request.venue.name)-\(String(hash, radix: 16)).cache"
    }

    /// One line without tabs that stands for the request; percent-encoding keeps control bytes out of paths already.
    private static func name(of request: RestRequest) -> String {
        let body = String(decoding: request.body, as: UTF8.self)
        let text = "\(request.method) \(request.service) \(request.path) \(body)"
        return String(text.unicodeScalars.map { $0.value < 0x20 ? " " : Character($0) })
    }

    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= bodyMax + 4096
        else {
            return nil
        }
        var content = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < content.count {
            let count = content.withUnsafeMutableBytes { bytes in
                Glibc.read(descriptor, bytes.baseAddress.map { $0 + filled }, bytes.count - filled)
            }
            if count <= 0 { return nil }
            filled += count
        }
        return content
    }
}
