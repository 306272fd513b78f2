import Foundation
import TestKit
import Testing
import Trading

@testable import Control

@Suite("HaltLatch")
struct HaltLatchTests {
    private let place: Workplace
    private let latch: HaltLatch

    init() throws {
        place = try Workplace()
        try FileManager.default.createDirectory(atPath: place.path("shm"), withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: place.path("state/main"), withIntermediateDirectories: true)
        latch = HaltLatch(root: place.path("state"), account: "main", memory: place.path("shm"))
    }

    private let notice = HaltNotice(
        who: "op", host: Identity.host, at: UTCNanos(rawValue: 1_000_000_000), reason: "looks \"wrong\"\n\u{1B}[31m",
        account: "main", cancelsAll: true)

    @Test("is set in both places, read back, and gone after clear")
    func both() throws {
        #expect(!latch.isSet && latch.read() == .none && latch.read().code == nil)
        #expect(latch.set(notice).allSatisfy { $0.refusal == nil })
        #expect(latch.isSet)
        #expect(latch.read() == .halted(notice, file: latch.files[0], remark: ""))
        #expect(latch.read().code == "E_CTL_HALTED")
        for file in latch.files {
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
        // Nothing of a hostile reason reaches a terminal.
        #expect(!latch.read().text.utf8.contains(0x1B) && !latch.read().text.contains("\n"))
        try latch.clear()
        #expect(!latch.isSet && latch.read() == .none)
        try latch.clear()
    }

    @Test("either place alone is a halt", arguments: [0, 1])
    func either(index: Int) throws {
        #expect(latch.set(notice, file: latch.files[index]) == nil)
        #expect(latch.isSet && latch.read().isHalted)
    }

    @Test("a bare signal never writes over the notice that came first, and leaves nothing beside it")
    func keepsOlder() throws {
        let bare = HaltNotice(
            who: "op", host: Identity.host, at: UTCNanos(rawValue: 2_000_000_000), reason: "by signal", account: "main")
        #expect(latch.set(notice, file: latch.files[0]) == nil)
        #expect(latch.set(bare, keepsOlder: true).allSatisfy { $0.refusal == nil })
        #expect(latch.read() == .halted(notice, file: latch.files[0], remark: ""))
        try FileManager.default.removeItem(atPath: latch.files[0])
        #expect(latch.read() == .halted(bare, file: latch.files[1], remark: ""), "where nothing was, it stands")
        #expect(latch.set(notice).allSatisfy { $0.refusal == nil })
        for file in latch.files { #expect(try String(contentsOfFile: file, encoding: .utf8) == notice.json + "\n") }
        for folder in ["state/main", "shm"] {
            #expect(try FileManager.default.contentsOfDirectory(atPath: place.path(folder)).count == 1)
        }
    }

    @Test("works without a state folder, and says which place it could not use")
    func withoutFolder() throws {
        try FileManager.default.removeItem(atPath: place.path("state"))
        let results = latch.set(notice)
        #expect(results[0].refusal != nil && results[1].refusal == nil)
        #expect(latch.read() == .halted(notice, file: latch.files[1], remark: ""))
    }

    @Test(
        "fails closed: an empty, damaged or strange file is a halt with its reason",
        arguments: ["", "{}", "hello", "link"])
    func damaged(content: String) throws {
        if content == "link" {
            try FileManager.default.createSymbolicLink(atPath: latch.files[0], withDestinationPath: "/nowhere")
        } else {
            try place.write("state/main/halt", content)
        }
        guard case .halted(nil, _, let remark) = latch.read() else {
            Issue.record("not halted")
            return
        }
        #expect(latch.isSet || content == "link")
        #expect(!remark.isEmpty && latch.read().text.contains(remark))
    }

    @Test("a halt of another machine is told apart and explained")
    func elsewhere() throws {
        var other = notice
        other.host = "another-machine"
        _ = latch.set(notice, file: latch.files[1])
        _ = latch.set(other, file: latch.files[0])
        #expect(latch.read() == .elsewhere(other, file: latch.files[0]))
        #expect(latch.read().code == "E_CTL_HALT_ELSEWHERE")
        #expect(latch.read().text.contains("another-machine") && latch.read().text.contains("arb resume"))
    }

    @Test("a full disk still takes a latch")
    func fullDisk() throws {
        let mounted = try Program.shell(
            "mount -t tmpfs -o size=64k,nr_inodes=64 none '\(place.path("state"))'", in: place.url)
        guard mounted.status == 0 else {
            print("skipped: a small tmpfs cannot be mounted here (\(mounted.err.prefix(80)))")
            return
        }
        defer { _ = try? Program.shell("umount '\(place.path("state"))'", in: place.url) }
        try FileManager.default.createDirectory(atPath: place.path("state/main"), withIntermediateDirectories: true)
        _ = try Program.shell("cat /dev/zero > '\(place.path("state"))/filler'", in: place.url)
        #expect(latch.set(notice, file: latch.files[0]) == nil)
        #expect(latch.isSet && latch.read().isHalted)
    }

    @Test("two accounts, and one name in two folders, have latches of their own")
    func separate() {
        let other = HaltLatch(root: place.path("state"), account: "other", memory: place.path("shm"))
        let elsewhere = HaltLatch(root: place.path("state2"), account: "main", memory: place.path("shm"))
        latch.set(notice)
        #expect(!other.isSet && !elsewhere.isSet)
    }
}
