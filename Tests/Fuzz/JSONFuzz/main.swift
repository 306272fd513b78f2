import FuzzKit

let walker = JSONWalker()
Fuzz.run { walker.check($0) }
