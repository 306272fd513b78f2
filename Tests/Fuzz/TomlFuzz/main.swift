import FuzzKit

let checker = TomlChecker()
Fuzz.run { checker.check($0) }
