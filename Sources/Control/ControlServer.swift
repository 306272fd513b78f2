import Glibc
import Synchronization
import Threading
public import Trading

/// Takes commands of this user at `STATE/control.sock`: one line of request, one line of reply, then the end.
///
/// - Lane: a thread of its own; the handler is called there and answers whenever and from wherever it likes.
/// - Bound: 16 clients, 256 KiB a line; a client that has not asked within `patience` is dropped, one that was not answered
///   within `replyMax` is told so.
public final class ControlServer: Sendable {
    /// Who asks: process and user.
    public struct Peer: Sendable, Hashable {
        /// The process.
        public let process: Int32
        /// The user.
        public let user: UInt32
    }

    /// Answers one request, once.
    public struct Responder: Sendable {
        let number: UInt64
        let server: ControlServer

        /// Sends the reply; a second one goes nowhere. From any thread.
        public func send(_ reply: ControlReply) { server.answer(number, reply) }
    }

    /// What a daemon does with a request.
    public typealias Handler = @Sendable (ControlRequest, Peer, Responder) -> Void

    private struct Client {
        let descriptor: Int32
        let number: UInt64
        let peer: Peer
        var received: [UInt8] = []
        var isAsked = false
        var unsent: [UInt8] = []
        var deadline: MonotonicNanos
    }

    private let listening: Int32
    private let wake: (read: Int32, write: Int32)
    private let handler: Handler
    private let patience: Nanoseconds
    private let replyMax: Nanoseconds
    private let path: String
    private let answers = Mutex<[(number: UInt64, line: [UInt8])]>([])
    private let isEnding = Atomic<Bool>(false)
    private let worker = Mutex<Worker?>(nil)
    private static let clientsMax = 16

    /// Listens in `folder`, which must be ours and closed to others.
    ///
    /// - Throws: `ControlFault`: `E_CTL_MODE` (exit 77), `E_CTL_IO`.
    public init(
        folder: String, patience: Nanoseconds = .seconds(2), replyMax: Nanoseconds = .seconds(120),
        handler: @escaping Handler
    ) throws(ControlFault) {
        try ControlFolder.check(folder)
        guard let ends = SystemCalls.pipe() else {
            throw ControlFault(.io, "no descriptors left: \(String(cString: strerror(errno)))")
        }
        do throws(UnixSocket.Fault) {
            listening = try UnixSocket.listen(folder: folder, name: ControlFolder.socket)
        } catch {
            close(ends.read)
            close(ends.write)
            throw ControlFault(.io, "\(folder)/\(ControlFolder.socket): \(error.text)")
        }
        wake = ends
        path = folder + "/" + ControlFolder.socket
        self.handler = handler
        self.patience = patience
        self.replyMax = replyMax
        worker.withLock { worker in worker = Worker(name: "control") { [self] in run() } }
    }

    /// Ends the thread and takes the socket away; who waits is told that the daemon ends. Call once.
    public func finish() {
        isEnding.store(true, ordering: .releasing)
        poke()
        worker.withLock { $0 }?.join()
        close(listening)
        close(wake.read)
        close(wake.write)
        unlink(path)
    }

    private func poke() {
        var byte: UInt8 = 1
        _ = write(wake.write, &byte, 1)
    }

    fileprivate func answer(_ number: UInt64, _ reply: ControlReply) {
        guard !isEnding.load(ordering: .acquiring) else { return }
        answers.withLock { $0.append((number, Array(reply.line.utf8) + [UInt8(ascii: "\n")])) }
        poke()
    }

    // MARK: - The thread

