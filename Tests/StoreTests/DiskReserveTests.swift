import Foundation
import TestKit
import Testing
import Trading

@testable import Store

@Suite("DiskReserve")
struct DiskReserveTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    @Test("takes real room, is found again, and gives it back once")
    func room() throws {
        let path = place.path("reserve")
        let reserve = try DiskReserve(path: path, bytes: 1 << 20)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_blocks * 512 >= 1 << 20)
        _ = try DiskReserve(path: path, bytes: 1 << 20)
        #expect(reserve.release() && reserve.isReleased && !reserve.release())
        #expect(stat(path, &status) != 0)
    }

    @Test(
        "P15: on a full disk the ledger says so with its code, and goes on with the closes once the room is given back")
    func full() throws {
        let mount = place.path("small")
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
        let mounted = try Program.shell("mount -t tmpfs -o size=4m none '\(mount)'", in: place.url)
        guard mounted.status == 0 else {
            print("skipped: a small tmpfs cannot be mounted here (\(mounted.err.prefix(80)))")
            return
        }
        defer { _ = try? Program.shell("umount '\(mount)'", in: place.url) }
        let reserve = try DiskReserve(path: mount + "/reserve", bytes: 2 << 20)
        let small = #expect(throws: StoreFault.self) { try DiskReserve(path: mount + "/more", bytes: 8 << 20) }
        #expect(small?.kind == .preallocate && !FileManager.default.fileExists(atPath: mount + "/more"))
        let ledger = try Ledger(path: mount + "/ledger.db")
        _ = try Program.shell("cat /dev/zero > '\(mount)/filler'", in: place.url)
        var number: UInt64 = 0
        var fault: StoreFault?
        while fault == nil, number < 10_000 {
            number += 1
            do throws(StoreFault) { try ledger.keep(SomeIntents.one(number)) } catch { fault = error }
        }
        #expect(fault?.kind == .full && fault?.code == "E_STORE_FULL")
        #expect(reserve.release())
        for close in 1...50 as ClosedRange<UInt64> {
            try ledger.keep(SomeIntents.one(20_000 + close, purpose: .close))
        }
        #expect(try ledger.orders(.init(limit: 100_000)).count == Int(number) - 1 + 50)
    }

    @Test("P15: a ledger that is opened on a full disk is refused as one, whichever of its files finds no room")
    func opening() throws {
        let mount = place.path("full")
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
        let mounted = try Program.shell("mount -t tmpfs -o size=1m none '\(mount)'", in: place.url)
        guard mounted.status == 0 else {
            print("skipped: a small tmpfs cannot be mounted here (\(mounted.err.prefix(80)))")
            return
        }
        defer { _ = try? Program.shell("umount -l '\(mount)'", in: place.url) }
        try persist { _ = try Ledger(path: mount + "/ledger.db") }
        for free in [0, 4, 8, 16] {
            _ = try Program.shell("cat /dev/zero > filler; truncate -s -\(free)K filler", in: URL(filePath: mount))
            let fault = #expect(throws: StoreFault.self) {
                let ledger = try Ledger(path: mount + "/ledger.db")
                for number in 1...10_000 as ClosedRange<UInt64> { try ledger.keep(SomeIntents.one(number)) }
            }
            #expect(
                fault?.kind == .full && fault?.text.contains("KiB are free") == true,
                "\(free): \(String(describing: fault))")
            try FileManager.default.removeItem(atPath: mount + "/filler")
        }
    }
}
