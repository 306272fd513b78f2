import CCurl
import Synchronization
internal import Threading
public import Trading

/// One request of the cold path.
public struct HTTPRequest: Sendable {
    /// `https://…`
    public var url: String
    /// `GET`, `POST`, `PUT` or `DELETE`.
    public var method: String
    /// Extra headers.
    public var headers: [(name: String, value: String)]
    /// Body; none with `GET`.
    public var body: [UInt8]
    /// From start to end.
    public var timeout: Nanoseconds
    /// True when sending it twice does no harm. libcurl sends a request again by itself when a kept connection ends before
    /// an answer; one that must not be sent twice gets a connection of its own, where it never does.
    public var mayRepeat: Bool

    /// A request; only a `GET` may repeat where nothing else is said.
    public init(
        _ url: String, method: String = "GET", headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        timeout: Nanoseconds = .seconds(10), mayRepeat: Bool? = nil
    ) {
        self.mayRepeat = mayRepeat ?? (method == "GET")
        self.url = url
        self.method = method
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }
}

/// What came back.
public struct HTTPResponse: Sendable {
    /// HTTP status.
    public let status: Int
    /// Lower case; empty when absent.
    public let contentType: String
    /// At most 8 MiB, after inflation.
    public let body: [UInt8]
    /// The server's `Date`, cut to the second; nil when absent or unreadable.
    public let date: UTCNanos?
}

/// HTTP/2 over TLS for everything that is not hot: reference data, cross-checks, reconciliation.
///
/// One thread, kept-alive connections, at most 8 requests a host at once; what is asked beyond that waits. Redirects are
/// not followed, only `https` is spoken, peers are always verified, and a production host with a private address is
/// refused at the moment of connecting.
public final class HTTPClient: @unchecked Sendable {
    // Safety: `inbox` is guarded by its mutex; curl handles, `active` and `rooms` belong to the worker thread until it was joined.
    private let inbox = Mutex<Inbox>(Inbox())
    private let loopbackAuthority: String?
    private let userAgent: String
    private var active: [OpaquePointer: Transfer] = [:]
    private var rooms: [[UInt8]] = []
    private var worker: Worker?
    private let wanted = Semaphore()
    private static let bodyMax = 8 << 20
    /// Of all lines before the body, interim answers included.
    private static let headersMax = 64 << 10
    private static let waitingMax = 65_536
    /// Rooms for answers that are kept, and how large they may have grown.
    private static let roomsMax = 4, roomMax = 256 << 10

    private struct Inbox {
        var requests: [Job] = []
        var ended = false
        /// Something was asked of it: from then on the library is loaded, which takes a core for ten milliseconds.
        var isWanted = false
        /// Why nothing can be sent, now and later.
        var fault: TransportFault?
        /// What wakes the worker; nil until it has loaded the library.
        var multi: UInt?

        mutating func wake(_ first: Semaphore) {
            if !isWanted { first.signal() }
            isWanted = true
            if let multi { CCurl_multi_wakeup(UnsafeMutableRawPointer(bitPattern: multi)) }
        }
    }

    private struct Job: Sendable {
        let request: HTTPRequest
        let done: @Sendable (Result<HTTPResponse, TransportFault>) -> Void
    }

    private final class Transfer {
        let job: Job
        /// Grows with what comes; its room is the client's, and is used again.
        var body: [UInt8]
        var headers: UnsafeMutablePointer<curl_slist>?
        var headerBytes = 0
        var date: UTCNanos?
        var isTooLarge = false
        init(_ job: Job, room: consuming [UInt8]) {
            self.job = job
            body = room
        }
        deinit { CCurl_slist_free_all(headers) }

        /// One line of a head; the last `Date` is the final answer's.
        func read(header line: UnsafeRawBufferPointer) {
            guard let colon = line.firstIndex(of: 0x3A), colon == 4 else { return }
            guard line[..<4].elementsEqual("date".utf8, by: { $0 | 0x20 == $1 }) else { return }
            let blanks: Set<UInt8> = [0x20, 0x09, 0x0D, 0x0A]
            guard let first = line[5...].firstIndex(where: { !blanks.contains($0) }),
                let last = line.lastIndex(where: { !blanks.contains($0) }), first <= last
            else { return }
            date = HTTPAnswerHead.date(UnsafeRawBufferPointer(rebasing: line[first...last]))
        }
    }

    /// A client.
    ///
    /// - Parameters:
    ///   - loopbackAuthority: PEM file of a certificate authority for loopback hosts.
    public convenience init(userAgent: String, loopbackAuthority: String? = nil) {
        self.init(userAgent: userAgent, loopbackAuthority: loopbackAuthority, library: "libcurl.so.4")
    }

    init(userAgent: String, loopbackAuthority: String? = nil, library: String) {
        self.userAgent = userAgent
        self.loopbackAuthority = loopbackAuthority
        // Strong: an owner that is dropped before its end, as on a failing start, must outlive its thread.
        worker = Worker(name: "http") { [self] in start(library) }
    }

