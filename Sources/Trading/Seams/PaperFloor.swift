/// What paper orders of outcome sets meet: the live books, less what paper orders have taken of them.
///
/// - Lane: the hot lane. Only a paper run has one; nothing here can send.
public protocol PaperFloor: AnyObject {
    /// False while the market's book is void or its terms are not known: an order waits for it.
    func isUsable(_ instrument: InstrumentID) -> Bool
    /// What an order takes of the book as it stands; nil when nothing, or, for a FOK, not all of it.
    ///
    /// - Parameter isTaken: it is taken, and nobody on paper finds it again.
    func fill(_ order: NewOrder, isTaken: Bool) -> PaperFill?
}

/// What a paper order took: a model.
public struct PaperFill: Hashable, Sendable {
    /// What it took of one level.
    public struct Level: Hashable, Sendable {
        /// Its price, of the outcome traded.
        public let price: Price
        /// Contracts.
        public let quantity: Quantity
        /// Exact fee. Unit: the market's currency.
        public let fee: Money

        /// A level.
        public init(price: Price, quantity: Quantity, fee: Money) {
            self.price = price
            self.quantity = quantity
            self.fee = fee
        }
    }

    /// What it took, the best price first; never empty.
    public let levels: [Level]
    /// Contracts.
    public let quantity: Quantity
    /// Money that changed hands, without fees, rounded against us. Unit: the market's currency.
    public let cash: Money
    /// Exact fees. Unit: the market's currency.
    public let fee: Money

    /// A fill.
    public init(levels: [Level], quantity: Quantity, cash: Money, fee: Money) {
        precondition(!levels.isEmpty, "what fills has taken something")
        self.levels = levels
        self.quantity = quantity
        self.cash = cash
        self.fee = fee
    }

    /// Worst price of it.
    public var worst: Price { levels[levels.count - 1].price }
}
