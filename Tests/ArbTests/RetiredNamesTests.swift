import Testing
import Trading

@testable import Arb

@Suite("RetiredNames")
struct RetiredNamesTests {
    @Test("the newest names are known with what they came to, older ones are not, however often the ring went round")
    func bounded() {
        var names = RetiredNames()
        let most = RetiredNames.countMax
        let all = most * 2 + 1_000
        for number in 0..<all { names.insert(OrderID("order-\(number)"), Quantity(rawValue: Int64(number))) }
        #expect(names.count == most)
        #expect((all - most..<all).allSatisfy { names[OrderID("order-\($0)")]?.rawValue == Int64($0) })
        #expect((0..<all - most).allSatisfy { names[OrderID("order-\($0)")] == nil })
    }

    @Test("a name that comes again keeps its place, with what it came to last")
    func again() {
        var names = RetiredNames()
        names.insert(OrderID("a"), Quantity(rawValue: 1))
        names.insert(OrderID("b"), Quantity(rawValue: 2))
        names.insert(OrderID("a"), Quantity(rawValue: 3))
        #expect(names.count == 2 && names[OrderID("a")]?.rawValue == 3 && names[OrderID("b")]?.rawValue == 2)
        #expect(names[OrderID("c")] == nil && names[OrderID("")] == nil)
    }
}
