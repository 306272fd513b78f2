import Foundation
import TestKit
import Testing

/// `Scripts/sbom`: what was built loads just these files.
@Suite("The bill of materials")
struct SbomTests {
    private let place: Workplace
    private let script: String

    init() throws {
        place = try Workplace()
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        script = "'\(root.appending(path: "Scripts/sbom").path)'"
    }

    private func run(_ words: String) throws -> Program.Outcome {
        try Program.shell("\(script) \(words)", in: place.url)
    }

    @Test("S21: each library has its version and hash; one that differs is named, with both")
    func compare() throws {
        let arb = "'\(try Program("arb").path)'"
        let made = try run(arb)
        #expect(made.status == 0, "\(made.err)")
        let bill = try #require(JSONSerialization.jsonObject(with: Data(made.out.utf8)) as? [String: Any])
        #expect(bill["bomFormat"] as? String == "CycloneDX")
        let parts = try #require(bill["components"] as? [[String: Any]])
        for name in ["libcrypto.so.3", "libssl.so.3", "libsqlite3.so.0", "libsecp256k1.so.1", "libcurl.so.4"] {
            let part = try #require(parts.first { $0["bom-ref"] as? String == name }, "\(name)")
            let hash = (part["hashes"] as? [[String: String]])?.first?["content"]
            #expect(hash?.count == 64 && (part["version"] as? String)?.isEmpty == false)
        }
        try place.write("same.json", made.out)
        #expect(try run("--compare '\(place.path("same.json"))' \(arb)").status == 0)
        let hash = try #require(
            (parts.first { $0["bom-ref"] as? String == "libcrypto.so.3" }?["hashes"] as? [[String: String]])?
                .first?["content"])
        try place.write("other.json", made.out.replacing(hash, with: String(repeating: "0", count: 64)))
        let other = try run("--compare '\(place.path("other.json"))' \(arb)")
        #expect(other.status == 1 && other.err.contains("< libcrypto.so.3: "), "\(other.err)")
        #expect(other.err.contains("(000000000000)") && other.err.contains("(\(hash.prefix(12)))"))
    }

    @Test("a program that is not there, and a file that is no bill, are said")
    func bad() throws {
        let missing = try run("/nowhere/arb")
        #expect(missing.status == 2 && missing.err.contains("/nowhere/arb is not there"))
        try place.write("none.json", "{}")
        let none = try run("--compare '\(place.path("none.json"))' '\(try Program("arb").path)'")
        #expect(none.status == 2 && none.err.contains("is none of ours"))
    }
}
