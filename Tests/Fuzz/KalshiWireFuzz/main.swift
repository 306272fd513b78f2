import FuzzKit

let checker = KalshiWireChecker()
Fuzz.run { checker.check($0) }
