import Foundation
import Signing
import Testing
import Trading

@testable import Polymarket
@testable import Server
@testable import Simulators

@Suite("Polymarket's loopback commands")
struct PolymarketControlTests {
    private func tell(_ desk: PolymarketDesk, _ command: String) -> Int {
        desk.send("POST", "/sim", Array(command.utf8), headers: [:]).status
    }

    private func error(_ desk: PolymarketDesk, _ side: OrderTicket.Side = .buy) throws -> String {
        let best = (try? desk.best(0)) ?? (4_000, 6_000)
        let order = try desk.order(
            desk.world.pairs[0].yesToken, side, price: side == .buy ? best.0 : best.1, size: 1_000,
            .gtc(isPostOnly: false))
        return try desk.ask("POST", "/order", order.bytes)["error"] as? String ?? ""
    }

    @Test("accounts are closed, banned, without allowance until the venue reads it again, or blocked by region")
    func accounts() throws {
        let desk = try PolymarketDesk()
        #expect(tell(desk, #"{"do":"closed_only"}"#) == 200)
        #expect(try desk.ask("GET", "/auth/ban-status/closed-only")["closed_only"] as? Bool == true)
        #expect(try error(desk).contains("address in closed only mode") && error(desk, .sell).isEmpty)
        #expect(tell(desk, #"{"do":"closed_only","on":false}"#) == 200 && tell(desk, #"{"do":"ban"}"#) == 200)
        #expect(try error(desk).contains("address banned"))
        #expect(tell(desk, #"{"do":"ban","on":false}"#) == 200 && tell(desk, #"{"do":"allow","units":5}"#) == 200)
        #expect(try error(desk).isEmpty)  // the venue believes what it read last
        _ = desk.send("GET", "/balance-allowance/update?asset_type=COLLATERAL&signature_type=0")
        #expect(try error(desk).contains("the allowance is not enough"))
        #expect(tell(desk, #"{"do":"geoblock"}"#) == 200)
        #expect(try error(desk).contains("Trading restricted in your region"))
        #expect(try desk.ask("GET", "/api/geoblock")["blocked"] as? Bool == true)
        #expect(tell(desk, #"{"do":"nonsense"}"#) == 400)
    }

    @Test("pairs are made, turned back, and paid when the market is decided; every open order dies before")
    func settlement() throws {
        let desk = try PolymarketDesk()
        let token = desk.world.pairs[0].yesToken
        let cash = desk.trading.exchange.accounts[2].cash
        #expect(tell(desk, #"{"do":"split","token":"\#(token)","units":50000000}"#) == 200)
        #expect(tell(desk, #"{"do":"merge","token":"\#(token)","units":1050000000}"#) == 200)
        #expect(tell(desk, #"{"do":"merge","token":"\#(token)","units":1}"#) == 400)
        #expect(desk.trading.exchange.accounts[2].cash == cash + 1_000_000_000)
        #expect(tell(desk, #"{"do":"split","token":"\#(token)","units":80000000}"#) == 200)
        #expect(tell(desk, #"{"do":"redeem","token":"\#(token)"}"#) == 400)
        #expect(try error(desk).isEmpty)
        #expect(tell(desk, #"{"do":"resolve","token":"\#(token)","price":5000}"#) == 200)
        desk.pass(0)
        #expect(desk.trading.exchange.orders.last?.status.text == "CANCELED_MARKET_RESOLVED")
        #expect(desk.world.pairs[0].shown(1).bestBid == nil)
        let redeemable = try desk.ask("GET", "/v2/positions?user=\(desk.wallet.address.checksummed)&status=REDEEMABLE")
        #expect((redeemable["data"] as? [Any])?.count == 2)
        #expect(tell(desk, #"{"do":"redeem","token":"\#(token)"}"#) == 200)
        #expect(desk.trading.exchange.accounts[2].cash == cash + 1_000_000_000)
        #expect(desk.trading.exchange.cashInAll == desk.trading.exchange.deposited)
        #expect(desk.turn.ledger.events(.moved).map(\.reason) == ["split", "merge", "split"])
        #expect(desk.turn.ledger.events(.settled).map(\.reason) == ["resolved", "redeem"])
    }

    @Test("modes, pauses, ticks and the crowd follow commands")
    func market() throws {
        let desk = try PolymarketDesk()
        let token = desk.world.pairs[0].yesToken
        for (mode, wanted) in [
            ("restarting", "restarting"), ("post_only", "post-only mode"), ("cancel_only", "cancel-only"),
            ("disabled", "disabled"), ("normal", ""),
        ] {
            #expect(tell(desk, #"{"do":"mode","mode":"\#(mode)"}"#) == 200)
            #expect(try error(desk).contains(wanted) == true || wanted.isEmpty)
        }
        #expect(tell(desk, #"{"do":"pause","token":"\#(token)"}"#) == 200)
        #expect(try error(desk).contains("not yet ready"))
        #expect(tell(desk, #"{"do":"resume","token":"\#(token)"}"#) == 200)
        #expect(tell(desk, #"{"do":"tick","token":"\#(token)"}"#) == 200)
        #expect(desk.world.pairs[0].polymarketTick == 1)
        let ask = try desk.best(0).ask - 100
        let crowd = #"{"do":"crowd","token":"\#(token)","side":"ask","price":\#(ask),"units":7000000}"#
        #expect(tell(desk, crowd) == 200)
        #expect(try desk.best(0).ask == ask && desk.world.pairs[0].polymarket.asks[ask / 10] == 700)
        #expect(tell(desk, #"{"do":"close","token":"\#(token)"}"#) == 200)
        #expect(try error(desk).contains("No orderbook exists"))
    }
}
