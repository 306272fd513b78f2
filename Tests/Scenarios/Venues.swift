import Foundation
import Glibc
import TestKit
import Testing

/// Both loopback venues as a process of their own, over TLS, with everything that `arb` needs to reach them.
final class Venues {
    let place: Workplace
    let arb: Program
    private let process: Program.Running

    init(seed: Int, pairs: Int = 6) throws {
        place = try Workplace()
        arb = try Program("arb")
        process = try Program("arb-sim").start(
            ["venues", "--out", "v", "--seed", String(seed), "--pairs", String(pairs), "--for", "60s"], in: place.url)
        try #require(process.waitForOutput { $0.contains("arb.sim-ready/1") }, "the venues did not start")
    }

    deinit {
        process.signal(SIGTERM)
        _ = process.wait()
    }

    /// Ends the venues and gives what they planted.
    func truth() throws -> String {
        process.signal(SIGTERM)
        _ = process.wait()
        return try String(contentsOfFile: place.path("v/truth.ndjson"), encoding: .utf8)
    }

    func start(_ arguments: String...) throws -> Program.Running {
        try arb.start(arguments + ["--config", "v/arb.toml"], in: place.url)
    }

    func run(_ arguments: String...) throws -> Program.Outcome {
        try arb.run(arguments + ["--config", "v/arb.toml"], in: place.url)
    }

    func replay(_ arguments: String...) throws -> Program.Outcome {
        try arb.run(["replay"] + arguments, in: place.url)
    }
}

/// What JSON lines hold.
func objects(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any], "\($0)")
    }
}
