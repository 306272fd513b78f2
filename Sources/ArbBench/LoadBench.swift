import Codec
import Glibc
import Simulators
import Synchronization
import Threading
import Trading

/// The real program against loopback venues in this process: how soon it polls a feed, and whether it keeps up.
struct LoadBench {
    let pairs: Int
    let rate: Int
    let seconds: Int

    /// The folder of a run, removed at its end.
    static func folder() -> String? {
        var template = Array(("/tmp/arb-load-" + String(repeating: "X", count: 6)).utf8CString)
        guard mkdtemp(&template) != nil else { return nil }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// From the start of the process to the first accepted connection, a few times.
    static func start(json: Bool) throws {
        guard let path = folder() else { return }
        defer { _ = wait(spawn(["/bin/rm", "-rf", path], output: nil)) }
        var settings = SimWorld.Settings()
        settings.pairs = 10
        settings.isSteady = true
        settings.plants = false
        let folder = try LoopbackFolder(path, settings)
        var figures: [Double] = []
        for _ in 0..<12 {
            _ = folder.venues.takeFirstLink()
            let began = NanoClock.monotonic()
            let child = spawn(
                [beside("arb"), "run", "--quiet", "--config", path + "/arb.toml", "--for", "1s"], output: "/dev/null")
            _ = wait(child)
            if let first = folder.venues.takeFirstLink() { figures.append(Double((first - began).rawValue) / 1e6) }
        }
        _ = folder.venues.stop()
        Row("start.first_link", figures, unit: "ms", proof: "\(figures.count) of 12 runs reached the venues").show(
            json: json)
    }

    /// Everything subscribed, everything live at the end, nothing lost on the way.
    func run(json: Bool) throws {
        guard let path = Self.folder() else { return }
        defer { _ = Self.wait(Self.spawn(["/bin/rm", "-rf", path], output: nil)) }
        var settings = SimWorld.Settings()
        settings.pairs = pairs
        settings.rate = rate
        settings.isSteady = true
        settings.plants = false
        settings.depth = 6
        let folder = try LoopbackFolder(path, settings)
        let output = path + "/run.ndjson"
        let child = Self.spawn(
            [Self.beside("arb"), "run", "--json", "--config", path + "/arb.toml", "--for", "\(seconds)s"],
            output: output)
        var usage = rusage()
        _ = Self.wait(child, &usage)
        let summary = folder.venues.stop()
        let beats = Self.beats(output)
        guard let last = beats.last else {
            emit("arb-bench: arb said nothing; is it built beside this program?\n", STDERR_FILENO)
            exit(1)
        }
        // From the first beat at which every book is live: what was void before was never live.
        let settled = beats.first { $0.live == pairs * 2 } ?? last
        let rates = beats.filter { $0.messages > settled.messages }.map { Double($0.rate) }
        let isGood = last.live == pairs * 2 && last.voids == settled.voids
        Row(
            "load.\(pairs)", rates.isEmpty ? [0] : rates, unit: "msg/s",
            proof: (isGood ? "nothing lost: " : "LOST: ")
                + "\(last.live) of \(pairs * 2) books live, \(last.voids - settled.voids) voids since all were, "
                + "\(last.messages) of \(summary.frames) messages, \(usage.ru_maxrss / 1_024) MB, "
                + "cpu \(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) s of \(seconds)"
        ).show(json: json)
    }

    private struct Beat {
        let live: Int
        let voids: Int
        let messages: Int
        let rate: Int
    }

    private static func beats(_ path: String) -> [Beat] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        let reader = JSONReader(limits: .rest)
        var beats: [Beat] = []
        var line = [CChar](repeating: 0, count: 65_536)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            guard let root = try? reader.read(text), let live = root["books_live"]?.int64,
                let voids = root["voids"]?.int64, let messages = root["messages"]?.int64,
                let rate = root["messages_per_second"]?.int64
            else { continue }
            beats.append(Beat(live: Int(live), voids: Int(voids), messages: Int(messages), rate: Int(rate)))
        }
        return beats
    }

    /// The program that lies beside this one.
    static func beside(_ name: String) -> String {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let own = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return own.lastIndex(of: "/").map { own[...$0] + name }.map(String.init) ?? name
    }

    /// Starts a program with its output in a file.
    static func spawn(_ words: [String], output: String?, errors: String? = nil) -> pid_t {
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let output { posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600) }
        if let errors { posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY, 0) }
        var pid = pid_t()
        return posix_spawn(&pid, words[0], &actions, nil, arguments, environ) == 0 ? pid : -1
    }

    /// Waits for a program's end.
    static func wait(_ pid: pid_t) -> Int32 {
        var usage = rusage()
        return wait(pid, &usage)
    }

    private static func wait(_ pid: pid_t, _ usage: inout rusage) -> Int32 {
        guard pid > 0 else { return -1 }
        var status: Int32 = 0
        while wait4(pid, &status, 0, &usage) < 0, errno == EINTR {}
        return status
    }
}
