import FuzzKit

let checker = TextChecker()
Fuzz.run { checker.check($0) }
