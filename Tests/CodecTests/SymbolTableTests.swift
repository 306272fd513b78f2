import Testing

@testable import Codec

@Suite("SymbolTable")
struct SymbolTableTests {
    private func lookup(_ table: SymbolTable, _ name: String) -> Int32? {
        Array(name.utf8).withUnsafeBytes { table.lookup($0) }
    }

    @Test("a full table, a name without or of too many bytes, and a name with another number are refused")
    func refusals() throws {
        let table = SymbolTable(countMax: 1)
        try table.insert("A", 1)
        func code(_ name: String, _ value: Int32) -> String? {
            do throws(SymbolFault) {
                try table.insert(name, value)
                return nil
            } catch { return error.code }
        }
        #expect(code("B", 2) == "E_WIRE_SYMBOL_FULL" && code("A", 2) == "E_WIRE_SYMBOL_TAKEN" && code("A", 1) == nil)
        for name in ["", String(repeating: "x", count: SymbolTable.lengthMax + 1)] {
            #expect(code(name, 3) == "E_WIRE_SYMBOL_LENGTH")
        }
    }

    @Test("finds what was entered and nothing else, through all growth", arguments: [1, 10, 1000, 20_000])
    func growth(_ count: Int) throws {
        let table = SymbolTable(countMax: count, reserved: 4)
        for index in 0..<count { try table.insert("KXNBAGAME-26NOV\(index)LALBOS-LAL", Int32(index)) }
        #expect(table.count == count)
        for index in 0..<count {
            #expect(lookup(table, "KXNBAGAME-26NOV\(index)LALBOS-LAL") == Int32(index))
            #expect(lookup(table, "KXNBAGAME-26NOV\(index)LALBOS-LA") == nil)
            #expect(lookup(table, "KXNBAGAME-26NOV\(index)LALBOS-LAL ") == nil)
        }
        #expect(lookup(table, "") == nil)
        #expect(table.lookup(UnsafeRawBufferPointer(start: nil, count: 0)) == nil)
        #expect(table.lookup("KXNBAGAME-26NOV0LALBOS-LAL") == 0)
    }

    @Test("names of every length hash and compare by all their bytes")
    func lengths() throws {
        let table = SymbolTable(countMax: 600)
        for length in 1...SymbolTable.lengthMax {
            try table.insert(String(repeating: "a", count: length), Int32(length))
        }
        for length in 1...SymbolTable.lengthMax {
            var name = [UInt8](repeating: UInt8(ascii: "a"), count: length)
            #expect(name.withUnsafeBytes { table.lookup($0) } == Int32(length))
            for at in Set([0, length / 3, length / 2, length - 1]) {
                name[at] = UInt8(ascii: "b")
                #expect(name.withUnsafeBytes { table.lookup($0) } == nil)
                name[at] = UInt8(ascii: "a")
            }
        }
    }

    @Test("a text of the reader is found without a string")
    func fromReader() throws {
        let table = SymbolTable(countMax: 4)
        try table.insert("71321045679252212594626385532706912750332728571942532289631379312455583992563", 3)
        let reader = JSONReader()
        let root = try reader.read(
            #"["71321045679252212594626385532706912750332728571942532289631379312455583992563","7132"]"#)
        #expect(root.elements.compactMap(\.text).map { table.lookup($0) } == [3, nil])
    }

    @Test("refuses more names than its bound, a second number, and names of bad length")
    func faults() throws {
        let table = SymbolTable(countMax: 2)
        try table.insert("a", 1)
        try table.insert("a", 1)
        #expect(throws: SymbolFault.taken) { try table.insert("a", 2) }
        #expect(throws: SymbolFault.length) { try table.insert("", 2) }
        #expect(throws: SymbolFault.length) { try table.insert(String(repeating: "x", count: 513), 2) }
        try table.insert("b", 2)
        #expect(throws: SymbolFault.full) { try table.insert("c", 3) }
        #expect(table.count == 2)
        #expect(Set(SymbolFault.allCases.map(\.code)).count == 3)
    }

    @Test("the hash spreads names that differ in one digit over a table half full")
    func spread() {
        let slots = 1 << 15
        var taken = [Int](repeating: 0, count: slots)
        for index in 0..<(slots / 2) {
            let hash = Array("KXHIGHNY-26NOV20-T\(index)".utf8).withUnsafeBytes { ByteHash.hash($0) }
            taken[Int(hash % UInt64(slots))] += 1
        }
        // Random placement leaves 39 % of these names sharing a slot; a poor hash piles them up.
        #expect((taken.max() ?? 0) <= 8)
        #expect(taken.count { $0 > 0 } > slots * 35 / 100)
    }

    @Test("the hash is the same in every process")
    func stable() {
        #expect(Array("KXNBAGAME".utf8).withUnsafeBytes { ByteHash.hash($0) } == 4_750_114_957_051_676_639)
    }
}
