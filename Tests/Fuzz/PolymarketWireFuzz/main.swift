import FuzzKit

let checker = PolymarketWireChecker()
Fuzz.run { checker.check($0) }
