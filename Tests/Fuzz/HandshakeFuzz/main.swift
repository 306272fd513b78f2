import FuzzKit

let checker = HandshakeChecker()
Fuzz.run { checker.check($0) }
