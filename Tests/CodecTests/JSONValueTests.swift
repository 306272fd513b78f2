import Testing

@testable import Codec

@Suite("JSONValue")
struct JSONValueTests {
    let reader = JSONReader()

    @Test("tells kinds apart and gives nil for any other")
    func kinds() throws {
        let root = try reader.read(#"[{}, [], "12", 12, true, false, null]"#)
        let values = Array(root.elements)
        #expect(values.map(\.kind) == [.object, .array, .string, .number, .true, .false, .null])
        #expect(values.map { $0.text?.string } == [nil, nil, "12", nil, nil, nil, nil])
        #expect(values.map { $0.numberText?.string } == [nil, nil, nil, "12", nil, nil, nil])
        #expect(values.map { $0.decimalText?.string } == [nil, nil, "12", "12", nil, nil, nil])
        #expect(values.map(\.bool) == [nil, nil, nil, nil, true, false, nil])
        #expect(values.map(\.int64) == [nil, nil, nil, 12, nil, nil, nil])
        #expect(values.map(\.isNull) == [false, false, false, false, false, false, true])
        #expect(values.map { $0.source?.string } == ["{}", "[]", nil, "12", nil, nil, nil])
    }

    @Test("what is neither a string nor a number is no decimal")
    func noDecimal() throws {
        for value in try reader.read("[{}, [], true, null]").elements {
            let fault = #expect(throws: DecimalFault.self) { try value.decimal8() }
            #expect(fault?.code == "E_WIRE_DEC_KIND")
        }
    }

    @Test("members and elements come in order with their subtrees skipped")
    func order() throws {
        let root = try reader.read(#"{"a":{"x":[1,{"y":2}],"z":3},"b":[[4],[5,[6]]],"a":7}"#)
        #expect(root.count == 3)
        #expect(root.members.map(\.key.string) == ["a", "b", "a"])
        #expect(root["a"]?["x"]?.elements.map(\.kind) == [.number, .object])
        #expect(root["a"]?["z"]?.int64 == 3)
        #expect(root["b"]?.elements.map(\.count) == [1, 2])
        #expect(root["b"]?.source?.string == "[[4],[5,[6]]]")
        #expect(root["missing"] == nil)
        #expect(root["b"]?["a"] == nil)
        #expect(Array(root.elements).isEmpty)
        #expect(root["a"]?["z"].map { Array($0.members).isEmpty } == true)
    }

    @Test("the source of a container is its exact text, whitespace included")
    func source() throws {
        let root = try reader.read(" { \"a\" : [ 1 , 2 ] } ")
        #expect(root.source?.string == "{ \"a\" : [ 1 , 2 ] }")
        #expect(root["a"]?.source?.string == "[ 1 , 2 ]")
    }

    @Test(
        "finds duplicate keys of this object only, also behind escapes",
        arguments: [
            (#"{"size":1,"size":9}"#, true), (#"{"size":1,"s\u0069ze":9}"#, true), (#"{"a":1,"b":{"a":1}}"#, false),
            (#"{}"#, false), (#"{"a":1}"#, false), (#"[1,1]"#, false), (#"{"":1,"":2}"#, true),
            (#"{"aa":1,"ab":2,"ba":3}"#, false),
        ])
    func duplicates(_ text: String, _ expected: Bool) throws {
        #expect(try reader.read(text).hasDuplicateKeys == expected)
    }

    @Test("finds duplicates in objects of any size", arguments: [2, 31, 32, 33, 34, 1000])
    func manyKeys(_ count: Int) throws {
        let keys = (0..<count).map { "\"key\($0)\":\($0)" }
        #expect(try !reader.read("{" + keys.joined(separator: ",") + "}").hasDuplicateKeys)
        #expect(try reader.read("{" + (keys + [keys[count / 2]]).joined(separator: ",") + "}").hasDuplicateKeys)
    }

    @Test("reads decimals from strings and numbers, and refuses other kinds")
    func decimals() throws {
        let root = try reader.read(#"{"a":"0.4600","b":12.5,"c":".48","d":true,"e":"-54.00","f":1e2}"#)
        #expect(try root["a"]?.decimal8() == 46_000_000)
        #expect(try root["b"]?.decimal8() == 1_250_000_000)
        #expect(try root["c"]?.decimal8(.bareFraction) == 48_000_000)
        #expect(throws: DecimalFault.malformed) { try root["c"]?.decimal8() }
        #expect(throws: DecimalFault.notDecimal) { try root["d"]?.decimal8() }
        #expect(throws: DecimalFault.negative) { try root["e"]?.decimal8() }
        #expect(try root["e"]?.decimal8(.negative) == -5_400_000_000)
        #expect(throws: DecimalFault.malformed) { try root["f"]?.decimal8() }
    }

    @Test("texts compare with literals and each other by bytes", arguments: 0...40)
    func comparison(_ length: Int) throws {
        let name = String(repeating: "abcdefghij", count: 5).prefix(length)
        let root = try reader.read("[\"\(name)\",\"\(name)\",\"\(name)x\",\"\(name.dropLast())y\"]")
        let texts = root.elements.compactMap(\.text)
        #expect(texts[0] == texts[1])
        #expect(texts[0] != texts[2])
        #expect(length == 0 || texts[0] != texts[3])
        #expect(texts[0].hash64 == texts[1].hash64)
        #expect(texts[0].hash64 != texts[2].hash64)
        #expect(texts[0].equals(String(name)))
        #expect((texts[0] == "abcdefghijabc") == (length == 13))
        #expect((texts[0] == "abcdefgh") == (length == 8))
        #expect((texts[0] == "abc") == (length == 3))
        #expect((texts[0] == "") == (length == 0))
        #expect(!(texts[0] == "abcdefghijabX"))
        #expect(!(texts[0] == "Xbcdefghijabc"))
    }

    @Test("a switch over literals picks the case of the same bytes")
    func patterns() throws {
        let root = try reader.read(#"["price","size","sizes",""]"#)
        let picked = root.elements.compactMap(\.text).map { text in
            switch text {
            case "price": 1
            case "size": 2
            case "": 3
            default: 0
            }
        }
        #expect(picked == [1, 2, 0, 3])
    }

    @Test("the word of a text is its first eight bytes and nothing behind its end")
    func words() throws {
        let root = try reader.read(#"["","a","abcdefg","abcdefgh","abcdefghi"]"#)
        #expect(
            root.elements.compactMap(\.text?.word) == [
                0, 0x61, 0x67_6665_6463_6261, 0x6867_6665_6463_6261, 0x6867_6665_6463_6261,
            ])
    }
}
