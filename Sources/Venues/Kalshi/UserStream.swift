import Codec
public import Trading
import Transport

/// What may be chosen about the private stream.
public struct UserStreamSettings: Hashable, Sendable {
    /// The connection that it is; not one of the feed's.
    public var link = LinkID(venue: .kalshi, index: .max)
    /// The subaccount whose messages are read; 0 is the primary one.
    public var subaccount = 0
    /// A connection that is neither up nor refused after this long is given up.
    public var openTimeout = Nanoseconds.seconds(20)
    /// Subscriptions that are not acknowledged after this long are asked for on a new connection.
    public var ackTimeout = Nanoseconds.seconds(5)
    /// A gap is told from this much before the last message: the venue's clock and ours differ.
    public var gapMargin = Nanoseconds.seconds(10)
    /// First pause before a reconnect; doubles.
    public var backoffFirst = Nanoseconds.milliseconds(250)
    /// Longest pause before a reconnect.
    public var backoffMax = Nanoseconds.seconds(30)
    /// Seed of the jitter.
    public var seed: UInt64 = 1

    /// The defaults.
    public init() {}
}

/// What the private stream has counted since it was made.
public struct UserStreamCounters: Hashable, Sendable {
    /// Messages received.
    public internal(set) var frames: UInt64 = 0
    /// Fills told.
    public internal(set) var fills: UInt64 = 0
    /// Orders told.
    public internal(set) var orders: UInt64 = 0
    /// Positions told.
    public internal(set) var positions: UInt64 = 0
    /// Messages without use here, or of another subaccount.
    public internal(set) var ignored: UInt64 = 0
    /// Messages that could not be read; each begins a gap.
    public internal(set) var malformed: UInt64 = 0
    /// Messages while the connection was not up.
    public internal(set) var stray: UInt64 = 0
    /// Gaps told.
    public internal(set) var gaps: UInt64 = 0
}

/// Kalshi's private channels: fills, orders, positions and order groups as reports.
///
/// Most of them have no sequence, so loss does not show: every connection that ends, and every message that cannot be
/// read, is a gap, told when it begins and once more when the subscriptions stand again, so that what is read by REST
/// then covers all of it. Duplicates and replays are passed on: a report is told by its names.
/// - Lane: the lane that reads the stream.
/// - Source: sheet sections 6.2, 6.3 and 6.5 of the venue's documentation of 2026-10-08.
public final class UserStream: Trading.UserStream {
    private enum Phase { case idle, opening, open, live, closing }

    /// Kalshi.
    public let venue = VenueID.kalshi
    /// Counts since the stream was made.
    public private(set) var counters = UserStreamCounters()
    /// True while all needed subscriptions stand.
    public var isLive: Bool { phase == .live }

    private let settings: UserStreamSettings
    private let reader = JSONReader()
    private var phase = Phase.idle
    private var actions: [VenueAction] = []
    private var backoff: Backoff
    /// Opening, subscribing, closing: given up then. Idle: opened then.
    private var dueBy: MonotonicNanos?
    private var isAcknowledged = [Bool](repeating: false, count: Wire.PrivateChannel.allCases.count)
    private var groupSid: Int64 = -1
    private var groupSeq: Int64 = 0
    /// Reports may be missing since then; nil while none are.
    private var gapSince: UTCNanos?
    private var lastHeard = UTCNanos(rawValue: 0)

    /// A stream that is not started.
    public init(settings: UserStreamSettings) {
        self.settings = settings
        backoff = Backoff(first: settings.backoffFirst, cap: settings.backoffMax, seed: settings.seed)
    }

    // MARK: Inputs

    /// Asks for the connection. Whatever happened before is a gap.
    public func start(at stamp: Stamp) {
        guard phase == .idle, dueBy == nil else { return }
        gapSince = stamp.utc
        open(at: stamp)
    }

    /// Subscribes each channel with a command of its own, so that a refusal says which.
    public func opened(_ link: LinkID, at stamp: Stamp, into sink: any OrderSink) {
        guard link == settings.link, phase == .opening else { return }
        phase = .open
        lastHeard = stamp.utc
        (groupSid, groupSeq) = (-1, 0)
        for channel in Wire.PrivateChannel.allCases {
            isAcknowledged[channel.rawValue] = false
            let command = Wire.Commands.subscribe(
                id: Int64(channel.rawValue + 1), channels: [channel.word], tickers: [], useYesPrice: nil)
            actions.append(.send(link, text: command))
        }
        dueBy = stamp.monotonic + settings.ackTimeout
    }

