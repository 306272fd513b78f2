import Foundation
import TestKit
import Testing
import Threading
import Trading

@Suite("The arb-sim program")
struct SimProgramTests {
    private let place: Workplace
    private let sim: Program

    init() throws {
        place = try Workplace()
        sim = try Program("arb-sim")
    }

    @Test(
        "a wrong command line is usage (64), on standard error, in the words of this program",
        arguments: [
            (["soack"], "'soak'"), (["nothing-like-it"], "see 'arb-sim --help'"), (["soak", "--fro", "1s"], "'--for'"),
            (["soak", "x"], "'arb-sim soak' takes nothing more"),
            (["scenes", "--sed", "1"], "'arb-sim scenes' has no"),
            (["soak", "--settle", "0s"], "--settle is from 100ms to 1h"),
            (["soak", "--every", "0ms"], "--every is from 100ms to 1h"),
            (["soak", "--for", "0s"], "--for is from 1s to 7d"),
            (["soak", "--for", "24h", "--settle", "1s"], "10000 is the most"), (["soak", "--fires", "2"], "write 1/s"),
            (["demo", "--for", "0s"], "--for"), (["venues"], "--out"),
        ] as [([String], String)])
    func usage(words: [String], says: String) throws {
        let outcome = try sim.run(words, in: place.url)
        #expect(outcome.status == 64 && !outcome.isSignalled)
        #expect(outcome.out.isEmpty && outcome.err.hasPrefix("arb-sim: "), "\(outcome.out)")
        #expect(outcome.err.contains(says) && !outcome.err.contains("'arb "), "\(outcome.err)")
    }

    @Test("help and version are there by every name that people try", arguments: ["--help", "-h", "help"])
    func help(word: String) throws {
        let outcome = try sim.run([word], in: place.url)
        #expect(outcome.status == 0 && outcome.out.contains("usage: arb-sim COMMAND") && outcome.err.isEmpty)
        #expect(outcome.out.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test("a command has help too, and the program says which build it is")
    func version() throws {
        for words in [["soak", "--help"], ["soak", "-h"]] {
            let outcome = try sim.run(words, in: place.url)
            #expect(outcome.status == 0 && outcome.out.contains("usage: arb-sim soak [OPTIONS]"))
        }
        let outcome = try sim.run(["--version"], in: place.url)
        #expect(outcome.status == 0 && outcome.out.hasPrefix("arb-sim ") && outcome.out.contains("(build "))
        #expect(outcome.out.split(separator: "\n").count == 1)
        #expect(try sim.run([], in: place.url).status == 64)
    }

    @Test(
        "Remains: an interrupted soak ends the run that it started and removes its folder",
        arguments: [SIGTERM, SIGINT])
    func interrupted(number: Int32) throws {
        let soak = try sim.start(["soak", "--for", "60s", "--pairs", "100", "--rate", "100"], in: place.url)
        // The run is a child of this one; its configuration is in the folder.
        let end = NanoClock.monotonic() + .seconds(20)
        var found: (process: pid_t, folder: String)?
        while found == nil, soak.isRunning, NanoClock.monotonic() < end {
            found = Self.run(of: soak.identifier)
            usleep(5_000)
        }
        let run = try #require(found)
        soak.signal(number)
        let outcome = soak.wait()
        #expect(outcome.status == 128 + number, "\(outcome.err)")
        // Killed it is, and the system takes it down: a process that is no more, or waits to be collected, has no words.
        let dead = NanoClock.monotonic() + .seconds(10)
        while !Self.words(of: run.process).isEmpty, NanoClock.monotonic() < dead { usleep(5_000) }
        #expect(Self.words(of: run.process).isEmpty)
        #expect(!FileManager.default.fileExists(atPath: run.folder))
    }

    private static func words(of process: pid_t) -> [Substring] {
        let line = try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8)
        return line?.split(separator: "\0") ?? []
    }

    private static func run(of parent: pid_t) -> (process: pid_t, folder: String)? {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(parent)/task")) ?? []
        let children = tasks.flatMap { task in
            let list = try? String(contentsOfFile: "/proc/\(parent)/task/\(task)/children", encoding: .utf8)
            return (list ?? "").split(separator: " ").compactMap { pid_t($0) }
        }
        for child in children {
            let words = words(of: child)
            guard let place = words.firstIndex(of: "--config"), place + 1 < words.count else { continue }
            return (child, words[place + 1].split(separator: "/").prefix(2).reduce("") { $0 + "/" + $1 })
        }
        return nil
    }
}
