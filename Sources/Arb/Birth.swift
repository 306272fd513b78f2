import Trading

/// An opportunity that was offered, and is booked and told when its orders have left.
struct Birth {
    let basket: BasketID
    /// What the configuration's own caps admit.
    let plan: BasketPlan
    /// The input that made it.
    let now: Stamp
}