    private func run() {
        var clients: [Client] = []
        var next: UInt64 = 1
        while !isEnding.load(ordering: .acquiring) {
            wait(clients)
            var bytes = [UInt8](repeating: 0, count: 64)
            while read(wake.read, &bytes, bytes.count) > 0 {}
            while let descriptor = UnixSocket.accept(listening) {
                admit(descriptor, &clients, &next)
            }
            let now = NanoClock.monotonic()
            for answer in answers.withLock({ waiting in
                defer { waiting = [] }
                return waiting
            }) {
                guard let index = clients.firstIndex(where: { $0.number == answer.number }) else { continue }
                guard clients[index].unsent.isEmpty else { continue }
                clients[index].unsent = answer.line
                clients[index].deadline = now + patience
            }
            clients = clients.compactMap { serve($0, now) }
        }
        for client in clients {
            if client.isAsked, client.unsent.isEmpty {
                let line = ControlReply.refused(
                    "E_CTL_UNAVAILABLE", "the daemon ends; whether it acted is not known", exitCode: 69)
                _ = send(Array(line.line.utf8) + [UInt8(ascii: "\n")], client.descriptor)
            }
            close(client.descriptor)
        }
    }

    private func wait(_ clients: [Client]) {
        var waiting = [
            pollfd(fd: listening, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
        ]
        for client in clients {
            // One that is asked for something else is heard no more, but for its end.
            let events = client.unsent.isEmpty ? (client.isAsked ? 0 : POLLIN) : POLLOUT
            waiting.append(pollfd(fd: client.descriptor, events: Int16(events), revents: 0))
        }
        let now = NanoClock.monotonic()
        let until = clients.map(\.deadline).min().map { max(0, ($0 - now).rawValue / 1_000_000 + 1) } ?? 60_000
        _ = poll(&waiting, nfds_t(waiting.count), Int32(clamping: min(until, 60_000)))
    }

    private func admit(_ descriptor: Int32, _ clients: inout [Client], _ next: inout UInt64) {
        guard let peer = SystemCalls.peer(of: descriptor), peer.user == geteuid() || peer.user == 0 else {
            close(descriptor)
            return
        }
        guard clients.count < Self.clientsMax else {
            let line = ControlReply.refused("E_CTL_UNAVAILABLE", "too many commands at once; try again", exitCode: 69)
                .line
            _ = send(Array(line.utf8) + [UInt8(ascii: "\n")], descriptor)
            close(descriptor)
            return
        }
        clients.append(
            Client(
                descriptor: descriptor, number: next, peer: Peer(process: peer.process, user: peer.user),
                deadline: NanoClock.monotonic() + patience))
        next += 1
    }

    /// - Returns: the client as it goes on; nil when it is done with.
    private func serve(_ given: Client, _ now: MonotonicNanos) -> Client? {
        var client = given
        if !client.unsent.isEmpty {
            let sent = send(client.unsent, client.descriptor)
            if sent > 0 { client.unsent.removeFirst(sent) }
            if client.unsent.isEmpty || sent < 0 { return ended(client) }
        } else if !client.isAsked {
            guard listen(to: &client) else { return ended(client) }
            if let request = client.received.firstIndex(of: UInt8(ascii: "\n")) {
                ask(&client, Array(client.received[..<request]), now)
            }
        }
        guard now < client.deadline else {
            guard client.isAsked, client.unsent.isEmpty else { return ended(client) }
            answer(
                client.number,
                .refused(
                    ControlFault.Kind.timeout.rawValue, "no answer in time; whether it was done is not known",
                    exitCode: 69))
            client.deadline = now + patience
            return client
        }
        return client
    }

    private func ended(_ client: Client) -> Client? {
        close(client.descriptor)
        return nil
    }

    /// - Returns: false when it is to be dropped.
    private func listen(to client: inout Client) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(client.descriptor, &chunk, chunk.count)
            if count < 0 { return errno == EAGAIN || errno == EINTR }
            if count == 0 { return client.received.contains(UInt8(ascii: "\n")) }
            client.received += chunk[..<count]
            guard client.received.count <= ControlRequest.lineMax else { return false }
            if client.received.contains(UInt8(ascii: "\n")) { return true }
        }
    }

    private func ask(_ client: inout Client, _ line: [UInt8], _ now: MonotonicNanos) {
        client.isAsked = true
        client.received = []
        client.deadline = now + replyMax
        let responder = Responder(number: client.number, server: self)
        guard let request = ControlRequest(line: line) else {
            responder.send(
                .refused(ControlFault.Kind.malformed.rawValue, "not a request of arb.control/1", exitCode: 64))
            return
        }
        handler(request, client.peer, responder)
    }

    /// - Returns: bytes taken; 0 when it has to wait, -1 when nobody is there any more.
    private func send(_ bytes: [UInt8], _ descriptor: Int32) -> Int {
        let count = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        if count >= 0 { return count }
        return errno == EAGAIN || errno == EINTR ? 0 : -1
    }
}

