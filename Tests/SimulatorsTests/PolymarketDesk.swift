import Codec
import Foundation
import Signing
import Testing
import Trading

@testable import Polymarket
@testable import Server
@testable import Simulators

/// A client with a key of its own, signing with the program's signer, at a loopback venue without sockets.
final class PolymarketDesk {
    let world: SimWorld
    let turn: TradingTurn
    let trading: PolymarketTrading
    let key: WalletKey
    let wallet: Wallet
    private(set) var changes: [SimChange] = []
    private(set) var frames: [(at: Int64, object: [String: Any])] = []
    private(set) var dropped: Set<UInt64> = []
    private(set) var answers: [UInt64: WebServer.Response] = [:]
    private let credentials: (key: String, secret: String, passphrase: String)
    private var salt: UInt64 = 1
    private var request: UInt64 = 0

    /// A desk with a hundred thousand pUSD.
    init(
        _ kind: Wallet.Kind = .account, extra: [PolymarketMarket] = [], seed: UInt64 = 1,
        _ change: (inout PolymarketTrading.Settings) -> Void = { _ in }
    ) throws {
        var settings = SimWorld.Settings()
        settings.pairs = 4
        settings.plants = false
        settings.seed = seed
        world = SimWorld(settings)
        key = try WalletKey()
        let address = try #require(Wallet.derived(kind, of: key.address).first)
        wallet = try Wallet(kind, address: address, owner: key.address)
        var trade = PolymarketTrading.Settings()
        trade.seed = seed
        var client = PolymarketTrading.Client(owner: key.address.checksummed, kind: Int(kind.rawValue))
        client.wallet = kind == .deposit ? address.checksummed : nil
        client.cash = 100_000_000_000
        client.shares = 1_000_000_000
        trade.clients = [client]
        for market in extra {
            trade.markets.append((market, [(4_000, 500_000_000)], [(6_000, 500_000_000), (6_100, 500_000_000)]))
        }
        change(&trade)
        trading = PolymarketTrading(world, trade)
        credentials = try #require(trading.credentials(key.address.checksummed))
        var sink: (SimChange) -> Void = { _ in }
        turn = TradingTurn(world, TruthLedger(), seed: seed, sink: { sink($0) })
        sink = { [unowned self] change in changes.append(change) }
        pass(0)
    }

    /// Lets time go by, and everything happen that is due; changes of the market reach the venue.
    func pass(_ nanoseconds: Int64) {
        let end = turn.now + nanoseconds
        repeat {
            turn.now = min(end, max(turn.now, trading.nextEvent))
            turn.utc = UTCNanos(rawValue: VirtualDrive.base + turn.now)
            trading.advance(turn)
            settle()
        } while turn.now < end || trading.nextEvent <= turn.now
    }

    private func settle() {
        while !changes.isEmpty {
            let all = changes
            changes = []
            for change in all { trading.changed(change, turn) }
        }
        for item in turn.takeDeliveries() {
            switch item.delivery {
            case .frame(let frame):
                let object = try? JSONSerialization.jsonObject(with: Data(frame.text)) as? [String: Any]
                frames.append((turn.now + item.delay, object ?? ["text": String(decoding: frame.text, as: UTF8.self)]))
            case .answer(let id, let answer): answers[id] = answer
            case .drop(let connection): dropped.insert(connection)
            }
        }
        frames.sort { $0.at < $1.at }
    }

    // MARK: Requests

    func headers(_ method: String, _ path: String, _ body: [UInt8], skew: Int64 = 0) -> [String: String] {
        let stamp = String(turn.milliseconds / 1_000 + skew)
        var code: [UInt8] = []
        PolymarketKeys.code(credentials.secret, stamp + method + path, body).appendBase64URL(to: &code)
        return [
            "poly_address": key.address.checksummed, "poly_api_key": credentials.key,
            "poly_passphrase": credentials.passphrase, "poly_timestamp": stamp,
            "poly_signature": String(decoding: code, as: UTF8.self),
        ]
    }

    /// Sends a request as the account.
    func send(_ method: String, _ target: String, _ body: [UInt8] = [], headers: [String: String]? = nil)
        -> WebServer.Response
    {
        request += 1
        let path = String(target.prefix { $0 != "?" })
        let request = WebServer.Request(
            id: request, method: method, target: target, headers: headers ?? self.headers(method, path, body),
            body: body)
        let answer = trading.handle(request, turn) ?? WebServer.Response(status: 404, body: [])
        settle()
        return answer
    }

    /// The answer to the request before, when it was left for later.
    var lateAnswer: WebServer.Response? { answers[request] }

    /// Sends a request and reads the object that comes back.
    func ask(_ method: String, _ target: String, _ body: [UInt8] = []) throws -> [String: Any] {
        try Self.object(send(method, target, body))
    }

    static func object(_ answer: WebServer.Response) throws -> [String: Any] {
        try #require(
            JSONSerialization.jsonObject(with: Data(answer.body), options: .fragmentsAllowed) as? [String: Any])
    }

    // MARK: Orders

    /// A signed order: amounts in base units.
    func body(
        _ token: String, _ side: OrderTicket.Side, making: Int, taking: Int, _ life: OrderTicket.Lifetime,
        exchange: Exchange = .standard, salt: UInt64? = nil
    ) throws -> (bytes: [UInt8], id: String) {
        self.salt += 1
        let template = try OrderTemplate(
            exchange: exchange, wallet: wallet, tokenID: #require(TokenID(token)), owner: credentials.key)
        let ticket = OrderTicket(
            salt: salt ?? self.salt, side: side, makerAmount: BaseUnits(rawValue: UInt64(making)),
            takerAmount: BaseUnits(rawValue: UInt64(taking)), transactTime: turn.utc, lifetime: life)
        var bytes: [UInt8] = []
        let hash = try OrderSigner(key: key, wallet: wallet).write(ticket, template, to: &bytes)
        return (bytes, hash.hex)
    }

    /// A price in ten-thousandths and hundredths of a share.
    func order(
        _ token: String, _ side: OrderTicket.Side, price: Int, size: Int, _ life: OrderTicket.Lifetime,
        exchange: Exchange = .standard
    ) throws -> (bytes: [UInt8], id: String) {
        let (cash, shares) = (price * size, size * 10_000)
        return try body(
            token, side, making: side == .buy ? cash : shares, taking: side == .buy ? shares : cash, life,
            exchange: exchange)
    }

    /// A side of a book has nothing.
    struct Empty: Error {}

    /// Best prices of a pair in ten-thousandths.
    func best(_ pair: Int) throws -> (bid: Int, ask: Int) {
        let book = world.pairs[pair].polymarket
        guard let bid = book.bestBid, let ask = book.bestAsk else { throw Empty() }
        return (bid * 10, ask * 10)
    }

    /// Opens the user channel.
    func listen(_ connection: UInt64 = 1) {
        trading.opened(connection, "/ws/user", turn)
        let login =
            #"{"auth":{"apiKey":"\#(credentials.key)","secret":"\#(credentials.secret)","passphrase":"\#(credentials.passphrase)"},"type":"user","markets":[]}"#
        _ = trading.received(connection, Array(login.utf8), turn)
        settle()
    }
}
