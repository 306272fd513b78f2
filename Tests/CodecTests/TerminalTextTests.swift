import Testing

@testable import Codec

@Suite("TerminalText")
struct TerminalTextTests {
    @Test(
        "writes out what acts on a terminal or hides text, and leaves the rest",
        arguments: [
            ("Will LAL win?", "Will LAL win?"), ("é€😀", "é€😀"), ("\u{1B}[2J", #"\u{1B}[2J"#),
            ("a\nb\r\0", #"a\u{A}b\u{D}\u{0}"#),
            ("\u{9B}31m", #"\u{9B}31m"#), ("\u{202E}sey\u{202C}", #"\u{202E}sey\u{202C}"#),
            ("a\u{200B}b", #"a\u{200B}b"#),
            ("\u{E0041}", #"\u{E0041}"#), ("\u{61C}\u{AD}", #"\u{61C}\u{AD}"#),
        ])
    func neutral(_ text: String, _ shown: String) {
        #expect(TerminalText.neutral(text) == shown)
        var text = text
        #expect(text.withUTF8 { TerminalText.neutral(UnsafeRawBufferPointer($0)) } == shown)
    }

    @Test("shows bytes that are not UTF-8 as numbers")
    func bytes() {
        let bytes: [UInt8] = [0x61, 0xFF, 0xED, 0xA0, 0x80, 0xC3, 0xA9]
        #expect(bytes.withUnsafeBytes { TerminalText.neutral($0) } == #"a\x{FF}\x{ED}\x{A0}\x{80}é"#)
    }

    @Test("cuts long text and says so")
    func limit() {
        #expect(TerminalText.neutral("abcdef", limit: 3) == "abc…")
        #expect(TerminalText.neutral("abc", limit: 3) == "abc")
        #expect(Array("abcdef".utf8).withUnsafeBytes { TerminalText.neutral($0, limit: 3) } == "abc…")
    }

    @Test("no control byte gets through, whatever the input")
    func noControls() {
        var random = SeededGenerator(state: 9)
        for _ in 0..<500 {
            let bytes = (0..<40).map { _ in UInt8.random(in: 0...255, using: &random) }
            let shown = bytes.withUnsafeBytes { TerminalText.neutral($0) }
            #expect(shown.unicodeScalars.allSatisfy { !UTF8Text.isHostile($0.value) })
        }
    }
}
