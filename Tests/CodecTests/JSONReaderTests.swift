import Testing

@testable import Codec

@Suite("JSONReader")
struct JSONReaderTests {
    private func fault(_ text: String, _ limits: JSONLimits = .webSocket) -> JSONFault? {
        fault(Array(text.utf8), limits)
    }

    private func fault(_ bytes: [UInt8], _ limits: JSONLimits = .webSocket) -> JSONFault? {
        let reader = JSONReader(limits: limits)
        do throws(JSONFault) {
            _ = try reader.read(bytes)
            return nil
        } catch { return error }
    }

    @Test(
        "accepts what JSON allows, with any whitespace around",
        arguments: [
            "null", "true", "false", "0", "-0", "12", "-1.5", "1e5", "1E+5", "2.5e-7", "\"\"", "\"a\"", "[]", "{}",
            " \t\r\n[ ] \n", "[1 , 2\t]", "{ \"a\" : 1 }", "{\"a\":{},\"b\":[]}", "[[],{}]", "\"\\u0000\"",
            "\"\u{7f}\"",
            "{\"\":0}", "[\"a\" , \"b\" ]", "\"\u{1F600}\"", "{\"a\":1}\n", "[1e400]",
        ])
    func accepted(_ text: String) {
        #expect(fault(text) == nil)
    }

    @Test(
        "refuses what JSON does not allow, and says where",
        arguments: [
            ("", "E_WIRE_JSON_TRUNCATED", 0), (" \n", "E_WIRE_JSON_TRUNCATED", 2), ("{", "E_WIRE_JSON_TRUNCATED", 1),
            ("[1,", "E_WIRE_JSON_TRUNCATED", 3), ("[1", "E_WIRE_JSON_TRUNCATED", 2),
            ("{\"a\"", "E_WIRE_JSON_TRUNCATED", 4),
            ("{\"a\":", "E_WIRE_JSON_TRUNCATED", 5), ("{\"a\":1", "E_WIRE_JSON_TRUNCATED", 6),
            ("\"abc", "E_WIRE_JSON_TRUNCATED", 4), ("\"abc\\\"", "E_WIRE_JSON_TRUNCATED", 6),
            ("[\"a", "E_WIRE_JSON_TRUNCATED", 3),
            ("]", "E_WIRE_JSON_SYNTAX", 0), ("{]", "E_WIRE_JSON_SYNTAX", 1), ("[}", "E_WIRE_JSON_SYNTAX", 1),
            ("[1,]", "E_WIRE_JSON_SYNTAX", 3), ("[,1]", "E_WIRE_JSON_SYNTAX", 1), ("[1 2]", "E_WIRE_JSON_SYNTAX", 3),
            ("{\"a\" 1}", "E_WIRE_JSON_SYNTAX", 5), ("{\"a\":1,}", "E_WIRE_JSON_SYNTAX", 7),
            ("{a:1}", "E_WIRE_JSON_SYNTAX", 1), ("{1:1}", "E_WIRE_JSON_SYNTAX", 1),
            ("{'a':1}", "E_WIRE_JSON_SYNTAX", 1),
            ("[\"a\"\"b\"]", "E_WIRE_JSON_SYNTAX", 4), ("[\"a\"x]", "E_WIRE_JSON_SYNTAX", 4),
            ("tru", "E_WIRE_JSON_SYNTAX", 0), ("truex", "E_WIRE_JSON_SYNTAX", 0), ("nul", "E_WIRE_JSON_SYNTAX", 0),
            ("TRUE", "E_WIRE_JSON_SYNTAX", 0), ("[true\"a\"]", "E_WIRE_JSON_SYNTAX", 1),
            ("undefined", "E_WIRE_JSON_SYNTAX", 0),
            ("{\"a\":1]", "E_WIRE_JSON_SYNTAX", 6), ("[1}", "E_WIRE_JSON_SYNTAX", 2),
            ("/*c*/1", "E_WIRE_JSON_SYNTAX", 0),
            ("\u{0B}1", "E_WIRE_JSON_SYNTAX", 0), ("\u{FEFF}{}", "E_WIRE_JSON_SYNTAX", 0),
            ("\0", "E_WIRE_JSON_SYNTAX", 0),
            ("[1]\0", "E_WIRE_JSON_TRAILING", 3), ("{} {}", "E_WIRE_JSON_TRAILING", 3),
            ("1,", "E_WIRE_JSON_TRAILING", 1),
            ("[]]", "E_WIRE_JSON_TRAILING", 2), ("\"a\" b", "E_WIRE_JSON_TRAILING", 4),
        ])
    func refused(_ text: String, _ code: String, _ offset: Int) {
        let fault = fault(text)
        #expect(fault?.code == code)
        #expect(fault?.offset == offset)
    }

