public import Trading

// Orders with our name that no record has, taken up while a run goes on: their markets are claimed first, the ledger has
// them next, and then they are followed like those of an earlier run.
extension Trader {
    /// What is claimed until the ledger has it. Ended by `take` or by `giveUp`, once.
    public struct Adoption: Sendable {
        /// What the orders belong to from now on.
        public let execution: ExecutionID
        /// The orders under that name.
        public let orders: [AdoptedOrder]
        let basket: Basket
        let claim: InFlight.Claim
    }

    /// Why orders are not taken up.
    public struct AdoptionRefusal: Error, Hashable, Sendable {
        /// For people.
        public let text: String
    }

    /// The pair in whose markets something of a venue is traded; nil: none. From any thread: catalogs do not change.
    public func pair(of venue: VenueID, _ symbol: String) -> PairID? {
        catalog.baskets.first { basket in
            basket.kind == .crossVenue
                && basket.legs.contains { leg in
                    let contract = catalog.contracts[Int(leg.instrument.index)]
                    return contract.venue == venue && contract.symbol == symbol
                }
        }?.pair
    }

    /// Claims the markets of orders, which are one execution, and gives it a number.
    ///
    /// - Parameter make: the orders under that number.
    /// - Throws: `AdoptionRefusal`; nothing is claimed then.
    public func claimAdoption(_ make: (ExecutionID) -> [AdoptedOrder]) throws(AdoptionRefusal) -> Adoption {
        guard isReady, !isStopping, !isBlocked else {
            throw AdoptionRefusal(text: "this run takes nothing up now: arb status says why")
        }
        let id = newExecutionID()
        let orders = make(id)
        for order in orders {
            let name = order.state.order.clOrdID
            let isKnown = order.orderID.map { registry.find($0) != nil || registry.isRetired($0) } ?? false
            guard registry.find(name) == nil, !isKnown else {
                throw AdoptionRefusal(text: "order \(name) is known to this run already")
            }
        }
        guard let basket = basket(of: orders) else {
            throw AdoptionRefusal(text: "they are not the legs of one pair that this run has")
        }
        guard let claim = inFlight.claim(basket.legs) else {
            throw AdoptionRefusal(text: "something is under way in the markets of \(basket.pair.name): try again")
        }
        return Adoption(execution: id, orders: orders, basket: basket, claim: claim)
    }

    /// The ledger has them: they are followed from here on, and what stands alone of them is closed.
    public func take(_ adoption: Adoption, at now: Stamp) {
        take(adoption.execution, adoption.basket, adoption.claim, adoption.orders, now)
        tellBreaker()
    }

    /// The ledger does not have them: their markets are free again.
    public func giveUp(_ adoption: Adoption) { inFlight.release(adoption.claim, adoption.basket.legs) }
}
