import TestKit
import Testing

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
}