    /// Starts a request; `done` is called once, on the client's thread.
    public func send(_ request: HTTPRequest, done: @escaping @Sendable (Result<HTTPResponse, TransportFault>) -> Void) {
        let refusal = inbox.withLock { inbox -> TransportFault? in
            if let fault = inbox.fault { return fault }
            guard !inbox.ended, inbox.requests.count < Self.waitingMax else {
                return TransportFault(.connect, "the HTTP client is closed or has \(Self.waitingMax) requests waiting")
            }
            inbox.requests.append(Job(request: request, done: done))
            inbox.wake(wanted)
            return nil
        }
        if let refusal { done(.failure(refusal)) }
    }

    /// As `send`, for callers that wait.
    public func response(to request: HTTPRequest) async -> Result<HTTPResponse, TransportFault> {
        await withCheckedContinuation { continuation in send(request) { continuation.resume(returning: $0) } }
    }

    /// Ends the client: what is under way fails with `E_NET_CLOSED`. Call once.
    public func close() {
        inbox.withLock { inbox in
            inbox.ended = true
            inbox.wake(wanted)
        }
        worker?.join()
        worker = nil
    }

    // MARK: The client's thread

    /// Loads the library and serves; without it every request fails with the reason, until the client is closed.
    private func start(_ library: String) {
        wanted.wait()
        guard !inbox.withLock({ $0.ended && $0.requests.isEmpty }) else { return }
        if let fault = CCurl_load(library) {
            let words = "libcurl cannot be used: \(String(cString: fault)); install libcurl4 (apt install libcurl4)"
            return refuseAll(TransportFault(.library, words))
        }
        guard let multi = CCurl_multi_init() else {
            return refuseAll(TransportFault(.library, "libcurl cannot be used: no memory"))
        }
        CCurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, 8)
        CCurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        let address = UInt(bitPattern: multi)
        inbox.withLock { $0.multi = address }
        run(multi)
        inbox.withLock { $0.multi = nil }
        CCurl_multi_cleanup(multi)
    }

    private func refuseAll(_ fault: TransportFault) {
        let jobs = inbox.withLock { inbox -> [Job] in
            inbox.fault = fault
            defer { inbox.requests = [] }
            return inbox.requests
        }
        for job in jobs { job.done(.failure(fault)) }
    }

    private func run(_ handle: UnsafeMutableRawPointer) {
        while true {
            let (jobs, ended) = inbox.withLock { inbox -> ([Job], Bool) in
                let taken = inbox.requests
                inbox.requests = []
                return (taken, inbox.ended)
            }
            if ended {
                for job in jobs { job.done(.failure(TransportFault(.closed, "the HTTP client was closed"))) }
                break
            }
            for job in jobs { begin(job, handle) }
            var running: Int32 = 0
            CCurl_multi_perform(handle, &running)
            collect(handle)
            CCurl_multi_poll(handle, 1_000)
        }
        for (easy, transfer) in active {
            CCurl_multi_remove_handle(handle, UnsafeMutableRawPointer(easy))
            CCurl_easy_cleanup(UnsafeMutableRawPointer(easy))
            transfer.job.done(.failure(TransportFault(.closed, "the HTTP client was closed")))
        }
        active = [:]
    }

    private func begin(_ job: Job, _ multi: UnsafeMutableRawPointer) {
        let endpoint: Endpoint
        do throws(TransportFault) {
            endpoint = try Endpoint(job.request.url)
        } catch {
            return job.done(.failure(error))
        }
        guard endpoint.scheme == "https", let easy = CCurl_easy_init() else {
            return job.done(.failure(TransportFault(.url, "'\(job.request.url)' is no https URL")))
        }
        let transfer = Transfer(job, room: rooms.popLast() ?? [])
        CCurl_set_string(easy, CURLOPT_URL, job.request.url)
        CCurl_set_string(easy, CURLOPT_USERAGENT, userAgent)
        CCurl_set_string(easy, CURLOPT_PROTOCOLS_STR, "https")
        CCurl_set_string(easy, CURLOPT_ACCEPT_ENCODING, "")
        CCurl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
        CCurl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        CCurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        CCurl_set_long(easy, CURLOPT_PIPEWAIT, 1)
        CCurl_set_long(easy, CURLOPT_TIMEOUT_MS, Int(max(1, job.request.timeout.rawValue / 1_000_000)))
        CCurl_set_long(easy, CURLOPT_MAXFILESIZE, Self.bodyMax)
        CCurl_set_string(easy, CURLOPT_PROXY, "")
        trust(easy, endpoint)
        Self.give(easy, job.request)
        for (name, value) in job.request.headers {
            transfer.headers = CCurl_slist_append(transfer.headers, "\(name): \(value)")
        }
        if transfer.headers != nil { CCurl_set_list(easy, CURLOPT_HTTPHEADER, transfer.headers) }
        CCurl_set_write(
            easy,
            { data, size, count, user in
                guard let data, let user else { return 0 }
                let transfer = Unmanaged<Transfer>.fromOpaque(user).takeUnretainedValue()
                guard transfer.body.count + size * count <= HTTPClient.bodyMax else {
                    transfer.isTooLarge = true
                    return 0
                }
                transfer.body.append(contentsOf: UnsafeRawBufferPointer(start: data, count: size * count))
                return size * count
            }, Unmanaged.passUnretained(transfer).toOpaque())
        CCurl_set_header(
            easy,
            { data, size, count, user in
                guard let user, let data else { return 0 }
                let transfer = Unmanaged<Transfer>.fromOpaque(user).takeUnretainedValue()
                transfer.read(header: UnsafeRawBufferPointer(start: data, count: size * count))
                transfer.headerBytes += size * count
                guard transfer.headerBytes <= HTTPClient.headersMax else {
                    transfer.isTooLarge = true
                    return 0
                }
                return size * count
            }, Unmanaged.passUnretained(transfer).toOpaque())
        active[OpaquePointer(easy)] = transfer
        CCurl_multi_add_handle(multi, easy)
    }

    /// Method and body; and a connection of its own for what must not be sent twice.
    private static func give(_ easy: UnsafeMutableRawPointer, _ request: HTTPRequest) {
        if request.method == "POST" {
            CCurl_set_long(easy, CURLOPT_POST, 1)
            request.body.withUnsafeBytes { bytes in
                _ = CCurl_set_body(easy, bytes.baseAddress, bytes.count)
            }
        } else if request.method != "GET" {
            if !request.body.isEmpty {
                request.body.withUnsafeBytes { bytes in
                    _ = CCurl_set_body(easy, bytes.baseAddress, bytes.count)
                }
            }
            CCurl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method)
        }
        if !request.mayRepeat {
            CCurl_set_long(easy, CURLOPT_FRESH_CONNECT, 1)
            CCurl_set_long(easy, CURLOPT_FORBID_REUSE, 1)
        }
    }

    private func trust(_ easy: UnsafeMutableRawPointer, _ endpoint: Endpoint) {
        if endpoint.isLoopback, let loopbackAuthority {
            CCurl_set_string(easy, CURLOPT_CAINFO, loopbackAuthority)
            CCurl_set_string(easy, CURLOPT_CAPATH, nil)
            return
        }
        CCurl_set_string(easy, CURLOPT_CAINFO, nil)
        CCurl_set_string(easy, CURLOPT_CAPATH, TLSContext.systemDirectory)
        if !endpoint.isLoopback { CCurl_refuse_private(easy) }
    }

    private func collect(_ multi: UnsafeMutableRawPointer) {
        var left: Int32 = 0
        while let message = CCurl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            let result = message.pointee.data.result
            CCurl_multi_remove_handle(multi, easy)
            if let transfer = active.removeValue(forKey: OpaquePointer(easy)) {
                transfer.job.done(Self.outcome(easy, result, transfer))
                keepRoom(of: transfer)
            }
            CCurl_easy_cleanup(easy)
        }
    }

    /// Answers grow by doubling; with rooms that have grown before, each answer is one block of its own length. The largest
    /// is used first: otherwise the longest answer comes to every room in turn, and in the end all are as large as that.
    private func keepRoom(of transfer: Transfer) {
        guard rooms.count < Self.roomsMax, transfer.body.capacity <= Self.roomMax else { return }
        transfer.body.removeAll(keepingCapacity: true)
        var room: [UInt8] = []
        swap(&room, &transfer.body)
        let place = rooms.firstIndex { $0.capacity > room.capacity } ?? rooms.count
        rooms.insert(room, at: place)
    }

    private static func outcome(_ easy: UnsafeMutableRawPointer, _ result: CURLcode, _ transfer: Transfer)
        -> Result<HTTPResponse, TransportFault>
    {
        // A single header line without end is given up by the library itself, as memory that it will not give.
        if transfer.isTooLarge || result == CURLE_FILESIZE_EXCEEDED || result == CURLE_OUT_OF_MEMORY {
            return .failure(
                TransportFault(.tooLarge, "\(transfer.job.request.url): an answer over 8 MiB, or a head over 64 KiB"))
        }
        guard result == CURLE_OK else {
            let words = "\(transfer.job.request.url): \(String(cString: CCurl_easy_strerror(result)))"
            return .failure(TransportFault(kind(of: result), words))
        }
        let type = CCurl_info_string(easy, CURLINFO_CONTENT_TYPE).map { String(cString: $0).lowercased() } ?? ""
        return .success(
            HTTPResponse(
                status: CCurl_info_long(easy, CURLINFO_RESPONSE_CODE), contentType: type,
                body: transfer.body.withUnsafeBytes { Array($0) },
                date: transfer.date))
    }

    private static func kind(of result: CURLcode) -> TransportFault.Kind {
        switch result {
        case CURLE_COULDNT_RESOLVE_HOST: .resolve
        case CURLE_COULDNT_CONNECT: .connect
        case CURLE_OPERATION_TIMEDOUT: .timeout
        case CURLE_PEER_FAILED_VERIFICATION: .certificate
        case CURLE_SSL_CACERT_BADFILE: .authority
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER: .tls
        case CURLE_URL_MALFORMAT: .url
        default: .closed
        }
    }
}
