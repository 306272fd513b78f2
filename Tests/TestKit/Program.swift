public import Foundation
import Glibc

/// A program of this package, run as the process that people run.
public struct Program: Sendable {
    /// What a run left behind.
    public struct Outcome: Sendable {
        /// Exit status; the number of the signal where one ended it.
        public let status: Int32
        /// True when a signal ended it.
        public let isSignalled: Bool
        /// All of standard output.
        public let out: String
        /// All of standard error.
        public let err: String

        /// Standard output, line by line.
        public var lines: [Substring] { out.split(separator: "\n") }
    }

    /// A process that goes on while the test does something else.
    public final class Running: @unchecked Sendable {
        // Safety: one test owns it; the termination handler touches the semaphore alone.
        private let process = Process()
        private let done = DispatchSemaphore(value: 0)
        private let files: (out: URL, err: URL)

        fileprivate init(_ path: String, _ arguments: [String], folder: URL, environment: [String: String]) throws {
            let stem = folder.appending(path: ".run-\(UUID().uuidString)")
            files = (stem.appendingPathExtension("out"), stem.appendingPathExtension("err"))
            process.executableURL = URL(filePath: path)
            process.arguments = arguments
            process.currentDirectoryURL = folder
            process.environment = environment
            process.standardInput = FileHandle.nullDevice
            for file in [files.out, files.err] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
            process.standardOutput = try FileHandle(forWritingTo: files.out)
            process.standardError = try FileHandle(forWritingTo: files.err)
            let done = done
            process.terminationHandler = { _ in done.signal() }
            try process.run()
        }

        /// Its process.
        public var identifier: Int32 { process.processIdentifier }

        /// True until it has ended.
        public var isRunning: Bool { process.isRunning }

        /// Sends a signal.
        public func signal(_ number: Int32) { kill(process.processIdentifier, number) }

        /// What it has written to standard output so far.
        public var output: String { (try? String(contentsOf: files.out, encoding: .utf8)) ?? "" }

        /// Waits until standard output has what `isThere` looks for; false after `seconds` or when the process ended first.
        public func waitForOutput(seconds: Int = 20, _ isThere: (String) -> Bool) -> Bool {
            let deadline = DispatchTime.now() + .seconds(seconds)
            while DispatchTime.now() < deadline {
                if isThere(output) { return true }
                if done.wait(timeout: .now() + .milliseconds(20)) == .success {
                    done.signal()
                    return isThere(output)
                }
            }
            return false
        }

        /// Waits for the end; kills it after `seconds`, which shows as signal 9.
        public func wait(seconds: Int = 30) -> Outcome {
            if done.wait(timeout: .now() + .seconds(seconds)) == .timedOut { signal(SIGKILL) }
            process.waitUntilExit()
            func text(_ file: URL) -> String {
                defer { try? FileManager.default.removeItem(at: file) }
                return String(decoding: (try? Data(contentsOf: file)) ?? Data(), as: UTF8.self)
            }
            return Outcome(
                status: process.terminationStatus, isSignalled: process.terminationReason == .uncaughtSignal,
                out: text(files.out), err: text(files.err))
        }
    }

    /// The program is not beside the tests.
    public struct Missing: Error, Sendable {
        /// Where it should be.
        public let path: String
    }

    /// Where it is.
    public let path: String

    /// The program `name` of this build.
    ///
    /// - Throws: `Missing` when it was not built.
    public init(_ name: String) throws(Missing) {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        path = URL(filePath: own).deletingLastPathComponent().appending(path: name).path
        guard FileManager.default.isExecutableFile(atPath: path) else { throw Missing(path: path) }
    }

    /// Starts it in `folder`, with nothing of our environment but the path and the home given.
    public func start(_ arguments: [String], in folder: URL, environment: [String: String] = [:]) throws -> Running {
        var all = ["PATH": "/usr/bin:/bin", "HOME": folder.path, "COLUMNS": "80", "LANG": "C.UTF-8"]
        all.merge(environment) { $1 }
        return try Running(path, arguments, folder: folder, environment: all)
    }

    /// Runs a bash script; kills it after `seconds`.
    public static func shell(_ script: String, in folder: URL, seconds: Int = 30) throws -> Outcome {
        let environment = ["PATH": "/usr/bin:/bin", "HOME": folder.path, "COLUMNS": "80", "LANG": "C.UTF-8"]
        return try Running("/bin/bash", ["-c", script], folder: folder, environment: environment).wait(
            seconds: seconds)
    }

    /// Runs it to its end.
    public func run(_ arguments: [String], in folder: URL, environment: [String: String] = [:]) throws -> Outcome {
        try start(arguments, in: folder, environment: environment).wait()
    }
}

/// A folder that is ours and goes when the test does.
public final class Workplace: Sendable {
    /// The folder.
    public let url: URL

    /// Makes it.
    public init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "arb-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        chmod(url.path, 0o700)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// Path of a file in it.
    public func path(_ name: String) -> String { url.appending(path: name).path }

    /// Writes a file, with folders as needed.
    @discardableResult
    public func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws -> String {
        let file = url.appending(path: name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        chmod(file.path, mode)
        return file.path
    }
}