    /// One complete message.
    public func received(_ link: LinkID, _ payload: RawSpan, at stamp: Stamp, into sink: any OrderSink) {
        counters.frames &+= 1
        guard link == settings.link, phase == .open || phase == .live else {
            counters.stray &+= 1
            return
        }
        let root: JSONValue
        do throws(JSONFault) { root = try reader.read(payload) } catch {
            return unreadable(error.code, "message", at: stamp, into: sink)
        }
        do throws(WireFault) { try take(root, at: stamp, into: sink) } catch {
            unreadable(error.code, "\(error.field)", at: stamp, into: sink)
        }
        lastHeard = stamp.utc
    }

    /// The link is down: a gap begins, and another connection is made after a pause.
    public func closed(_ link: LinkID, reason: String, at stamp: Stamp, into sink: any OrderSink) {
        guard link == settings.link, phase != .idle else { return }
        if phase == .open || phase == .live || phase == .closing { beginGap(since: lastHeard, into: sink) }
        note("E_FEED_DISCONNECTED", "Private stream ended (\(reason)); connecting again.", sink)
        phase = .idle
        dueBy = stamp.monotonic + backoff.next()
    }

    /// Time has passed.
    public func advance(to stamp: Stamp, into sink: any OrderSink) {
        guard let due = dueBy, stamp.monotonic >= due else { return }
        switch phase {
        case .idle: open(at: stamp)
        case .opening, .closing: closed(settings.link, reason: "no answer", at: stamp, into: sink)
        case .open:
            note("E_FEED_SILENT", "Private subscriptions were not acknowledged; connecting again.", sink)
            close("not acknowledged", at: stamp)
        case .live: dueBy = nil
        }
    }

    /// The next instant at which `advance` has something to do.
    public var nextDeadline: MonotonicNanos? { dueBy }

