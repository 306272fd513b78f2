import Testing
import Trading

@Suite("Names of orders")
struct OrderIDTests {
    private static let letters = "0x00ff" + String(repeating: "19af", count: 14) + "0e1d"

    @Test(
        "come back letter by letter, whatever they are",
        arguments: [
            letters, letters.uppercased(), "0X" + letters.dropFirst(2), letters + "0", String(letters.dropLast()),
            String(letters.dropLast()) + "g", String(letters.dropLast(2)) + "é", "paper-1", "",
            "9b0f6b43-5b68-4f9f-9f02-9a2d1b8ac1a1", "0x" + String(repeating: "0", count: 64),
        ])
    func text(text: String) {
        let id = OrderID(text)
        #expect(id.text == text && id.description == text && id.length == text.utf8.count)
        var bytes: [UInt8] = []
        id.forEachByte { bytes.append($0) }
        #expect(bytes == Array(text.utf8))
    }

    @Test("one made of a hash is the one made of its letters, and no other")
    func hash() {
        let words: (UInt64, UInt64, UInt64, UInt64) = (1, UInt64(2).bigEndian, .max, 0x0123_4567_89AB_CDEF)
        let id = OrderID(hash: words)
        #expect(id.text == "0x0100000000000000" + "0000000000000002" + "ffffffffffffffff" + "efcdab8967452301")
        #expect(id == OrderID(id.text) && id.hashValue == OrderID(id.text).hashValue)
        #expect(id != OrderID(hash: (1, words.1, .max, 0)) && id != OrderID(id.text.uppercased()))
    }

    @Test("names for practice are no order's: neither those that count up from one, nor anybody's UUID but by a hair")
    func rehearsals() throws {
        for place in [0, 1, 255] {
            let name = ClOrdID(rehearsing: place, prefix: 9, run: 3)
            #expect(name.isRehearsal && name.prefix == 9 && ClOrdID("\(name)") == name)
        }
        #expect(ClOrdID(rehearsing: 1, prefix: 9, run: 3) != ClOrdID(rehearsing: 0, prefix: 9, run: 3))
        // A run of the year 2106 that sends for a century.
        for sequence in [0, 1, 255, 256, (1 << 32) << 24 + 1 << 24, (1 << 61) - 1, (1 << 61) + 256, 1 << 60] as [UInt64]
        {
            #expect(!ClOrdID(prefix: 9, run: 3, sequence: sequence).isRehearsal, "\(sequence)")
        }
        #expect(try !#require(ClOrdID("9b0f6b43-5b68-4f9f-9f02-9a2d1b8ac1a1")).isRehearsal)
    }
}
