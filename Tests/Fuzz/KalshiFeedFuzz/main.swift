import FuzzKit

let checker = KalshiFeedChecker()
Fuzz.run { checker.check($0) }
