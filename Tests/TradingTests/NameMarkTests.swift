import Testing
import Trading

@Suite("NameMark")
struct NameMarkTests {
    @Test("equal names have equal marks; of many names that differ in one letter no two share either half")
    func marks() {
        #expect(NameMark(OrderID("a-1")) == NameMark(OrderID("a-1")))
        let marks = (0..<4_096).map { NameMark(OrderID("0x\($0)")) }
        #expect(Set(marks.map(\.high)).count == marks.count && Set(marks.map(\.low)).count == marks.count)
        #expect(marks.allSatisfy { $0.high != $0.low })
    }
}
