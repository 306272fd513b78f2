import Codec
import Trading

// Everything that is not a book: acknowledgements, refusals, trades, and the life of markets.
extension Feed {
    /// A frame of another subscription, or of none.
    func aside(_ index: Int, _ envelope: Wire.Envelope, at stamp: Stamp, into sink: any BookSink) -> Bool {
        switch envelope.kind {
        case .trade: return trade(index, envelope, at: stamp, into: sink)
        case .marketLifecycle, .eventFee:
            lifecycle(index, envelope, at: stamp, into: sink)
        case .subscribed, .unsubscribed, .ok, .error:
            control(index, envelope, at: stamp, into: sink)
        case .ignored: counters.ignoredKinds &+= 1
        case .unknown: counters.unknownKinds &+= 1
        case .delta, .snapshot: counters.unknownSids &+= 1
        }
        return false
    }

    private func trade(
        _ index: Int, _ envelope: Wire.Envelope, at stamp: Stamp, into sink: any BookSink
    ) -> Bool {
        guard envelope.sid == links[index].tradeSid else {
            counters.unknownSids &+= 1
            return false
        }
        do throws(WireFault) {
            guard let body = envelope.body else { throw WireFault(.missing, "msg") }
            let trade = try Wire.trade(body)
            lines[index].lastData = stamp.monotonic
            guard let found = symbols.lookup(trade.ticker) else {
                counters.unknownTickers &+= 1
                return true
            }
            counters.trades &+= 1
            sink.apply(.trade(markets[Int(found)].id, trade.price, trade.quantity))
            return true
        } catch {
            counters.malformed &+= 1
            note(
                error.code, index, nil, "A trade cannot be read (\(error.field)); no book depends on it.", sink,
                at: stamp)
            return false
        }
    }

    /// Answers to our commands, and the venue's own words about a subscription.
    func control(_ index: Int, _ envelope: Wire.Envelope, at stamp: Stamp, into sink: any BookSink) {
        switch envelope.kind {
        case .subscribed: subscribed(index, envelope.body, at: stamp, into: sink)
        case .unsubscribed: ended(index, envelope.sid, "unsubscribed", at: stamp, into: sink)
        case .error: refused(index, envelope, at: stamp, into: sink)
        case .ok: break
        case .ignored: counters.ignoredKinds &+= 1
        default: counters.unknownKinds &+= 1
        }
    }

    private func subscribed(_ index: Int, _ body: JSONValue?, at stamp: Stamp, into sink: any BookSink) {
        do throws(WireFault) {
            guard let body else { throw WireFault(.missing, "msg") }
            let (channel, sid) = try Wire.subscribed(body)
            switch channel {
            case .book:
                // Subscribing again merges into a subscription that is there; its counter then runs on.
                let isOther = lines[index].sid != sid
                if isOther { lines[index].expected = 1 }
                lines[index].sid = sid
                addMarkets(index, at: stamp)
                // What is live was fed by another subscription, which is nobody's from here on.
                if isOther, hasLive(index) {
                    resync(index, .subscriptionEnded, at: stamp, into: sink)
                }
            case .trade:
                links[index].tradeSid = sid
                addMarkets(index, at: stamp)
            case .lifecycle:
                if links[index].lifecycleSid != sid { links[index].lifecycleExpected = 1 }
                // What was said before is lost: the terms are read at once.
                wishes = ReferenceWishes(markets: true, fees: wishes.fees, isUrgent: true)
                links[index].lifecycleSid = sid
            case .other: counters.ignoredKinds &+= 1
            }
        } catch {
            counters.malformed &+= 1
            note(error.code, index, nil, "An acknowledgement cannot be read (\(error.field)).", sink, at: stamp)
        }
    }

    private func hasLive(_ index: Int) -> Bool {
        links[index].markets.contains { markets[Int($0)].phase == .live }
    }

    /// A subscription is gone: its books are void, and it is asked for anew.
    private func ended(
        _ index: Int, _ sid: Int64?, _ why: String, at stamp: Stamp, into sink: any BookSink
    ) {
        guard let sid else { return }
        if sid == lines[index].sid {
            note(
                "E_FEED_ENDED", index, nil, "The venue ended the book subscription (\(why)); subscribing anew.", sink,
                at: stamp)
            lines[index].sid = -1
            if links[index].step == .none { links[index].step = .askedSnapshots }
            resync(index, .subscriptionEnded, at: stamp, into: sink)
        } else if sid == links[index].tradeSid {
            subscribeTrades(index)
        } else if sid == links[index].lifecycleSid {
            wishes.markets = true
            subscribeLifecycle(index)
        }
    }