    /// Takes the queued actions, oldest first.
    public func takeActions() -> [VenueAction] {
        guard !actions.isEmpty else { return [] }
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    // MARK: Messages

    private func take(_ root: JSONValue, at stamp: Stamp, into sink: any OrderSink) throws(WireFault) {
        try Wire.single(root)
        let kind = Wire.privateKind(root)
        if kind == .ignored || kind == .unsubscribed {
            counters.ignored &+= 1
            if kind == .unsubscribed { end("E_FEED_ENDED", "The venue ended a private subscription", at: stamp, sink) }
            return
        }
        guard let body = root["msg"], body.kind == .object else { throw WireFault(.missing, "msg") }
        switch kind {
        case .fill: try takeFill(body, into: sink)
        case .order: try takeOrder(body, at: stamp, into: sink)
        case .position: try takePosition(body, into: sink)
        case .group: try takeGroup(root, body, at: stamp, into: sink)
        case .subscribed: try acknowledge(body, at: stamp, into: sink)
        case .error: try refused(root, body, at: stamp, into: sink)
        case .unsubscribed, .ignored: break
        }
    }

    private func isOurs(_ subaccount: Int?) -> Bool {
        if subaccount ?? settings.subaccount == settings.subaccount { return true }
        counters.ignored &+= 1
        return false
    }

    private func takeFill(_ body: JSONValue, into sink: any OrderSink) throws(WireFault) {
        let told = try Wire.fillBody(body)
        guard isOurs(told.subaccount) else { return }
        counters.fills &+= 1
        sink.apply(
            report(told.orderID, told.clientOrderID, told.ticker, .fill(told.fill), told.outcome, told.at))
        if let position = told.postPosition { sink.apply(VenuePosition(kalshi: told.ticker, position)) }
    }

    private func takeOrder(_ body: JSONValue, at stamp: Stamp, into sink: any OrderSink) throws(WireFault) {
        let told = try Wire.orderBody(body)
        guard isOurs(told.subaccount) else { return }
        counters.orders &+= 1
        guard let summary = told.summary else {
            return tellGap(since: stamp.utc, "The venue does not know where order \(told.orderID) stands", into: sink)
        }
        sink.apply(
            report(
                told.orderID, told.clientOrderID, told.ticker, .summary(summary), told.outcome,
                told.updatedAt ?? told.createdAt))
    }

    private func takePosition(_ body: JSONValue, into sink: any OrderSink) throws(WireFault) {
        let told = try Wire.positionUpdate(body)
        guard isOurs(told.subaccount) else { return }
        counters.positions &+= 1
        sink.apply(VenuePosition(kalshi: told.ticker, told.position))
    }

    private func takeGroup(
        _ root: JSONValue, _ body: JSONValue, at stamp: Stamp, into sink: any OrderSink
    ) throws(WireFault) {
        let told = try Wire.groupEvent(body)
        let seq = try Wire.optionalInteger(root, "seq")
        let sid = try Wire.optionalInteger(root, "sid")
        if let seq, sid == groupSid || groupSid < 0 {
            if seq > groupSeq + 1 { tellGap(since: lastHeard, "News of order groups were lost", into: sink) }
            groupSeq = max(groupSeq, seq)
        }
        guard told.event == "triggered" else { return }
        note("E_EXEC_ORDER_GROUP", "Order group \(told.id) was triggered: it takes no orders until it is reset.", sink)
    }

    private func report(
        _ orderID: String, _ clientOrderID: String?, _ ticker: String, _ event: OrderEvent, _ outcome: Outcome,
        _ at: UTCNanos?
    ) -> ExecutionReport {
        ExecutionReport(
            venue: venue, orderID: OrderID(orderID), clOrdID: clientOrderID.flatMap { ClOrdID($0) }, symbol: ticker,
            event: event, outcome: outcome, source: .stream, transactTime: at)
    }

    // MARK: Subscriptions

    private func acknowledge(_ body: JSONValue, at stamp: Stamp, into sink: any OrderSink) throws(WireFault) {
        guard let channel = Wire.privateChannel(body) else { return }
        isAcknowledged[channel.rawValue] = true
        if channel == .groups { groupSid = try Wire.optionalInteger(body, "sid") ?? -1 }
        settleIfReady(at: stamp, into: sink)
    }

    /// All that is needed stands, and what is not was answered: whatever came before is one gap.
    private func settleIfReady(at stamp: Stamp, into sink: any OrderSink) {
        guard phase == .open, isAcknowledged.allSatisfy({ $0 }) else { return }
        phase = .live
        dueBy = nil
        backoff.reset()
        guard let since = gapSince else { return }
        gapSince = nil
        tell(gap: since, into: sink)
    }

    private func refused(
        _ root: JSONValue, _ body: JSONValue, at stamp: Stamp, into sink: any OrderSink
    ) throws(WireFault) {
        let error = try Wire.error(body)
        let text = "The venue refused a private command: code \(error.code), \(error.text)"
        let id = try Wire.optionalInteger(root, "id")
        if let channel = id.flatMap({ Wire.PrivateChannel(rawValue: Int(clamping: $0) - 1) }), !channel.isNeeded {
            note("E_FEED_VENUE_ERROR", "\(text); going on without it.", sink)
            isAcknowledged[channel.rawValue] = true
            return settleIfReady(at: stamp, into: sink)
        }
        end("E_FEED_VENUE_ERROR", text, at: stamp, sink)
    }

    // MARK: Link and gaps

    private func open(at stamp: Stamp) {
        phase = .opening
        actions.append(.open(settings.link))
        dueBy = stamp.monotonic + settings.openTimeout
    }

    private func close(_ reason: String, at stamp: Stamp) {
        phase = .closing
        actions.append(.close(settings.link, reason: reason))
        dueBy = stamp.monotonic + settings.ackTimeout
    }

    private func end(_ code: String, _ text: String, at stamp: Stamp, _ sink: any OrderSink) {
        note(code, "\(text); connecting again.", sink)
        close("ended by the venue", at: stamp)
    }

    private func beginGap(since: UTCNanos, into sink: any OrderSink) {
        if gapSince.map({ since < $0 }) ?? true { gapSince = since }
        tell(gap: gapSince ?? since, into: sink)
    }

    private func tellGap(since: UTCNanos, _ text: String, into sink: any OrderSink) {
        note("E_FEED_GAP", "\(text); orders and fills are to be read.", sink)
        tell(gap: since, into: sink)
    }

    private func tell(gap since: UTCNanos, into sink: any OrderSink) {
        counters.gaps &+= 1
        sink.gap(venue, since: UTCNanos(rawValue: max(0, since.rawValue - settings.gapMargin.rawValue)))
    }

    private func unreadable(_ code: String, _ field: String, at stamp: Stamp, into sink: any OrderSink) {
        counters.malformed &+= 1
        note(code, "A private message cannot be read (\(field)); orders and fills are to be read.", sink)
        tell(gap: lastHeard, into: sink)
    }

    private func note(_ code: String, _ text: String, _ sink: any OrderSink) {
        sink.note(FeedNotice(code: code, link: settings.link, text: text))
    }
}
