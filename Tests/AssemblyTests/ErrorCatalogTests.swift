@testable import Assembly
import Foundation
import Testing

@Suite("ErrorCatalog")
struct ErrorCatalogTests {
    @Test("every code is listed once and says what it means and whether the outcome is known")
    func entries() {
        let codes = ErrorCatalog.entries.map(\.code)
        #expect(codes.count > 80)
        #expect(Set(codes).count == codes.count)
        for entry in ErrorCatalog.entries {
            #expect(
                entry.code.hasPrefix("E_") && entry.meaning.count > 5 && !entry.retryable.isEmpty
                    && !entry.outcomeKnown.isEmpty)
        }
    }

    @Test("every code says what a person can do about it, in one line, and what is said names codes that there are")
    func fixes() {
        for code in ErrorCatalog.entries.map(\.code) + ["E_OF_NO_TABLE"] {
            let fix = ErrorCatalog.fix(of: code)
            #expect(fix.count > 10 && fix.count < 200 && !fix.contains("\n"), "\(code): \(fix)")
        }
        #expect(ErrorCatalog.fix(of: "E_STORE_FULL").contains("set aside"))
        #expect(ErrorCatalog.ownFixes.allSatisfy { code in ErrorCatalog.entries.contains { $0.code == code } })
    }

    /// What no input can provoke. A code does not come here because its test is work.
    private static let unprovoked: [String: String] = [
        "E_CLI_INTERNAL": "the last resort for a bug of ours: a test that knew one would mend it",
        "E_EXEC_HEARTBEAT":
            "only a venue whose resting orders did not hear of us tells it, and nothing sends orders that rest",
        "E_CFG_LIMITS": "the loopback venues tell no limits below what one order needs",
        "E_AUTH_SIGN": "a good key and a library without memory: nothing that a test can bring about",
    ]

    @Test("every code is provoked by a test that names it; what nothing provokes is no code")
    func provocations() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        var named: Set<Substring> = []
        let files = try #require(FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil))
        for case let file as URL in files where file.pathExtension == "swift" && file.path != #filePath {
            let text = try String(contentsOf: file, encoding: .utf8)
            for line in text.split(separator: "\n") where !line.drop(while: { $0 == " " }).hasPrefix("//") {
                for match in line.matches(of: /E_[A-Z]+_[A-Z0-9_]+/) { named.insert(line[match.range]) }
            }
        }
        for entry in ErrorCatalog.entries where Self.unprovoked[entry.code] == nil {
            if !named.contains(entry.code[...]) { Issue.record("no test names \(entry.code)") }
        }
        for code in Self.unprovoked.keys { #expect(ErrorCatalog.entries.contains { $0.code == code }) }
    }
}
