import Testing

@testable import Codec

@Suite("Base64")
struct Base64Tests {
    @Test(
        "the vectors of RFC 4648, section 10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func vectors(_ plain: String, _ text: String) {
        #expect(Base64.encode(plain.utf8) == text)
        #expect(Base64.decode(text) == Array(plain.utf8))
        let unpadded = String(text.prefix { $0 != "=" })
        #expect(Base64.encode(plain.utf8, alphabet: .urlUnpadded) == unpadded)
        #expect(Base64.decode(unpadded) == Array(plain.utf8))
        #expect(Base64.decode(unpadded, alphabet: .urlUnpadded) == Array(plain.utf8))
        #expect(Base64.decode(text, alphabet: .standard) == Array(plain.utf8))
    }

    @Test("both alphabets, but never mixed")
    func alphabets() {
        let bytes: [UInt8] = [0xFB, 0xFF, 0xBF]
        #expect(Base64.encode(bytes) == "+/+/")
        #expect(Base64.encode(bytes, alphabet: .url) == "-_-_")
        #expect(Base64.decode("+/+/") == bytes)
        #expect(Base64.decode("-_-_") == bytes)
        #expect(Base64.decode("+_+/") == nil)
        #expect(Base64.decode("-_-_", alphabet: .standard) == nil)
        #expect(Base64.decode("+/+/", alphabet: .url) == nil)
    }

    @Test(
        "refuses wrong padding, stray bits, spaces and other letters",
        arguments: [
            "Z", "Zg=", "Zg===", "Zm9v=", "Zm9v==", "=", "====", "Z=g=", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "Zm9*",
            "Zm9vé",
        ])
    func refused(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test("one alphabet also means one padding")
    func strict() {
        #expect(Base64.decode("Zg", alphabet: .standard) == nil)
        #expect(Base64.decode("Zg", alphabet: .url) == nil)
        #expect(Base64.decode("Zg==", alphabet: .urlUnpadded) == nil)
        #expect(Base64.decode("Zg==", alphabet: .url) == [0x66])
    }

    @Test("every length round-trips in every alphabet", arguments: [Base64.Alphabet.standard, .url, .urlUnpadded])
    func roundTrip(_ alphabet: Base64.Alphabet) {
        var random = SeededGenerator(state: 5)
        for length in 0..<100 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            let text = Base64.encode(bytes, alphabet: alphabet)
            #expect(Base64.decode(text, alphabet: alphabet) == bytes)
            #expect(Base64.decode(text) == bytes)
        }
    }
}
