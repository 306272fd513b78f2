/// A line of the list of notifications.
struct PolymarketNotice {
    let id: Int
    /// 1 cancelled, 2 filled, 8 fill failed.
    let type: Int
    let order: PolymarketOrder
    let trade: Int?
    let at: Int64
}
