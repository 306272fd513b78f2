internal import Signing

/// The files that a user of the loopback venues would have written: pairs with the right rule hashes.
public enum SimFiles {
    /// A pair file with all pairs of a world, approved.
    public static func pairs(_ world: SimWorld) -> String {
        world.pairs.map { pair in
            """
            [[pair]]
            id = "loop-\(pair.index)"
            title = "Will event \(pair.index) happen?"
            status = "approved"
            polarity = "\(pair.isInverted ? "inverted" : "same")"
            reviewed = { by = "loopback", on = "2026-11-20", note = "made by the loopback venues" }
              [pair.kalshi]
              ticker = "\(pair.ticker)"
              exchange_index = 0
              rules_sha256 = "\(Digest.hex(.sha256, pair.rules.primary + "\n" + pair.rules.secondary))"
              [pair.polymarket]
              condition_id = "\(pair.condition)"
              yes_token = "\(pair.yesToken)"
              no_token = "\(pair.noToken)"
              neg_risk = false
              rules_sha256 = "\(Digest.hex(.sha256, pair.description))"

            """
        }.joined(separator: "\n")
    }
}
