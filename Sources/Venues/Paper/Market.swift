public import Trading

/// A market as paper orders meet it: the live book, its terms and its fees.
public struct PaperMarket {
    /// The live book.
    public let book: Book
    /// Lots, minimums, budgets.
    public let terms: InstrumentTerms
    /// Exact fees now in force.
    public let fees: any FeeSchedule

    /// A market.
    public init(book: Book, terms: InstrumentTerms, fees: any FeeSchedule) {
        self.book = book
        self.terms = terms
        self.fees = fees
    }
}
