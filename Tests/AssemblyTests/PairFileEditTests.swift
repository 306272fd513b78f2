import Assembly
import Testing
import Trading

@Suite("PairFileEdit")
struct PairFileEditTests {
    private static let text = """
        # kept as it is
        [[pair]]
        id = "a"
          status   = "approved"   # since May
        reviewed = { by = "xy", on = "2026-05-01", note = "" }
          [pair.kalshi]
          status = "no key of ours"
        [[pair]]
        id = "b"
        title = "status = \\"approved\\""
        status = "proposed"
        [[set]]
        id = "c"
        status = "proposed"
          [[set.leg]]
          id = "b"
        """

    @Test("one status changes, and a review beside it; every other byte stays")
    func edits() throws {
        let suspended = try #require(PairFileEdit.text(Self.text, of: PairID("a"), status: .suspended, review: nil))
        #expect(suspended == Self.text.replacing("\"approved\"   #", with: "\"suspended\"   #"))
        let review = PairFileEdit.Review(by: "a\"b", on: "2026-11-21", note: "both\nread")
        let approved = try #require(PairFileEdit.text(Self.text, of: PairID("b"), status: .approved, review: review))
        let line = "reviewed = { by = \"ab\", on = \"2026-11-21\", note = \"bothread\" }"
        #expect(
            approved
                == Self.text.replacing(
                    "status = \"proposed\"\n[[set]]", with: "status = \"approved\"\n\(line)\n[[set]]"))
        let again = try #require(PairFileEdit.text(Self.text, of: PairID("a"), status: .approved, review: review))
        #expect(again.contains(line) && !again.contains("xy"))
        let set = try #require(PairFileEdit.text(Self.text, of: PairID("c"), status: .suspended, review: nil))
        #expect(set.hasPrefix(Self.text.prefix(200)) && set.contains("id = \"c\"\nstatus = \"suspended\""))
    }

    @Test("an id that is not there, and a status that is not on its line, are not edited")
    func refusals() {
        #expect(PairFileEdit.text(Self.text, of: PairID("d"), status: .suspended, review: nil) == nil)
        #expect(PairFileEdit.text("[[pair]]\nid = \"a\"\n", of: PairID("a"), status: .suspended, review: nil) == nil)
        #expect(PairFileEdit.text("pair = [{ id = \"a\" }]", of: PairID("a"), status: .suspended, review: nil) == nil)
    }
}
