import Risk
import Trading

/// An entry that is recorded and on its way, and not in positions and registry yet.
struct UnbookedEntry {
    let execution: Execution
    /// As it was approved.
    let request: EntryRequest
    let slots: [2 of SendSlot]
    /// The one leg that leaves now; nil: both.
    let only: Int?
    /// When it was decided.
    let at: Stamp
}
