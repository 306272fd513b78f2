import Codec
public import Trading

// The resync ladder: (1) all books void, (2) ask for their snapshots, (3) subscribe anew, then connect anew.
extension Feed {
    func gap(_ index: Int, _ what: String, at stamp: Stamp, into sink: any BookSink) {
        note(
            "E_FEED_GAP", index, nil,
            "The sequence is broken (\(what)); all \(links[index].markets.count) books are void.",
            sink, at: stamp)
        resync(index, .gap, at: stamp, into: sink)
    }

    /// Voids every book of the connection and takes the next step of the ladder.
    func resync(_ index: Int, _ reason: VoidReason, at stamp: Stamp, into sink: any BookSink) {
        voidAll(index, reason, into: sink)
        guard lines[index].phase == .open, links[index].waiting > 0 else { return }
        if links[index].resyncs.hit(stamp.monotonic) {
            links[index].resyncs.removeAll()
            note("E_FEED_VENUE_DOWN", index, nil, "Too many gaps within a minute; the connection is made anew.", sink)
            return reopen(index, reason, "too many gaps", at: stamp, into: sink)
        }
        climb(index, reason, at: stamp, into: sink)
    }

    private func climb(_ index: Int, _ reason: VoidReason, at stamp: Stamp, into sink: any BookSink) {
        switch links[index].step {
        case .none:
            links[index].step = .askedSnapshots
            askSnapshots(index, at: stamp)
        case .askedSnapshots:
            resubscribe(index, reason, at: stamp, into: sink)
        case .resubscribed:
            note("E_FEED_RESYNC", index, nil, "Subscribing anew did not bring the books back; connecting anew.", sink)
            reopen(index, reason, "resync failed", at: stamp, into: sink)
        }
    }

    /// Drops the subscriptions and asks for new ones: what the old ones still send is nobody's.
    func resubscribe(_ index: Int, _ reason: VoidReason, at stamp: Stamp, into sink: any BookSink) {
        voidAll(index, reason, into: sink)
        links[index].step = .resubscribed
        for sid in [lines[index].sid, links[index].tradeSid] where sid >= 0 {
            send(index) { Wire.Commands.unsubscribe(id: $0, sid: sid) }
        }
        subscribe(index, at: stamp)
    }

    /// Voids one book and asks for its snapshot; the rest of the connection is not concerned.
    func void(_ place: Int, _ reason: VoidReason, at stamp: Stamp, into sink: any BookSink) {
        guard markets[place].phase == .live else { return }
        let index = Int(markets[place].link)
        markets[place].phase = .waiting
        forgetCheck(place)
        links[index].waiting += 1
        _ = sink.apply(.voided(markets[place].id, reason))
        ask(index, [Int32(place)], at: stamp)
    }

    /// Wants a snapshot of a book that is void already.
    func want(_ place: Int, at stamp: Stamp) {
        let index = Int(markets[place].link)
        markets[place].phase = .waiting
        links[index].waiting += 1
        ask(index, [Int32(place)], at: stamp)
    }

    private func voidAll(_ index: Int, _ reason: VoidReason, into sink: any BookSink) {
        for market in links[index].markets where markets[Int(market)].phase == .live {
            let place = Int(market)
            markets[place].phase = .waiting
            details[place].isAsked = false
            links[index].waiting += 1
            _ = sink.apply(.voided(markets[place].id, reason))
        }
        links[index].askedAt = nil
        links[index].nextCheck = MonotonicNanos(rawValue: .max)
    }

    private func askSnapshots(_ index: Int, at stamp: Stamp) {
        let waiting = links[index].markets.filter { markets[Int($0)].phase == .waiting }
        for chunk in chunks(waiting) { ask(index, chunk, at: stamp) }
    }

    private func ask(_ index: Int, _ chunk: [Int32], at stamp: Stamp) {
        guard lines[index].phase == .open, lines[index].sid >= 0 else { return }
        if links[index].step == .none { links[index].step = .askedSnapshots }
        awaitStep(index, at: stamp)
        sendSnapshotRequest(index, chunk)
    }

