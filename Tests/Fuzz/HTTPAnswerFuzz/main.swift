import FuzzKit

let checker = HTTPAnswerChecker()
Fuzz.run { checker.check($0) }
