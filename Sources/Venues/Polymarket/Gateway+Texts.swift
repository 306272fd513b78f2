import Trading

/// What the venue's error texts mean for an order. It has hardly any codes: texts are matched by parts, in lower case.
///
/// Only a text that is listed as a refusal is one. Any other, also one that a later version of the venue may bring, leaves
/// the outcome unknown: a naked leg costs more than a query by the order's hash.
/// - Source: error table of the venue's documentation and of its clients' reports, sheet of November 2026, section 4.4.
enum VenueTexts {
    /// What a text says of the order that was sent.
    enum Meaning: Hashable, Sendable {
        /// It never worked.
        case refused(VenueRejection.Kind)
        /// It may have.
        case unclear
    }

    /// The first line that fits decides: longer and more certain ones stand above.
    private static let table: [(part: String, meaning: Meaning)] = [
        ("order_version_mismatch", .refused(.version)),
        // The first copy is in: this one was not taken, the order exists.
        ("duplicated", .refused(.duplicate)),
        // Engine faults, whatever status they come with: the order may be in.
        ("could not insert order", .unclear),
        ("order timed out", .unclear),
        ("context canceled", .unclear),
        ("there are no matching orders", .unclear),
        ("fok orders are filled or killed", .unclear),
        ("rounding issues", .unclear),
        ("discrepancy greater than allowed", .unclear),
        ("order match delayed due to market conditions", .unclear),
        ("order canceled in the ctf exchange contract", .unclear),
        // Clean misses.
        ("order couldn't be fully filled", .refused(.unfilled)),
        ("no orders found to match with fak order", .refused(.unfilled)),
        // The venue's modes, before the words that they share with other lines.
        ("trading is currently disabled", .refused(.venueMode)),
        ("trading is currently cancel-only", .refused(.venueMode)),
        ("post-only mode", .refused(.venueMode)),
        ("post_only_mode", .refused(.venueMode)),
        // This account.
        ("trading restricted in your region", .refused(.account)),
        ("address banned", .refused(.account)),
        ("in closed only mode", .refused(.account)),
        ("maker address not allowed", .refused(.account)),
        // Keys.
        ("unauthorized/invalid api key", .refused(.authentication)),
        ("invalid api key", .refused(.authentication)),
        ("invalid l1 request headers", .refused(.authentication)),
        ("the order owner has to be the owner of the api key", .refused(.authentication)),
        ("the order signer address has to be the address of the api key", .refused(.authentication)),
        ("invalid signature_type", .refused(.other)),
        ("invalid signature", .refused(.authentication)),
        // The order itself.
        ("breaks minimum tick size rule", .refused(.price)),
        ("lower than the minimum", .refused(.size)),
        ("invalid amount for a marketable buy order", .refused(.size)),
        ("invalid amounts", .refused(.size)),
        ("min size: $1", .refused(.size)),
        ("invalid post-only order", .refused(.postOnly)),
        ("crosses the book", .refused(.postOnly)),
        ("crosses book", .refused(.postOnly)),
        ("not enough balance", .refused(.balance)),
        ("the balance is not enough", .refused(.balance)),
        ("allowance is not enough", .refused(.balance)),
        ("invalid expiration", .refused(.other)),
        ("too many orders in payload", .refused(.other)),
        ("payload exceeds the limit", .refused(.other)),
        ("invalid order params payload", .refused(.other)),
        ("invalid order payload", .refused(.other)),
        ("invalid trade params payload", .refused(.other)),
        ("invalid orderid", .refused(.other)),
        ("invalid token id", .refused(.other)),
        ("invalid side", .refused(.other)),
        ("invalid asset type", .refused(.other)),
        ("invalid payload", .refused(.other)),
        // The market.
        ("the market is not yet ready to process new orders", .refused(.market)),
        ("no orderbook exists", .refused(.market)),
        ("market not found", .refused(.market)),
        ("fee rate not found for market", .refused(.market)),
    ]

    /// What `text` says; `.unclear` for a text that is not listed.
    static func meaning(_ text: String) -> Meaning {
        let lower = text.lowercased()
        return table.first { lower.contains($0.part) }?.meaning ?? .unclear
    }

    /// What the venue takes while it is in a mode.
    enum Mode: String, Hashable, Sendable {
        /// Nothing: disabled, or its engine starts anew.
        case closed
        /// Cancels alone.
        case cancelOnly
        /// Orders that only rest, and cancels.
        case postOnly
    }

    /// The mode that a text or code of status 503 names; nil for any other.
    static func mode(_ text: String, code: String) -> Mode? {
        let lower = text.lowercased()
        if code == "post_only_mode" || lower.contains("post-only mode") || lower.contains("post_only_mode") {
            return .postOnly
        }
        if lower.contains("cancel-only") { return .cancelOnly }
        return lower.contains("trading is currently disabled") ? .closed : nil
    }

    /// True where an order that was to be cancelled is not live: filled, cancelled before, or never there.
    static func isNotLive(_ text: String) -> Bool {
        let lower = text.lowercased()
        return ["already canceled", "already cancelled", "already matched", "not found", "can't be found"].contains {
            lower.contains($0)
        }
    }
}