/// The account's folder as the socket and the status need it.
public enum ControlFolder {
    /// Name of the socket.
    public static let socket = "control.sock"
    /// Name of the status file.
    public static let status = "status.json"

    /// Refuses a folder that is not ours, or that others may write.
    ///
    /// - Throws: `ControlFault`: `E_CTL_MODE` (exit 77), `E_CTL_IO`.
    public static func check(_ folder: String) throws(ControlFault) {
        var status = stat()
        guard lstat(folder, &status) == 0 else {
            throw ControlFault(.io, "\(folder): \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw ControlFault(.permissions, "\(folder) is no folder, or a link to one; choose another state_dir")
        }
        guard status.st_uid == geteuid() else {
            throw ControlFault(.permissions, "\(folder) belongs to user \(status.st_uid); choose another state_dir")
        }
        guard status.st_mode & 0o022 == 0 else {
            throw ControlFault(.permissions, "\(folder) may be written by others; run: chmod 700 '\(folder)'")
        }
    }
}

/// The command's end of the socket.
public enum ControlClient {
    /// Asks the daemon of an account and waits for its answer.
    ///
    /// - Throws: `ControlFault`: `E_CTL_UNAVAILABLE` (nothing was asked), `E_CTL_TIMEOUT` (whether it acted is not known),
    ///   `E_CTL_MODE`, `E_CTL_MALFORMED`.
    public static func ask(folder: String, _ request: ControlRequest, timeout: Nanoseconds) throws(ControlFault)
        -> ControlReply
    {
        let path = folder + "/" + ControlFolder.socket
        let descriptor: Int32
        do throws(UnixSocket.Fault) {
            descriptor = try UnixSocket.connect(folder: folder, name: ControlFolder.socket, timeout: timeout)
        } catch {
            throw ControlFault(.unavailable, "no daemon answers at \(path): \(error.text)")
        }
        defer { close(descriptor) }
        // A socket that another user put there would be told our commands and could answer what it likes.
        guard let peer = SystemCalls.peer(of: descriptor), peer.user == geteuid() || peer.user == 0 else {
            throw ControlFault(.permissions, "\(path) is served by another user")
        }
        let bytes = Array(request.line.utf8) + [UInt8(ascii: "\n")]
        // One that is told at once that there is no room may find the other end closed before it has asked.
        let isAsked = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
        let deadline = NanoClock.monotonic() + timeout
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while NanoClock.monotonic() < deadline, received.count <= ControlRequest.lineMax * 4 {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 || isAsked else {
                throw ControlFault(.unavailable, "\(path): the daemon takes no command now; try again")
            }
            if count < 0 { break }
            if count == 0 {
                throw ControlFault(.timeout, "the daemon ended without an answer: whether it acted is not known")
            }
            received += chunk[..<count]
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                guard let reply = ControlReply(line: Array(received[..<end])) else {
                    throw ControlFault(.malformed, "\(path): the answer cannot be read by this build")
                }
                return reply
            }
        }
        throw ControlFault(.timeout, "the daemon did not answer in time: whether it acted is not known")
    }
}