    private func sendSnapshotRequest(_ index: Int, _ chunk: [Int32]) {
        send(index) { id in
            Wire.Commands.update(id: id, sid: lines[index].sid, .getSnapshot, tickers: tickers(chunk))
        }
    }

    private func awaitStep(_ index: Int, at stamp: Stamp) {
        let due = stamp.monotonic + settings.snapshotTimeout
        links[index].stepBy = due
        schedule(due)
    }

    /// A market that waited is live: the step has progressed, or is done.
    func arrived(_ index: Int, at stamp: Stamp) { settled(index, at: stamp) }

    /// One market less is waited for.
    func settled(_ index: Int, at stamp: Stamp) {
        links[index].waiting -= 1
        if links[index].waiting == 0 {
            links[index].step = .none
            links[index].stepBy = nil
        } else if links[index].stepBy != nil {
            links[index].stepBy = stamp.monotonic + settings.snapshotTimeout
        }
    }
}

// Subscriptions.
extension Feed {
    func subscribe(_ index: Int, at stamp: Stamp) {
        lines[index].sid = -1
        lines[index].expected = 1
        links[index].tradeSid = -1
        let wanted = links[index].markets.filter {
            let phase = markets[Int($0)].phase
            return phase == .waiting || phase == .live || phase == .paused
        }
        guard !wanted.isEmpty else { return }
        var rest = chunks(wanted)
        let first = rest.removeFirst()
        links[index].toAdd = rest
        let channels: [StaticString] = settings.wantsTrades ? ["orderbook_delta", "trade"] : ["orderbook_delta"]
        send(index) { id in
            Wire.Commands.subscribe(
                id: id, channels: channels, tickers: tickers(first), useYesPrice: settings.useYesPrice)
        }
        awaitStep(index, at: stamp)
    }

    func subscribeTrades(_ index: Int) {
        links[index].tradeSid = -1
        guard settings.wantsTrades, lines[index].phase == .open else { return }
        let all = links[index].markets.filter { markets[Int($0)].phase != .ended && markets[Int($0)].phase != .refused }
        guard !all.isEmpty else { return }
        for chunk in chunks(all) {
            send(index) { id in
                Wire.Commands.subscribe(id: id, channels: ["trade"], tickers: tickers(chunk), useYesPrice: nil)
            }
        }
    }

    func subscribeLifecycle(_ index: Int) {
        links[index].lifecycleSid = -1
        send(index) { id in
            Wire.Commands.subscribe(id: id, channels: ["market_lifecycle_v2"], tickers: [], useYesPrice: nil)
        }
    }

    /// Adds what did not fit the first command, once both subscriptions have a sid.
    func addMarkets(_ index: Int, at stamp: Stamp) {
        guard lines[index].sid >= 0, links[index].tradeSid >= 0 || !settings.wantsTrades else { return }
        let chunks = links[index].toAdd
        links[index].toAdd = []
        guard !chunks.isEmpty else { return }
        for chunk in chunks {
            let names = tickers(chunk)
            send(index) { Wire.Commands.update(id: $0, sid: lines[index].sid, .addMarkets, tickers: names) }
            if settings.wantsTrades {
                send(index) { Wire.Commands.update(id: $0, sid: links[index].tradeSid, .addMarkets, tickers: names) }
            }
        }
        if links[index].step == .none { links[index].step = .askedSnapshots }
        awaitStep(index, at: stamp)
    }

    /// The market is over: nothing of it is wanted any more.
    func deleteMarket(_ place: Int) {
        let index = Int(markets[place].link)
        guard lines[index].phase == .open else { return }
        let names = [details[place].ticker]
        for sid in [lines[index].sid, links[index].tradeSid] where sid >= 0 {
            send(index) { Wire.Commands.update(id: $0, sid: sid, .deleteMarkets, tickers: names) }
        }
    }

    private func chunks(_ markets: [Int32]) -> [[Int32]] {
        stride(from: 0, to: markets.count, by: settings.tickersPerCommand).map {
            Array(markets[$0..<min($0 + settings.tickersPerCommand, markets.count)])
        }
    }

    private func tickers(_ markets: [Int32]) -> [String] { markets.map { details[Int($0)].ticker } }

