internal import Glibc
internal import Threading
internal import Trading

/// A program beside this one, run as the process that people run; with a library before it, where a story wants one.
final class Child {
    /// How it ended.
    enum End: Hashable {
        case exited(Int32)
        case killed(Int32)
    }

    private let pid: pid_t
    private let file: String
    private var end: End?

    /// The folder of this program.
    static var folder: String {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let own = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return own.lastIndex(of: "/").map { String(own[..<$0]) } ?? "."
    }

    /// Starts it; what it says goes to `file`.
    ///
    /// - Throws: what kept it from starting.
    init(_ name: String, _ words: [String], environment: [String: String], file: String) throws(SceneDaemon.Fault) {
        self.file = file
        let path = Self.folder + "/" + name
        var arguments: [UnsafeMutablePointer<CChar>?] = ([path] + words).map { strdup($0) }
        arguments.append(nil)
        var variables = ["PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"]
        variables.merge(environment) { $1 }
        var settings: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") }
        settings.append(nil)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            for text in arguments + settings { free(text) }
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        // It gets every signal, whatever this process keeps from its own threads.
        var attributes = posix_spawnattr_t()
        var none = sigset_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let process = Remains.start {
            var started = pid_t()
            return posix_spawn(&started, path, &actions, &attributes, arguments, settings) == 0 ? started : nil
        }
        guard let process else {
            throw SceneDaemon.Fault(description: "\(path) cannot be started; build it with: swift build")
        }
        pid = process
    }

    deinit {
        guard end == nil else { return }
        kill(pid, SIGKILL)
        _ = wait(.seconds(10))
    }

    /// Its process id.
    var process: pid_t { pid }

    /// Everything that it said.
    var text: String { (try? SceneDaemon.text(file)) ?? "" }

    /// Sends a signal.
    func signal(_ number: Int32) { if end == nil { kill(pid, number) } }

    /// How it ended; nil while it runs.
    var ended: End? {
        if let end { return end }
        guard let status = Remains.collect(pid) else { return nil }
        end = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(status & 0x7F)
        return end
    }

    /// Waits for its end; nil when it has not come by then.
    func wait(_ patience: Nanoseconds) -> End? {
        let deadline = NanoClock.monotonic() + patience
        while NanoClock.monotonic() < deadline {
            if let ended { return ended }
            poll(nil, 0, 5)
        }
        return ended
    }
}
