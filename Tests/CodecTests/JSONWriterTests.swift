import Testing

@testable import Codec

@Suite("JSONWriter")
struct JSONWriterTests {
    @Test("writes nested containers with commas where they belong")
    func structure() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("id", 7)
        writer.member("cmd", "subscribe")
        writer.key("params")
        writer.beginObject()
        writer.key("channels")
        writer.beginArray()
        writer.string("orderbook_delta")
        writer.beginArray()
        writer.endArray()
        writer.beginObject()
        writer.endObject()
        writer.null()
        writer.endArray()
        writer.member("on", true)
        writer.endObject()
        writer.member("px", decimal: 46_000_000)
        writer.key("n")
        writer.decimal(-5_400_000_000)
        writer.key("raw" + "Key")
        writer.raw("[1]")
        writer.endObject()
        #expect(
            writer.string
                == #"{"id":7,"cmd":"subscribe","params":{"channels":["orderbook_delta",[],{},null],"on":true},"px":"0.46","n":-54,"rawKey":[1]}"#
        )
    }

    @Test("writes whole numbers of every width", arguments: [0, 1, -1, 9, 10, .max, .min] as [Int64])
    func integers(_ value: Int64) {
        var writer = JSONWriter()
        writer.integer(value)
        #expect(writer.string == String(value))
        writer.reset()
        writer.integer(UInt64(bitPattern: value))
        #expect(writer.string == String(UInt64(bitPattern: value)))
        writer.reset()
        writer.integer(Int8(truncatingIfNeeded: value))
        #expect(writer.string == String(Int8(truncatingIfNeeded: value)))
    }

    @Test("one line a record, and the memory is kept between records")
    func records() {
        var writer = JSONWriter(reserved: 64)
        for number in 1...3 {
            writer.beginObject()
            writer.member("n", number)
            writer.endObject()
            writer.newline()
        }
        #expect(writer.string == "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n")
        let capacity = writer.bytes.capacity
        writer.reset()
        #expect(writer.bytes.isEmpty && writer.bytes.capacity == capacity)
        writer.null()
        #expect(writer.string == "null")
    }

    @Test(
        "hostile text stays on its line and acts on no terminal",
        arguments: [
            ("plain é € 😀", "plain é € 😀"), ("a\"b\\c", #"a\"b\\c"#), ("a\nb\r\tc", #"a\nb\r\tc"#),
            ("\0\u{1}\u{1B}[31m\u{7F}", #"\u0000\u0001\u001b[31m\u007f"#),
            ("\u{85}\u{9B}", #"\u0085\u009b"#), ("\u{202E}abc\u{2066}\u{200F}", #"\u202eabc\u2066\u200f"#),
            ("\u{2028}\u{2029}\u{FEFF}\u{200B}", #"\u2028\u2029\ufeff\u200b"#), ("\u{E0041}", #"\udb40\udc41"#),
            ("", ""),
        ])
    func hostile(_ text: String, _ escaped: String) throws {
        var writer = JSONWriter()
        writer.string(text)
        #expect(writer.string == "\"\(escaped)\"")
        let reader = JSONReader()
        #expect(try reader.read(writer.bytes).text?.string == text)
    }

    @Test(
        "bytes that are not UTF-8 become U+FFFD, one for one",
        arguments: [
            ([0xFF], #"\ufffd"#), ([0x61, 0xED, 0xA0, 0x80, 0x62], #"a\ufffd\ufffd\ufffdb"#), ([0xC3], #"\ufffd"#),
            ([0xC0, 0x80], #"\ufffd\ufffd"#), ([0xC3, 0xA9], "é"),
        ] as [([UInt8], String)])
    func invalid(_ bytes: [UInt8], _ escaped: String) {
        var writer = JSONWriter()
        bytes.withUnsafeBytes { writer.string($0) }
        #expect(writer.string == "\"\(escaped)\"")
    }

    @Test(
        "long text is escaped in pieces without a seam",
        arguments: ["é", "€", "\u{1F600}", "\u{E0041}", "\u{1B}", "a"])
    func long(_ scalar: String) throws {
        let reader = JSONReader()
        var writer = JSONWriter(reserved: 16)
        for start in 4090..<4100 {
            let text = String(repeating: "x", count: start) + "\"" + String(repeating: scalar, count: 9000)
            writer.reset()
            writer.string(text)
            #expect(try reader.read(writer.bytes).text?.equals(text) == true)
        }
    }

    @Test("every scalar of the first plane survives writing and reading")
    func allScalars() throws {
        let reader = JSONReader()
        var writer = JSONWriter()
        for start in stride(from: UInt32(0), to: 0x10000, by: 256) {
            let text = String(String.UnicodeScalarView((start..<(start + 256)).compactMap(Unicode.Scalar.init)))
            writer.reset()
            writer.string(text)
            #expect(writer.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
            let read = try reader.read(writer.bytes).text
            #expect(read.map { Array($0.bytes) } == Array(text.utf8), "from \(start)")
        }
    }
}
