import FuzzKit

let checker = PolymarketFeedChecker()
Fuzz.run { checker.check($0) }