    func send(_ index: Int, _ command: (Int64) -> [UInt8]) {
        let id = links[index].nextCommand
        links[index].nextCommand += 1
        actions.append(.send(links[index].id, text: command(id)))
    }
}

// Connections.
extension Feed {
    func open(_ index: Int, at stamp: Stamp) {
        let free = opens.free(stamp.monotonic)
        guard free <= stamp.monotonic else {
            lines[index].phase = .closed
            links[index].phaseBy = free
            return schedule(free)
        }
        _ = opens.hit(stamp.monotonic)
        counters.opens &+= 1
        lines[index].phase = .opening
        links[index].phaseBy = stamp.monotonic + settings.openTimeout
        schedule(stamp.monotonic + settings.openTimeout)
        actions.append(.open(links[index].id))
    }

    /// Ends the connection; it is opened again once it is down.
    func reopen(_ index: Int, _ reason: VoidReason, _ text: String, at stamp: Stamp, into sink: any BookSink) {
        guard lines[index].phase == .open || lines[index].phase == .opening else { return }
        voidAll(index, reason, into: sink)
        forgetSubscriptions(index)
        lines[index].phase = .closing
        let due = stamp.monotonic + .seconds(5)
        links[index].phaseBy = due
        schedule(due)
        actions.append(.close(links[index].id, reason: text))
    }

    /// The connection is down: pause, then open again.
    func rest(_ index: Int, _ reason: VoidReason, at stamp: Stamp, into sink: any BookSink) {
        let wasUp = lines[index].phase == .open || lines[index].phase == .closing
        voidAll(index, reason, into: sink)
        forgetSubscriptions(index)
        lines[index].phase = .closed
        if wasUp {
            links[index].attempt = Self.attempts(links[index].attempt, after: stamp.monotonic - links[index].openedAt)
        }
        let doubled = settings.backoffFirst.rawValue << Int64(min(links[index].attempt, 16))
        let longest = max(2, min(doubled, settings.backoffMax.rawValue))
        links[index].attempt += 1
        let pause = longest / 2 + Int64.random(in: 0...(longest / 2), using: &random)
        let due = stamp.monotonic + Nanoseconds(rawValue: pause)
        links[index].phaseBy = due
        schedule(due)
    }

    /// How many failures count after a connection that lived: a minute clears them all, some seconds all but a short pause,
    /// so that a venue that drops us often is not met with long silence, nor one that drops us at once with haste.
    static func attempts(_ attempts: Int, after lived: Nanoseconds) -> Int {
        lived >= .seconds(60) ? 0 : lived >= .seconds(5) ? min(attempts, 2) : attempts
    }

    private func forgetSubscriptions(_ index: Int) {
        lines[index].sid = -1
        links[index].tradeSid = -1
        links[index].lifecycleSid = -1
        links[index].step = .none
        links[index].stepBy = nil
        links[index].toAdd = []
        links[index].checksMissed = 0
    }
}

// Time.
extension Feed {
    /// Does what is due by `stamp`: failed steps, cross-checks, probes of silent connections, reconnects.
    public func advance(to stamp: Stamp, into sink: any BookSink) {
        let now = stamp.monotonic
        guard let due = deadline, due <= now else { return }
        deadline = nil
        applyLearned(at: stamp, into: sink)
        for index in links.indices {
            if let by = links[index].phaseBy, by <= now { phaseIsOver(index, at: stamp, into: sink) }
            guard lines[index].phase == .open else { continue }
            if let by = links[index].stepBy, by <= now {
                links[index].stepBy = nil
                note(
                    "E_FEED_RESYNC", index, nil, "A book that was asked for has not come; trying harder.", sink,
                    at: stamp)
                climb(index, .gap, at: stamp, into: sink)
            }
            guard lines[index].phase == .open else { continue }
            checks(index, at: stamp, into: sink)
        }
        for index in links.indices {
            for instant in [links[index].phaseBy, links[index].stepBy] {
                if let instant { schedule(instant) }
            }
            if lines[index].phase == .open { scheduleChecks(index) }
        }
    }

