internal import Arb
internal import Simulators
internal import Trading

extension Scene {
    // MARK: What is lost of an order, and of the tombstone that is to prove it dead

    static let tombstones: [Scene] = [
        story("lost-lost", "order and tombstone are lost: another tombstone proves it dead", "N01-reset", "N01-reset"),
        story("lost-late", "the order is lost, its tombstone late: of all tries one is taken", "N01-reset", "N01-late"),
        story(
            "lost-taken", "the order is lost, its tombstone's reply too: the list proves it", "N01-reset", "N02-lost"),
        story("late-lost", "the order arrives seconds later, its tombstone is lost", "N01-late", "N01-reset"),
        story("taken-lost", "the order was taken and its reply lost, and its tombstone too", "N02-lost", "N01-reset"),
    ]

    private static func story(_ name: String, _ title: String, _ first: String, _ second: String) -> Scene {
        Scene("tombstone-" + name, title, ["N01", "N02"]) { stage in
            // What is told of the order besides would end it before any tombstone: the lists alone are left.
            stage.fault("V22@kalshi:100%")
            stage.fault("\(first)@kalshi/create:1")
            stage.fault("\(second)@kalshi/create:2")
            try stage.fire()
            try stage.until("the order is known") { $0.unknownLegs == 0 && $0.isQuiet }
            try stage.settled()
            let names = stage.received(.kalshi).filter { $0.quantity <= 10_000 }.map(\.clientID)
            stage.check(Set(names).count <= 1, "tombstones of \(Set(names).count) orders")
        }.with {
            $0.environment = [
                "ARB__VENUES__KALSHI__TOMBSTONE_MAX_AGE_S": "60", "ARB__VENUES__POLYMARKET__DEAD_AFTER_S": "10",
            ]
            $0.bound = nil
        }
    }
}
