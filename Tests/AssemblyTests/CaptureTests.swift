import Assembly
import Foundation
import Testing
import Trading

@Suite("Captures")
struct CaptureTests {
    private let path = FileManager.default.temporaryDirectory.appending(path: "arb-capture-\(UUID().uuidString).ndjson")
        .path
    private let start = Stamp(
        monotonic: MonotonicNanos(rawValue: 1_000), utc: UTCNanos(rawValue: 1_795_219_200_000_000_000))

    private func header() -> CaptureHeader {
        CaptureHeader(
            build: "test", started: start, seed: .max, configuration: "account = \"a\\\"b\"\n",
            configurationSHA256: "00",
            pairs: [.init(path: "m.toml", text: "[[pair]]\n\u{202E}")], only: "fed-*", feeRules: Core.feeRules)
    }

    private func stamp(_ offset: Int64) -> Stamp {
        Stamp(monotonic: MonotonicNanos(rawValue: 1_000 + offset), utc: UTCNanos(rawValue: start.utc.rawValue + offset))
    }

    private let texts = [
        "{\"a\":\"b\"}\n", "", "\u{1F600} \u{0000}\u{0007} \\ \" \u{2028}", String(repeating: "x", count: 300_000),
        "PONG",
    ]

    private func write() throws {
        let writer = try CaptureWriter(path: path, header: header())
        let link = LinkID(venue: .polymarket, index: 3)
        writer.opened(link, at: stamp(1))
        for (index, text) in texts.enumerated() {
            Array(text.utf8).withUnsafeBytes { writer.frame(link, $0.bytes, at: stamp(10 + Int64(index))) }
        }
        writer.timer(at: stamp(50))
        let request = RestRequest(
            tag: .max, venue: .kalshi, service: "rest", method: "POST", path: "/a?b=c", body: [1, 2, 255])
        writer.answer(
            RestAnswer(
                request: request, status: 200, contentType: "application/json", body: [0xFF, 0xFE, 0],
                fetchedAt: start.utc),
            at: stamp(60))
        writer.closed(link, reason: "gone \"away\"", at: stamp(70))
        try writer.finish(decisions: 4, sha256: "ab")
    }

    @Test("give back every input as it was, whatever bytes it holds")
    func roundTrip() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try write()
        let reader = try CaptureReader(path: path)
        #expect(reader.header == header())
        var frames: [String] = []
        var kinds: [String] = []
        while let (record, at) = try reader.next() {
            switch record {
            case .opened(let link): kinds.append("open \(link.index)")
            case .closed(_, let reason): kinds.append("close \(reason)")
            case .frame(_, let payload): frames.append(String(decoding: payload, as: UTF8.self))
            case .timer: kinds.append("timer \(at.monotonic.rawValue)")
            case .answer(let answer):
                #expect(
                    answer.body == [0xFF, 0xFE, 0] && answer.request.body == [1, 2, 255] && answer.request.tag == .max)
                kinds.append("rest")
            case .end(let end):
                #expect(end.inputs == 9 && end.decisions == 4 && end.decisionsSHA256 == "ab" && end.overrunAt == nil)
                kinds.append("end")
            }
        }
        #expect(frames == texts)
        #expect(kinds == ["open 3", "timer 1050", "rest", "close gone \"away\"", "end"])
    }

    @Test("a disk that is too slow ends the recording at a known input, and says so twice")
    func overrun() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let writer = try CaptureWriter(path: path, header: header(), backlogMax: 100_000)
        let link = LinkID(venue: .polymarket, index: 3)
        let text = Array(String(repeating: "x", count: 300_000).utf8)
        writer.timer(at: stamp(1))
        writer.flush()
        text.withUnsafeBytes { writer.frame(link, $0.bytes, at: stamp(2)) }
        writer.timer(at: stamp(3))
        let fault = #expect(throws: CaptureFault.self) { try writer.finish(decisions: 0, sha256: "ab") }
        #expect(fault?.code == "E_CAP_OVERRUN")
        let reader = try CaptureReader(path: path)
        var end: CaptureEnd?
        while let (record, _) = try reader.next() { if case .end(let found) = record { end = found } }
        #expect(end?.overrunAt == 2)
    }

    private func fault(_ content: Data) throws -> CaptureFault? {
        try content.write(to: URL(filePath: path))
        do throws(CaptureFault) {
            let reader = try CaptureReader(path: path)
            while try reader.next() != nil {}
            return nil
        } catch { return error }
    }

    @Test("that are truncated, damaged or foreign are refused with the place")
    func refusals() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try write()
        let whole = try Data(contentsOf: URL(filePath: path))
        #expect(try fault(whole) == nil)
        let lines = whole.split(separator: 0x0A, omittingEmptySubsequences: false)
        for cut in [whole.count - 1, whole.count - 20, whole.count - 100] {
            #expect(try fault(whole.prefix(cut))?.code == "E_CAP_TRUNCATED")
        }
        let unclosed = Data(lines.dropLast(2).joined(separator: [0x0A]) + [0x0A])
        #expect(try fault(unclosed)?.code == "E_CAP_TRUNCATED")
        var damaged = lines.map { Data($0) }
        damaged[2] = Data("{\"k\":\"ws\"".utf8)
        let found = try fault(Data(damaged.joined(separator: [0x0A])))
        #expect(
            found?.code == "E_CAP_DAMAGED" && found?.line == 3 && found?.offset == lines[0].count + lines[1].count + 2)
        damaged[2] = Data(#"{"k":"timer","n":1,"w":2}"#.utf8)
        #expect(try fault(Data(damaged.joined(separator: [0x0A])))?.text.contains("backwards") == true)
        damaged[2] = Data(#"{"k":"dance","n":2000,"w":2}"#.utf8)
        #expect(try fault(Data(damaged.joined(separator: [0x0A])))?.code == "E_CAP_DAMAGED")
        for record in [
            #"{"k":"timer","n":9223372036854775807,"w":2}"#, #"{"k":"timer","n":2000,"w":9223372036854775807}"#,
            #"{"k":"timer","n":2000,"w":-1}"#,
        ] {
            damaged[2] = Data(record.utf8)
            #expect(try fault(Data(damaged.joined(separator: [0x0A])))?.text.contains("no clock") == true)
        }
        let first = String(decoding: lines[0], as: UTF8.self)
        damaged[0] = Data(first.replacing(#""n":1000,"#, with: #""n":9223372036854775807,"#).utf8)
        #expect(try fault(Data(damaged.joined(separator: [0x0A])))?.code == "E_CAP_DAMAGED")
        for foreign in ["", "hello\n", "{\"schema\":\"x\"}\n", "\u{7F}ELF"] {
            let code = try fault(Data(foreign.utf8))?.code
            #expect(code == "E_CAP_FOREIGN" || code == "E_CAP_TRUNCATED", "\(foreign): \(code ?? "none")")
        }
        #expect(try fault(Data("{\"schema\":\"arb.capture/99\"}\n".utf8))?.code == "E_CAP_VERSION")
        #expect(throws: CaptureFault.self) { try CaptureReader(path: "/nonexistent") }
        #expect(throws: CaptureFault.self) { try CaptureWriter(path: path, header: header()) }
    }
}
