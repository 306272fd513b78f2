import Foundation
import Simulators
import Testing
import Threading
import Trading
import Transport

/// Our client against Python's `websockets`; `Scripts/conformance` provides the interpreter.
@Suite(
    "Conformance with Python websockets",
    .enabled(
        if: ProcessInfo.processInfo.environment["ARB_CONFORMANCE_PYTHON"] != nil, "run through Scripts/conformance"))
struct ConformanceTests {
    private final class Peer {
        let process = Process()
        let input = Pipe()
        let output = Pipe()
        let authority: ThrowawayCA
        let folder: String
        var port = 0

        init() throws {
            folder = FileManager.default.temporaryDirectory.appending(path: "arb-peer-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            authority = try ThrowawayCA(folder: folder)
            let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Conformance/peer.py")
                .path
            process.executableURL = URL(
                filePath: try #require(ProcessInfo.processInfo.environment["ARB_CONFORMANCE_PYTHON"]))
            process.arguments = [script, authority.certificate, authority.key]
            process.standardInput = input
            process.standardOutput = output
            try process.run()
            let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
            port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
        }

        func connect() throws -> WebSocketLink {
            try WebSocketLink(
                url: "wss://localhost:\(port)/", context: try TLSContext(loopbackAuthority: authority.authority),
                deadline: NanoClock.monotonic() + .seconds(10), seed: 9)
        }

        func stop() {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
            try? FileManager.default.removeItem(atPath: folder)
        }
    }

    private func message(_ link: WebSocketLink) throws -> String? {
        let until = NanoClock.monotonic() + .seconds(10)
        while NanoClock.monotonic() < until {
            if case .message(let bytes)? = try link.next(now: NanoClock.monotonic()) {
                return String(decoding: bytes, as: UTF8.self)
            }
        }
        return nil
    }

    @Test("echoes, fragments, pings and close codes are understood on both sides")
    func dialogue() throws {
        let peer = try Peer()
        defer { peer.stop() }
        let link = try peer.connect()
        for length in [0, 1, 125, 126, 65_535, 65_536, 400_000] {
            let text = String(repeating: "ß", count: length / 2)
            try link.send(Array(text.utf8))
            #expect(try message(link) == text)
        }
        try link.send(Array("frames:50".utf8))
        #expect(try message(link) == (0..<50).map { "part \($0);" }.joined())
        try link.send(Array("ping".utf8))
        #expect(try message(link) == "pong seen")
        try link.send(Array("close".utf8))
        let fault = #expect(throws: TransportFault.self) { while try message(link) != nil {} }
        #expect(fault?.code == "E_NET_CLOSED")
        #expect(fault?.text.contains("4001") == true)
    }
}