    private func refused(_ index: Int, _ envelope: Wire.Envelope, at stamp: Stamp, into sink: any BookSink) {
        let error: Wire.VenueError
        do throws(WireFault) {
            guard let body = envelope.body else { throw WireFault(.missing, "msg") }
            error = try Wire.error(body)
        } catch let fault {
            counters.malformed &+= 1
            return note(fault.code, index, nil, "A refusal cannot be read (\(fault.field)).", sink, at: stamp)
        }
        note("E_FEED_VENUE_ERROR", index, nil, "The venue refuses: code \(error.code), \(error.text).", sink, at: stamp)
        var lost = false
        for ticker in error.tickers {
            guard let place = symbols.lookup(ticker).map(Int.init), markets[place].link == Int32(index) else {
                continue
            }
            lost = refuse(place, at: stamp, into: sink) || lost
        }
        switch error.code {
        case 10, 25:  // the subscription is over: an error of the channel, or we read too slowly
            guard envelope.sid != nil else {
                return reopen(index, .subscriptionEnded, "code \(error.code)", at: stamp, into: sink)
            }
            ended(index, envelope.sid, "code \(error.code)", at: stamp, into: sink)
        case 9:  // not signed in: another connection with another signature
            reopen(index, .disconnected, "code 9", at: stamp, into: sink)
        case 7 where lines[index].sid >= 0 && links[index].waiting > 0:  // it does not know our subscription
            ended(index, lines[index].sid, "code 7", at: stamp, into: sink)
        default:
            // Whatever was asked for does not come; the ladder's deadline acts. Without the refused markets, at once.
            if lost, links[index].waiting > 0 {
                resubscribe(index, .subscriptionEnded, at: stamp, into: sink)
            }
        }
    }

    /// A market that the venue does not take stays void; the others must not suffer.
    private func refuse(_ place: Int, at stamp: Stamp, into sink: any BookSink) -> Bool {
        let phase = markets[place].phase
        guard phase == .waiting || phase == .live else { return false }
        leave(place, .refused, .subscriptionEnded, at: stamp, into: sink)
        note("E_FEED_REFUSED", Int(markets[place].link), place, "The venue does not take this market.", sink, at: stamp)
        return true
    }

    /// The book is void and no snapshot is wanted.
    private func leave(
        _ place: Int, _ phase: Phase, _ reason: VoidReason, at stamp: Stamp, into sink: any BookSink
    ) {
        let before = markets[place].phase
        guard before != .idle, before != phase else { return }
        markets[place].phase = phase
        forgetCheck(place)
        _ = sink.apply(.voided(markets[place].id, reason))
        if before == .waiting { settled(Int(markets[place].link), at: stamp) }
    }
}

// The life of markets.
extension Feed {
    private func lifecycle(_ index: Int, _ envelope: Wire.Envelope, at stamp: Stamp, into sink: any BookSink) {
        guard envelope.sid == links[index].lifecycleSid else {
            counters.unknownSids &+= 1
            return
        }
        if let seq = envelope.seq {
            if seq != links[index].lifecycleExpected {
                note(
                    "E_FEED_LIFECYCLE_GAP", index, nil, "Lifecycle messages were lost; terms are read again.", sink,
                    at: stamp)
                wishes = ReferenceWishes(markets: true, fees: true)
            }
            links[index].lifecycleExpected = seq &+ 1  // a counter of the venue, below 2^63
        }
        do throws(WireFault) {
            guard let body = envelope.body else { throw WireFault(.missing, "msg") }
            if envelope.kind == .eventFee {
                feesChanged(try Wire.eventFee(body), into: sink)
            } else {
                try changed(try Wire.marketLifecycle(body), at: stamp, into: sink)
            }
        } catch {
            counters.malformed &+= 1
            wishes = ReferenceWishes(markets: true, fees: true)
            note(
                error.code, index, nil, "A lifecycle message cannot be read (\(error.field)); terms are read again.",
                sink, at: stamp)
        }
    }

    private func changed(
        _ message: Wire.MarketLifecycle, at stamp: Stamp, into sink: any BookSink
    ) throws(WireFault) {
        guard let found = symbols.lookup(message.ticker) else {
            counters.unknownTickers &+= 1
            return
        }
        let place = Int(found)
        let id = markets[place].id
        guard markets[place].phase != .idle else { return }
        switch message.event {
        case .created, .metadataUpdated: wishes.markets = true
        case .activated:
            tell(place, .active, at: stamp, into: sink)
            if markets[place].phase == .paused { want(place, at: stamp) }
        case .deactivated:
            tell(place, .paused, at: stamp, into: sink)
            leave(place, .paused, .notTrading, at: stamp, into: sink)
        case .determined, .settled:
            tell(place, .closed, at: stamp, into: sink)
            let isNew = markets[place].phase != .ended && markets[place].phase != .refused
            leave(place, .ended, .notTrading, at: stamp, into: sink)
            if isNew { deleteMarket(place) }
        case .closeDateUpdated:
            // Which of the other ends is nearer is known to the terms alone.
            var end: UTCNanos?
            if let close = message.close, let other = details[place].otherEnd { end = min(close, other) }
            sink.apply(.entriesEnd(id, end))
            wishes.markets = true
        case .gridUpdated:
            wishes.markets = true
            guard let ranges = message.ranges else { throw WireFault(.missing, "price_ranges") }
            let grid: TickGrid
            do throws(WireFault) { grid = try Wire.grid(ranges) } catch {
                void(place, .gridChanged, at: stamp, into: sink)
                throw error
            }
            regrid(place, grid, at: stamp, into: sink)
        case .unknown: counters.unknownKinds &+= 1
        }
    }

