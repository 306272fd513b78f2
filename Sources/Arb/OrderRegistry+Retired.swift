public import Trading

extension OrderRegistry {
    /// False for an order that was forgotten.
    func isKept(_ handle: OrderHandle) -> Bool { records[handle.index] != nil }

    /// Names of forgotten orders that are remembered.
    public var retiredCount: Int { retired.count }

    /// Forgets an order that ended and of which nothing is to come; its venue's name stays known as one of ours.
    ///
    /// - Precondition: it is done.
    mutating func retire(_ handle: OrderHandle) {
        guard let record = remove(handle, unless: { !$0.state.isDone }) else { return }
        if let orderID = record.orderID { retired.insert(orderID, record.state.cumQty) }
    }

    /// Undoes `add`, for an order of which no byte can have left: as if it had never been here.
    mutating func takeBack(_ handle: OrderHandle) { _ = remove(handle) { $0.state.cumQty.rawValue > 0 } }

    private mutating func remove(_ handle: OrderHandle, unless isKept: (OrderRecord) -> Bool) -> OrderRecord? {
        guard let record = records[handle.index] else { return nil }
        precondition(!isKept(record), "an order that may still fill is kept")
        let clOrdID = record.state.order.clOrdID
        if byClOrdID[clOrdID] == handle.index { byClOrdID[clOrdID] = nil }
        if tombstones[clOrdID] == handle.index { tombstones[clOrdID] = nil }
        if let orderID = record.orderID { byOrderID[orderID] = nil }
        records[handle.index] = nil
        free.append(handle.index)
        return record
    }

    /// Takes in the name of an order of an earlier run that ended, with what it came to.
    public mutating func remember(_ orderID: OrderID, cumQty: Quantity) {
        guard byOrderID[orderID] == nil else { return }
        retired.insert(orderID, cumQty)
        strays[orderID] = nil
    }

    /// Says which name of this run is the newest.
    mutating func noteName(_ newest: ClOrdID) { retired.newest = newest }

    /// True for a venue's name of an order that was forgotten.
    public func isRetired(_ orderID: OrderID) -> Bool { retired[orderID] != nil }
}
