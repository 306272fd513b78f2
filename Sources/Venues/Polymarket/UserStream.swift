import Codec
import Signing
public import Trading

/// What may be chosen about the private stream.
public struct UserStreamSettings: Hashable, Sendable {
    /// The connection's place among the venue's: behind those of the feed.
    public var link = LinkID(venue: .polymarket, index: .max)
    /// Text pings.
    public var pingEvery = Nanoseconds.seconds(10)
    /// A link without any frame for this long is dead.
    public var frameSilenceMax = Nanoseconds.seconds(30)
    /// Nothing acknowledges a subscription: this long after the link is up it surely is in force.
    public var settleAfter = Nanoseconds.seconds(2)
    /// A link that ends sooner, without one event, was refused: bad keys.
    public var refusedWithin = Nanoseconds.seconds(5)
    /// Reports may be late by this much when a gap is told.
    public var overlap = Nanoseconds.seconds(60)
    /// First pause before a reconnect; doubles, half of it drawn at random.
    public var backoffFirst = Nanoseconds.milliseconds(250)
    /// Longest pause before a reconnect.
    public var backoffMax = Nanoseconds.seconds(30)
    /// First pause after a refusal; doubles.
    public var refusalFirst = Nanoseconds.seconds(30)
    /// Longest pause after refusals.
    public var refusalMax = Nanoseconds.seconds(600)
    /// Fills whose firmness is remembered: those of many minutes. One that is told anew after that, the books join.
    public var fillsMax = 1_024
    /// Seed of the jitter.
    public var seed: UInt64 = 1

    /// The defaults.
    public init() {}
}

/// What the stream has done; plain counts.
public struct UserStreamCounters: Hashable, Sendable {
    /// Messages about orders of ours.
    public internal(set) var orders: UInt64 = 0
    /// Messages about trades of ours.
    public internal(set) var trades: UInt64 = 0
    /// Messages about others.
    public internal(set) var foreign: UInt64 = 0
    /// Messages that said nothing new, or less than was known.
    public internal(set) var repeats: UInt64 = 0
    /// Messages of unknown kinds or with unknown words.
    public internal(set) var unknown: UInt64 = 0
    /// Messages that could not be read.
    public internal(set) var malformed: UInt64 = 0
}

/// Polymarket's private channel: orders and trades of the account, each trade with how firm it is.
///
/// The venue neither acknowledges the subscription nor replays: every time the link comes up reports may have been missed,
/// and that is told (`gap`) at once and again when the subscription is surely in force.
/// - Lane: the lane that reads the stream.
/// - Source: sheet of November 2026, sections 2 and 7.
public final class UserStream: Trading.UserStream {
    /// Polymarket.
    public let venue = VenueID.polymarket
    let settings: UserStreamSettings
    private let keys: ApiKeys
    let identity: Identity
    let known: (OrderID) -> KnownOrder?
    private let reader = JSONReader(limits: .webSocket)
    private var random: SeededGenerator
    private var actions: [VenueAction] = []

    private var isUp = false
    private var openedAt: MonotonicNanos?
    private var openDue: MonotonicNanos?
    private var settleDue: MonotonicNanos?
    private var lastFrame = MonotonicNanos(rawValue: 0)
    private var lastPing = MonotonicNanos(rawValue: 0)
    /// Since when reports may be missing.
    private var gapSince: UTCNanos?
    private var hasEvents = false
    private var failures = 0
    private var refusals = 0

    /// Firmness by the mark of a fill, and their order of arrival. All memory is taken at the start.
    private(set) var firmness: [NameMark: Firmness] = [:]
    private var arrivals: [NameMark] = []
    private var oldest = 0

    /// How firm a fill was last.
    struct Firmness {
        var settlement: Settlement
        var at: UTCNanos?
    }

    /// What it has done so far.
    public internal(set) var counters = UserStreamCounters()

    /// A stream of the account's own orders and trades.
    ///
    /// - Parameters:
    ///   - known: what is known of an order that was prepared here (`Gateway.known`).
    public init(
        account: TradingAccount, settings: UserStreamSettings = UserStreamSettings(),
        known: @escaping (OrderID) -> KnownOrder? = { _ in nil }
    ) {
        precondition(settings.fillsMax > 0, "something is remembered")
        self.settings = settings
        keys = account.keys
        identity = Identity(apiKey: account.keys.apiKey, wallet: account.wallet.address.checksummed)
        self.known = known
        random = SeededGenerator(seed: settings.seed)
        firmness.reserveCapacity(settings.fillsMax)
        arrivals.reserveCapacity(settings.fillsMax)
    }

    // MARK: Link

    /// Queues the action that opens the link.
    public func start(at stamp: Stamp) {
        gapSince = gapSince ?? stamp.utc
        openDue = nil
        actions.append(.open(settings.link))
    }

    /// Authenticates, for all markets at once; tells the gap.
    public func opened(_ link: LinkID, at stamp: Stamp, into sink: any OrderSink) {
        guard link == settings.link else { return }
        isUp = true
        hasEvents = false
        openedAt = stamp.monotonic
        lastFrame = stamp.monotonic
        lastPing = stamp.monotonic
        settleDue = stamp.monotonic + settings.settleAfter
        actions.append(.send(link, text: Wire.login(keys)))
        sink.gap(venue, since: since(stamp.utc))
    }

    private func since(_ now: UTCNanos) -> UTCNanos {
        (gapSince ?? now) + Nanoseconds(rawValue: -settings.overlap.rawValue)
    }

