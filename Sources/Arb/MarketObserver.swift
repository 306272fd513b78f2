public import Trading

/// Told of markets beside the engine, in the same order: terms, pauses, grids, books that are void. Gateways listen.
///
/// - Lane: the hot lane, inside the engine's turn.
public protocol MarketObserver: AnyObject {
    /// The terms of an instrument, new or anew.
    func apply(_ terms: InstrumentTerms, of instrument: InstrumentID)
    /// Its terms are not known any more.
    func block(_ instrument: InstrumentID)
    /// Something about a market other than its levels; trades are not told.
    func apply(_ event: MarketEvent)
    /// Its book is void: what was made ready for it was made for another one.
    func voided(_ instrument: InstrumentID)
}
