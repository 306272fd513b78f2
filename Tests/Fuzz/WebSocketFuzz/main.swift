import FuzzKit

let checker = WebSocketChecker()
Fuzz.run { checker.check($0) }