    /// The gap begins; the link is opened again after a pause, a long one where the venue seems to refuse the keys.
    public func closed(_ link: LinkID, reason: String, at stamp: Stamp, into sink: any OrderSink) {
        guard link == settings.link, openDue == nil else { return }
        let lived = isUp ? openedAt.map { stamp.monotonic - $0 } : nil
        // What came before the last frame was told; only since then may something be missing.
        if isUp, settleDue == nil {
            gapSince = stamp.utc + Nanoseconds(rawValue: (lastFrame - stamp.monotonic).rawValue)
        }
        isUp = false
        settleDue = nil
        let isRefused = lived.map { $0 < settings.refusedWithin && !hasEvents } ?? false
        let pause: Int64
        if isRefused {
            pause = backoff(settings.refusalFirst, settings.refusalMax, refusals)
            refusals += 1
        } else {
            if let lived, lived >= .seconds(60) { (failures, refusals) = (0, 0) }
            pause = backoff(settings.backoffFirst, settings.backoffMax, failures)
            failures += 1
        }
        openDue = stamp.monotonic + Nanoseconds(rawValue: pause)
        sink.note(
            FeedNotice(
                code: isRefused ? "E_AUTH_USER_STREAM" : "E_FEED_USER_DOWN", link: link,
                text: isRefused
                    ? "the venue ended the private stream at once (\(reason)): the API keys may be refused; again in \(pause / 1_000_000) ms"
                    : "\(reason); reconnecting in \(pause / 1_000_000) ms"))
    }

    private func backoff(_ first: Nanoseconds, _ most: Nanoseconds, _ attempt: Int) -> Int64 {
        let step = min(most.rawValue, first.rawValue << Int64(min(attempt, 16)))
        return Int64.random(in: (step / 2)...step, using: &random)
    }

    /// Reconnects, pings, and the second telling of the gap.
    public func advance(to stamp: Stamp, into sink: any OrderSink) {
        let now = stamp.monotonic
        if let due = openDue, due <= now {
            openDue = nil
            actions.append(.open(settings.link))
        }
        guard isUp else { return }
        if let due = settleDue, due <= now {
            settleDue = nil
            sink.gap(venue, since: since(stamp.utc))
            gapSince = stamp.utc
        }
        if now - lastFrame >= settings.frameSilenceMax {
            lastPing = now
            // `closed` follows; until then it is not asked for again.
            lastFrame = now
            let silence = settings.frameSilenceMax.rawValue / 1_000_000
            actions.append(.close(settings.link, reason: "no frame for \(silence) ms"))
        } else if now - lastPing >= settings.pingEvery {
            lastPing = now
            actions.append(.send(settings.link, text: Wire.ping))
        }
    }

    /// The next instant at which `advance` has something to do.
    public var nextDeadline: MonotonicNanos? {
        guard isUp else { return openDue }
        let due = min(lastFrame + settings.frameSilenceMax, lastPing + settings.pingEvery)
        return settleDue.map { min($0, due) } ?? due
    }

    /// Takes the queued actions, oldest first. One of them carries the API keys: it is sent and neither kept nor shown.
    public func takeActions() -> [VenueAction] {
        guard !actions.isEmpty else { return [] }
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    // MARK: Messages

    /// One message: an event, a list of events, or `PONG`.
    public func received(_ link: LinkID, _ payload: RawSpan, at stamp: Stamp, into sink: any OrderSink) {
        guard link == settings.link else { return }
        lastFrame = stamp.monotonic
        if payload.byteCount == 4, payload.unsafeLoadUnaligned(as: UInt32.self) == 0x474E_4F50 { return }  // "PONG"
        do throws(WireFault) {
            let root: JSONValue
            do throws(JSONFault) { root = try reader.read(payload) } catch { throw WireFault(.json(error), "message") }
            if root.kind == .array {
                for element in root.elements { apply(element, at: stamp, into: sink) }
            } else {
                apply(root, at: stamp, into: sink)
            }
        } catch { malformed(error, at: stamp, into: sink) }
    }

    private func apply(_ root: JSONValue, at stamp: Stamp, into sink: any OrderSink) {
        do throws(WireFault) {
            guard root.kind == .object else { throw WireFault(.field, "message") }
            switch Wire.userKind(root) {
            case .order: try apply(order: Wire.openOrder(root), root, at: stamp, into: sink)
            case .trade: try apply(trade: Wire.trade(root), root, at: stamp, into: sink)
            case .other: counters.unknown += 1
            }
        } catch { malformed(error, at: stamp, into: sink) }
    }

    /// What cannot be read may have been a fill: the lists are asked.
    private func malformed(_ fault: WireFault, at stamp: Stamp, into sink: any OrderSink) {
        counters.malformed += 1
        sink.note(
            FeedNotice(
                code: fault.code, link: settings.link,
                text:
                    "a message of the private stream cannot be read at \(fault.field); orders and trades are read anew")
        )
        sink.gap(venue, since: stamp.utc + Nanoseconds(rawValue: -settings.overlap.rawValue))
    }

    func noteEvent() {
        hasEvents = true
        refusals = 0
    }

    /// How firm a fill was last; nil: it is new, or was forgotten.
    func lastFirmness(_ id: ExecID) -> Firmness? { firmness[NameMark(id)] }

    /// Remembers how firm a fill is, forgetting the oldest.
    func remember(_ id: ExecID, _ settlement: Settlement, _ at: UTCNanos?) {
        let mark = NameMark(id)
        let isNew = firmness.updateValue(Firmness(settlement: settlement, at: at), forKey: mark) == nil
        guard isNew else { return }
        if arrivals.count < settings.fillsMax {
            arrivals.append(mark)
        } else {
            firmness[arrivals[oldest]] = nil
            arrivals[oldest] = mark
            oldest = (oldest + 1) % settings.fillsMax
        }
    }
}
