import Foundation
import Testing

/// What must not build: the compiler itself says so, with the very words that are expected here.
@Suite("Approval: forged, copied or used twice does not compile")
struct ApprovalCompileTests {
    /// True when the compiler's findings on `source` are exactly those that its comments expect.
    private func isAsExpected(_ source: String) throws -> Bool {
        #if DEBUG
            let configuration = "debug"
        #else
            let configuration = "release"
        #endif
        let build = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../.build/\(configuration)")
        let modules = build.appending(path: "Modules")
        // Trading is built on this C module.
        let memory = build.appending(path: "CMemory.build/module.modulemap")
        let file = FileManager.default.temporaryDirectory.appending(path: "approval-\(UUID().uuidString).swift")
        try source.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let compiler = Process()
        compiler.executableURL = URL(filePath: "/usr/bin/env")
        compiler.arguments = [
            "swiftc", "-frontend", "-emit-sil", "-verify", "-verify-ignore-unrelated", "-swift-version", "6", "-I",
            modules.path, "-Xcc", "-fmodule-map-file=\(memory.path)", file.path, "-o", "/dev/null",
        ]
        compiler.standardOutput = FileHandle.nullDevice
        compiler.standardError = FileHandle.nullDevice
        try compiler.run()
        compiler.waitUntilExit()
        return compiler.terminationStatus == 0
    }

    private let head = "import Risk\nimport Trading\n"

    @Test("used once it builds, and an error that does not come is missed")
    func once() throws {
        let good = """
            func once(_ gate: inout RiskGate, _ approval: consuming Approval) -> ReservationID { gate.fired(approval) }
            """
        #expect(try isAsExpected(head + good))
        #expect(try !isAsExpected(head + good + "  // expected-error {{anything}}"))
    }

    @Test("used twice, whichever way it ends")
    func twice() throws {
        #expect(
            try isAsExpected(
                head + """
                    func fire(_ gate: inout RiskGate, _ request: EntryRequest, _ now: Stamp) throws {
                        let approval = try gate.approve(request, at: now)  // expected-error {{'approval' consumed more than once}}
                        _ = gate.fired(approval)  // expected-note {{consumed here}}
                        _ = gate.fired(approval)  // expected-note {{consumed again here}}
                    }
                    func undo(_ gate: inout RiskGate, _ request: EntryRequest, _ now: Stamp) throws {
                        let approval = try gate.approve(request, at: now)  // expected-error {{'approval' consumed more than once}}
                        gate.undo(approval)  // expected-note {{consumed here}}
                        _ = gate.fired(approval)  // expected-note {{consumed again here}}
                    }
                    """))
    }

    @Test("copied")
    func copied() throws {
        #expect(
            try isAsExpected(
                head + """
                    func copy(_ approval: borrowing Approval) -> Approval {  // expected-error {{'approval' is borrowed and cannot be consumed}}
                        return approval  // expected-note {{consumed here}}
                    }
                    """))
    }

    @Test("made by anybody but the gate, and so its reservation")
    func forged() throws {
        #expect(
            try isAsExpected(
                head + """
                    func forge(_ request: EntryRequest, _ id: ReservationID) -> Approval {
                        Approval(request, isProbe: false, reservation: id, gate: 0)  // expected-error {{'Approval' initializer is inaccessible due to 'internal' protection level}}
                    }
                    func name() -> ReservationID {
                        ReservationID(index: 0, generation: 1)  // expected-error {{'ReservationID' initializer is inaccessible due to 'internal' protection level}}
                    }
                    """))
    }
}
