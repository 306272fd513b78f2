import Testing
@testable import Codec
@Suite("x") struct X { @Test("x") func x() throws { let r = JSONReader(); let v = try r.read("{\"a\":[1,2,{\"b\":\"c\\n\"}]}"); #expect(v["a"]?.count == 3) } }
