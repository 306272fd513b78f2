import Arb
import Risk

/// What the shell is told (OPERATOR §3). Stable for ever.
enum ExitCode: Int32 {
    case done = 0
    case failure = 1
    case halted = 2
    case unknownLegs = 3
    case exposed = 4
    case degraded = 5
    case checkFailed = 6
    case usage = 64
    case unavailable = 69
    case internalFault = 70
    case cannotWrite = 73
    case locked = 75
    case permissions = 77
    case configuration = 78
}

extension ExitCode {
    /// How a run ends: flat or hedged and nothing stopped is 0; a dry run always is.
    init(_ trader: TraderStatus?) {
        guard let trader else {
            self = .done
            return
        }
        if let exposed = ExitCode(rawValue: trader.exposure.exitCode), exposed != .done {
            self = exposed
        } else {
            self =
                trader.isHaltedByOperator || !trader.breakers.isEmpty || !trader.stops.isEmpty
                    || !trader.halts.isEmpty || !trader.blocked.isEmpty ? .halted : .done
        }
    }
}