    @Test(
        "refuses numbers in forms that JSON does not have",
        arguments: [
            "NaN", "Infinity", "-Infinity", "-NaN", "+1", ".5", "-.5", "1.", "01", "-01", "00", "0x10", "1e", "1e+",
            "1.e5", "--1",
            "-", "1-", "1a", "1_000", "1,5.", "0.5.5", "١", "1;", "1<2", "12345678?", "1=", "1.5>", "1e5;", "1/",
        ])
    func badNumbers(_ text: String) {
        let code = fault("[\(text)]")?.code
        #expect(code == (text == "١" ? "E_WIRE_JSON_SYNTAX" : "E_WIRE_JSON_NUMBER"))
    }

    @Test("keeps a number's exact text, however large or small")
    func exactNumbers() throws {
        let reader = JSONReader()
        let root = try reader.read("[1e400, -0, 0.10, 12345678901234567890123456789, 9007199254740993]")
        #expect(
            root.elements.map { $0.numberText?.string } == [
                "1e400", "-0", "0.10", "12345678901234567890123456789", "9007199254740993",
            ])
        #expect(root.elements.map(\.int64) == [nil, nil, nil, nil, 9_007_199_254_740_993])
    }

    @Test(
        "refuses text that is not UTF-8",
        arguments: [
            [0xFF], [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80],
            [0xC3], [0xE2, 0x82], [0x80], [0xF0, 0x80, 0x80, 0x80],
        ] as [[UInt8]])
    func badUTF8(_ bytes: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        let fault = fault([UInt8(ascii: "["), quote, UInt8(ascii: "a")] + bytes + [quote, UInt8(ascii: "]")])
        #expect(fault?.code == "E_WIRE_JSON_UTF8")
        #expect(fault?.offset == 3)
    }

    @Test("refuses unescaped control bytes and NUL inside a string", arguments: [0, 1, 9, 10, 13, 31] as [UInt8])
    func controlBytes(_ byte: UInt8) {
        let fault = fault([UInt8(ascii: "\""), UInt8(ascii: "a"), byte, UInt8(ascii: "\"")])
        #expect(fault?.code == "E_WIRE_JSON_CONTROL")
        #expect(fault?.offset == 2)
    }

    @Test(
        "refuses unknown escapes and half surrogate pairs",
        arguments: [
            "\\x41", "\\a", "\\u12", "\\u12G4", "\\ud800", "\\udc00", "\\ud800\\u0041", "\\ud83d\\ud83d", "\\u",
            "\\U0041", "\\ud800x",
            "\\\u{E9}", "\\'",
        ])
    func badEscapes(_ escape: String) {
        #expect(fault("[\"a\(escape)\"]")?.code == "E_WIRE_JSON_ESCAPE")
        #expect(fault("{\"\(escape)\":1}")?.code == "E_WIRE_JSON_ESCAPE")
    }

    @Test("resolves every escape, in values and in keys")
    func escapes() throws {
        let reader = JSONReader()
        let root = try reader.read(#"{"pr\u0069ce":"\"\\\/\b\f\n\r\t\u00e9\u20ac\ud83d\ude00\u0000.","plain":"x"}"#)
        let value = try #require(root["price"])
        #expect(value.text?.string == "\"\\/\u{8}\u{C}\n\r\t\u{E9}\u{20AC}\u{1F600}\0.")
        #expect(root["plain"]?.text.map { $0 == "x" } == true)
    }

    @Test("a string is any length, across every block boundary of the reader")
    func stringLengths() throws {
        let reader = JSONReader()
        for length in 0..<300 {
            let content = String(repeating: "é{\"a,", count: length).replacing("\"", with: "'")
            let root = try reader.read("{\"k\":\"\(content)\",\"n\":\(length)}")
            #expect(root["k"]?.text?.string == content)
            #expect(root["n"]?.int64 == Int64(length))
        }
    }

    @Test("accepts 64 levels and refuses 65, of arrays and of objects")
    func depth() {
        #expect(fault(String(repeating: "[", count: 64) + String(repeating: "]", count: 64)) == nil)
        let deep = fault(String(repeating: "[", count: 65) + String(repeating: "]", count: 65))
        #expect(deep?.code == "E_WIRE_JSON_DEPTH")
        #expect(deep?.offset == 64)
        let objects = String(repeating: "{\"a\":", count: 65) + "1" + String(repeating: "}", count: 65)
        #expect(fault(objects)?.code == "E_WIRE_JSON_DEPTH")
        #expect(fault(String(repeating: "[", count: 10_000))?.code == "E_WIRE_JSON_DEPTH")
        #expect(fault("[[1]]", JSONLimits(bytesMax: 100, depthMax: 1, nodesMax: 10))?.code == "E_WIRE_JSON_DEPTH")
    }

    @Test("refuses a document over the byte limit, before it is copied")
    func size() throws {
        let limits = JSONLimits(bytesMax: 10, nodesMax: 100)
        #expect(fault("[\"123456\"]", limits) == nil)
        #expect(fault("[\"1234567\"]", limits)?.code == "E_WIRE_JSON_SIZE")
        let huge = [UInt8](repeating: UInt8(ascii: "["), count: (1 << 20) + 1)
        #expect(fault(huge)?.code == "E_WIRE_JSON_SIZE")
        #expect(fault([UInt8](repeating: UInt8(ascii: " "), count: (8 << 20) + 1), .rest)?.code == "E_WIRE_JSON_SIZE")
    }

    @Test("refuses a document of too many nodes")
    func nodes() {
        let limits = JSONLimits(bytesMax: 1000, nodesMax: 5)
        #expect(fault("[1,2,3,4]", limits) == nil)
        #expect(fault("[1,2,3,4,5]", limits)?.code == "E_WIRE_JSON_NODES")
        #expect(fault("[" + String(repeating: "0,", count: 300_000) + "0]")?.code == "E_WIRE_JSON_NODES")
    }

    @Test("a document at the limit is read whole")
    func largest() throws {
        let reader = JSONReader(limits: .rest)
        let count = 1_000_000
        let root = try reader.read("[" + String(repeating: "1234,", count: count - 1) + "1234]")
        #expect(root.count == count)
        #expect(root.elements.reduce(into: Int64(0)) { $0 += $1.int64 ?? 0 } == 1234 * Int64(count))
    }

    @Test("a refused document leaves nothing behind for the next one")
    func reuse() throws {
        let reader = JSONReader()
        _ = try reader.read(#"{"a":"\u0041","b":[1,2,3]}"#)
        #expect(throws: JSONFault.self) { try reader.read("{\"a\":") }
        let root = try reader.read("[\"x\"]")
        #expect(root.count == 1)
        #expect(root["a"] == nil)
    }

    @Test("reads a buffer of no bytes and a buffer without an address")
    func empty() {
        let reader = JSONReader()
        #expect(throws: JSONFault(reason: .truncated, offset: 0)) {
            try reader.read(UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }

    @Test("the input may change once it is read: values lie in the reader's copy")
    func copied() throws {
        let reader = JSONReader()
        var bytes = Array("{\"a\":[\"xyz\",12]}".utf8)
        let root = try reader.read(bytes.span.bytes)
        for index in bytes.indices { bytes[index] = 0 }
        #expect(root["a"]?.elements.map { $0.text?.string ?? $0.numberText?.string } == ["xyz", "12"])
    }

    @Test("every reason has its own code")
    func codes() {
        let codes = Set(JSONFault.Reason.allCases.map { JSONFault(reason: $0, offset: 0).code })
        #expect(codes.count == JSONFault.Reason.allCases.count)
        #expect(codes.allSatisfy { $0.hasPrefix("E_WIRE_JSON_") })
    }
}
