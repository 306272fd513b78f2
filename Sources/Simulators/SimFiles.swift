internal import Signing

/// The files that a user of the loopback venues would have written: pairs with the right rule hashes.
public enum SimFiles {
    /// A pair file with all pairs of a world, approved.
    public static func pairs(_ world: SimWorld) -> String { entries(world).joined(separator: "\n") }

    /// The same in files of a thousand entries each.
    static func files(_ world: SimWorld) -> [(name: String, text: String)] {
        let entries = entries(world)
        return stride(from: 0, to: entries.count, by: 1_000).map { start in
            (
                "loopback-\(start / 1_000).toml",
                entries[start..<min(start + 1_000, entries.count)].joined(separator: "\n")
            )
        }
    }

    private static func entries(_ world: SimWorld) -> [String] {
        let pairs = world.pairs.filter { $0.set == nil }.map { pair in
            """
            [[pair]]
            id = "loop-\(pair.index)"
            title = "Will event \(pair.index) happen?"
            status = "approved"
            polarity = "\(pair.isInverted ? "inverted" : "same")"
            reviewed = { by = "loopback", on = "2026-11-20", note = "made by the loopback venues" }
              [pair.kalshi]
              \(kalshi(pair))
              [pair.polymarket]
              \(polymarket(pair))

            """
        }
        let sets = world.sets.map { set in
            """
            [[set]]
            id = "loop-set-\(set.index)"
            title = "Which outcome of event \(set.index)?"
            status = "approved"
            venue = "\(set.venue == 0 ? "kalshi" : "polymarket")"
            event = "\(set.event)"
            exhaustive = \(set.isExhaustive)
            max_winners = 1
            reviewed = { by = "loopback", on = "2026-11-20", note = "made by the loopback venues" }

            """
                + set.members.map { member in
                    "  [[set.leg]]\n  "
                        + (set.venue == 0 ? kalshi(world.pairs[member]) : polymarket(world.pairs[member])) + "\n"
                }.joined()
        }
        return pairs + sets
    }

    private static func kalshi(_ pair: SimPair) -> String {
        """
        ticker = "\(pair.ticker)"
          exchange_index = \(pair.shard)
          rules_sha256 = "\(Digest.hex(.sha256, pair.rules.primary + "\n" + pair.rules.secondary))"
        """
    }

    private static func polymarket(_ pair: SimPair) -> String {
        """
        condition_id = "\(pair.condition)"
          yes_token = "\(pair.yesToken)"
          no_token = "\(pair.noToken)"
          neg_risk = \(pair.isNegRisk)
          rules_sha256 = "\(Digest.hex(.sha256, pair.description))"
        """
    }
}
