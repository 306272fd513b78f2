import Risk
public import Trading

// What closing needs to know of a market: the same books, terms and fees that entries use.
extension Engine {
    /// A market as a leg to be bought or sold; nil where law 7 forbids to decide on its book: void, held, silent or
    /// unchecked, terms or fees unknown, not open for orders.
    public func market(_ instrument: InstrumentID, _ outcome: Outcome, cash: Money? = nil) -> SizingLeg? {
        let index = Int(instrument.index)
        let book = books[instrument]
        guard book.status == .live, let facts = states[index].facts, let fees = states[index].fees,
            states[index].fault == nil, !states[index].feesPending, facts.isActive, behindUntil == nil
        else { return nil }
        let verdict = freshness.passive(
            book, lastData: lastData(of: book), usualSilence: book.link.flatMap { links.usualSilence($0) },
            now: stampOfNow)
        guard verdict == .fresh else { return nil }
        return SizingLeg(
            BasketLeg(instrument: instrument, outcome: outcome), book: book, facts: facts, fees: fees, cash: cash)
    }

    func lastData(of book: Book) -> MonotonicNanos? { book.link.flatMap { links.last($0) } }

    /// The fees now in force; nil while they are not known.
    public func fees(of instrument: InstrumentID) -> (any FeeSchedule)? { states[Int(instrument.index)].fees }

    /// When the book last changed; nil when never.
    public func bookReceived(_ instrument: InstrumentID) -> MonotonicNanos? { books[instrument].received?.monotonic }
}
