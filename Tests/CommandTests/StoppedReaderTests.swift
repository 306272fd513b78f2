import Foundation
import Glibc
import Store
import TestKit
import Testing
import Threading
import Trading

/// Who reads a run's output stops, as a paused pager does, and does not go away (P24).
@Suite("A reader that stops", .serialized)
struct StoppedReaderTests {
    /// A run whose standard output is a pipe of one page.
    private final class Piped {
        let process = Process()
        let pipe = Pipe()
        private let ended = DispatchSemaphore(value: 0)

        init(_ desk: LiveDesk, _ words: [String]) throws {
            _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, 1_031 /* F_SETPIPE_SZ */, 4_096)
            process.executableURL = URL(filePath: desk.arb.path)
            process.arguments = ["run", "--config", "v/arb.toml", "--json"] + words
            process.currentDirectoryURL = desk.place.url
            process.environment = ["PATH": "/usr/bin:/bin", "HOME": desk.place.url.path]
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = pipe
            process.standardError = FileHandle.nullDevice
            let ended = ended
            process.terminationHandler = { _ in ended.signal() }
            try process.run()
            try pipe.fileHandleForWriting.close()
        }

        deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

        /// - Returns: exit status; nil: it did not end in time.
        func wait(seconds: Int) -> Int32? {
            ended.wait(timeout: .now() + .seconds(seconds)) == .success ? process.terminationStatus : nil
        }
    }

    @Test("P24: a live run trades on and its ledger is kept; at SIGTERM it ends in time")
    func live() throws {
        let desk = try LiveDesk()
        let run = try Piped(desk, ["--live", "--confirm-account", "loopback"])
        // Each execution says more than a quarter of what the pipe holds.
        let fired = try desk.waitForStatus(seconds: 60) { ($0["executions"] as? Int ?? 0) >= 12 }
        #expect(fired != nil)
        let end = NanoClock.monotonic() + .seconds(20)
        var rows: [[String: Any]] = []
        while rows.count < 12, NanoClock.monotonic() < end {
            rows = try objects(try desk.run("export", "executions", "--format", "ndjson").out)
        }
        #expect(rows.count >= 12, "the ledger has \(rows.count)")
        run.process.terminate()
        let status = try #require(run.wait(seconds: 11), "it waits for its reader")
        #expect(run.process.terminationReason == .exit && [0, 2, 3, 4].contains(status), "\(status)")
    }

    @Test("a dry run waits at its end for a reader who is slow: no line is lost")
    func dry() throws {
        let desk = try LiveDesk()
        let run = try Piped(desk, ["--dry-run", "--for", "8s"])
        let account = desk.place.path("v/state") + "/loopback"
        #expect(desk.waitForFile(account + "/lock"))
        // All of it is over but the words: then the reader begins.
        let end = NanoClock.monotonic() + .seconds(30)
        while StateFolder.holder(root: desk.place.path("v/state"), account: "loopback") != nil,
            NanoClock.monotonic() < end
        {
            usleep(20_000)
        }
        #expect(run.process.isRunning)
        let text = String(decoding: run.pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(run.wait(seconds: 10) == 0)
        let lines = try objects(text)
        #expect(text.utf8.count > 8_192, "\(text.utf8.count) bytes are no test of it")
        #expect(lines.first?["event"] as? String == "started" && lines.last?["event"] as? String == "stopped")
        #expect(!text.contains("lines_dropped"))
        // Lines of several runs may be mixed: each says whose it is.
        for line in lines where line["schema"] as? String == "arb.event/1" {
            let said = ["mode", "venues", "account"].map { line[$0] as? String }
            #expect(said == ["dry-run", "loopback", "loopback"], "\(line)")
        }
    }
}