    /// Fees of an event changed: every market of it is named after it.
    private func feesChanged(_ event: JSONText, into sink: any BookSink) {
        wishes.fees = true
        let prefix = event.string + "-"
        for (place, detail) in details.enumerated() where detail.ticker.hasPrefix(prefix) {
            sink.apply(.feesChanged(markets[place].id))
        }
    }

    /// The book ends with its grid; the ladders must hold both, since resting orders keep their prices.
    private func regrid(_ place: Int, _ grid: TickGrid, at stamp: Stamp, into sink: any BookSink) {
        guard grid != details[place].grid else { return }
        setGrid(place, grid)
        sink.apply(.grid(markets[place].id, grid))
        if markets[place].phase == .live { void(place, .gridChanged, at: stamp, into: sink) }
    }

    private func setGrid(_ place: Int, _ grid: TickGrid) {
        var previous = details[place].grid
        var unit = previous.map { Self.divisor($0.unit, grid.unit) } ?? grid.unit
        if unit.rawValue < TickGrid.unitMin {
            // No ladder holds both: an order that kept a price of the old grid makes the next snapshot unreadable.
            (previous, unit) = (nil, grid.unit)
        }
        details[place].previousGrid = previous
        details[place].grid = grid
        details[place].unit = unit
        markets[place].checksGrid = !(Self.isPlain(grid, unit) && previous.map { Self.isPlain($0, unit) } ?? true)
    }

    /// True when every multiple of `unit` between zero and one is on the grid.
    private static func isPlain(_ grid: TickGrid, _ unit: Price) -> Bool {
        grid.bands.count == 1 && grid.bands[0].start == .zero && grid.bands[0].end == .one && grid.bands[0].step == unit
    }

    private static func divisor(_ left: Price, _ right: Price) -> Price {
        var (x, y) = (left.rawValue, right.rawValue)
        while y != 0 { (x, y) = (y, x % y) }
        return Price(rawValue: x) ?? left
    }
}

// What the reference reader knows.
extension Feed {
    /// A change that the reference reader saw and the feed acts on.
    enum Learned {
        case grid(TickGrid)
        case active
    }

    private func tell(_ place: Int, _ status: TradingStatus, at stamp: Stamp, into sink: any BookSink) {
        details[place].told = (status, stamp.monotonic)
        wishes.markets = true  // the terms say more: dates, shard
        sink.apply(.status(markets[place].id, status))
    }

    /// What the lifecycle said after `instant`: newer than any terms that were asked for then, whenever they arrive.
    func status(of instrument: InstrumentID, toldAfter instant: MonotonicNanos) -> TradingStatus? {
        guard let place = place(instrument), let told = details[place].told, told.at >= instant else { return nil }
        return told.status
    }

    /// Takes what the terms say of a market. A grid that is new to a book that is up is acted on at the next turn.
    func learn(
        _ instrument: InstrumentID, _ grid: TickGrid, status: TradingStatus, otherEnd: UTCNanos?, at stamp: Stamp
    ) {
        guard let place = place(instrument) else { return }
        details[place].otherEnd = otherEnd
        if details[place].grid == nil, markets[place].phase != .live {
            setGrid(place, grid)
        } else if details[place].grid != grid {
            learned.append((Int32(place), .grid(grid)))
            schedule(stamp.monotonic)
        }
        if status == .active, markets[place].phase == .paused {
            learned.append((Int32(place), .active))
            schedule(stamp.monotonic)
        }
    }

    func applyLearned(at stamp: Stamp, into sink: any BookSink) {
        let changes = learned
        learned.removeAll(keepingCapacity: true)
        for (market, change) in changes {
            let place = Int(market)
            switch change {
            case .grid(let grid):
                if details[place].grid == nil, grid.unit.rawValue % Self.finestUnit.rawValue == 0 {
                    details[place].grid = grid  // the book stands on a ladder that is finer, and stays
                    markets[place].checksGrid = !Self.isPlain(grid, details[place].unit)
                } else {
                    regrid(place, grid, at: stamp, into: sink)
                }
            case .active: if markets[place].phase == .paused { want(place, at: stamp) }
            }
        }
    }
}
