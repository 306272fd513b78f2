import FuzzKit

let checker = CaptureChecker()
Fuzz.run { checker.check($0) }