    private func phaseIsOver(_ index: Int, at stamp: Stamp, into sink: any BookSink) {
        links[index].phaseBy = nil
        switch lines[index].phase {
        case .closed: open(index, at: stamp)
        case .opening:
            note("E_FEED_DISCONNECTED", index, nil, "The connection did not come up in time.", sink)
            reopen(index, .disconnected, "not up in time", at: stamp, into: sink)
        case .closing: rest(index, .disconnected, at: stamp, into: sink)
        case .open: break
        }
    }

    private func checks(_ index: Int, at stamp: Stamp, into sink: any BookSink) {
        let now = stamp.monotonic
        if let asked = links[index].askedAt {
            guard asked + settings.snapshotTimeout <= now else { return }
            links[index].askedAt = nil
            links[index].checksMissed += 1
            guard links[index].checksMissed < 2 else {
                note("E_FEED_SILENT", index, nil, "Snapshots that were asked for do not come; connecting anew.", sink)
                return reopen(index, .silent, "silent", at: stamp, into: sink)
            }
            for market in links[index].markets where details[Int(market)].isAsked {
                details[Int(market)].isAsked = false
                details[Int(market)].checkDue = now
            }
            links[index].nextCheck = now
        }
        guard lines[index].sid >= 0 else {
            // No step is under way and nobody has acknowledged the subscription: this connection will not bring books.
            if links[index].stepBy == nil, lines[index].lastData + settings.probeAfter <= now {
                reopen(index, .silent, "the subscription was not acknowledged", at: stamp, into: sink)
            }
            return
        }
        let isSilent = lines[index].lastData + settings.probeAfter <= now
        guard isSilent || links[index].nextCheck <= now else { return }
        var due: [Int32] = []
        var earliest: Int32?
        for market in links[index].markets where markets[Int(market)].phase == .live {
            let when = details[Int(market)].checkDue
            if when <= now, due.count < settings.tickersPerCommand { due.append(market) }
            if earliest.map({ details[Int($0)].checkDue > when }) ?? true { earliest = market }
        }
        if due.isEmpty, isSilent, let earliest { due = [earliest] }
        guard !due.isEmpty else {
            // Nothing to ask: look again when the silence has lasted as long once more.
            lines[index].lastData = max(lines[index].lastData, now)
            return findNextCheck(index)
        }
        for market in due { details[Int(market)].isAsked = true }
        links[index].askedAt = now
        sendSnapshotRequest(index, due)
        findNextCheck(index)
    }

    private func findNextCheck(_ index: Int) {
        var next = MonotonicNanos(rawValue: .max)
        for market in links[index].markets where markets[Int(market)].phase == .live && !details[Int(market)].isAsked {
            next = min(next, details[Int(market)].checkDue)
        }
        links[index].nextCheck = next
    }

    private func scheduleChecks(_ index: Int) {
        guard lines[index].sid >= 0 else {
            if links[index].stepBy == nil { schedule(lines[index].lastData + settings.probeAfter) }
            return
        }
        if let asked = links[index].askedAt { return schedule(asked + settings.snapshotTimeout) }
        schedule(lines[index].lastData + settings.probeAfter)
        if links[index].nextCheck.rawValue != .max { schedule(links[index].nextCheck) }
    }

    /// Spreads the next comparison of a live book.
    func planCheck(_ place: Int, at stamp: Stamp) {
        let spread = settings.crossCheckMax.rawValue - settings.crossCheckMin.rawValue
        let wait = settings.crossCheckMin.rawValue + Int64.random(in: 0...spread, using: &random)
        let due = stamp.monotonic + Nanoseconds(rawValue: wait)
        let index = Int(markets[place].link)
        details[place].checkDue = due
        links[index].nextCheck = min(links[index].nextCheck, due)
        schedule(due)
    }

    /// A snapshot of a live book came, asked for or not.
    func answeredCheck(_ place: Int, at stamp: Stamp) {
        links[Int(markets[place].link)].checksMissed = 0
        forgetCheck(place)
    }

    func forgetCheck(_ place: Int) {
        let index = Int(markets[place].link)
        details[place].isAsked = false
        guard links[index].askedAt != nil else { return }
        if !links[index].markets.contains(where: { details[Int($0)].isAsked }) { links[index].askedAt = nil }
    }
}
