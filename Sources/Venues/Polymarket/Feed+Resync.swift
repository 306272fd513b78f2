import Codec
public import Trading

// Whole books, proofs, holds, voids, cross-checks.
extension Feed {
    // MARK: Whole books

    /// A whole book of one token, from the socket or by REST.
    func book(_ message: Wire.Message, _ place: Int, isNo: Bool, at stamp: Stamp, into sink: any BookSink)
        throws(WireFault)
    {
        let timestamp = try Wire.instant(message.timestamp)
        guard let bids = message.bids, let asks = message.asks else { throw WireFault(.missing, "bids") }
        let current = sink.book(markets[place].instrument)
        let isVoid = current.status == .void
        guard isVoid || timestamp >= markets[place].timestamp else {
            counters.stale &+= 1  // bounded by frames
            return
        }
        // The mirror of a book that is here already brings its own hash and nothing else.
        if isNo, !isVoid, timestamp == markets[place].timestamp {
            if let hash = message.hash.flatMap({ HashText($0) }) { markets[place].keep(hash, isNo: true) }
            return
        }
        if let tick = message.tick { try setTick(tick, place) }
        learn(message, place)
        let levels = try read(bids, asks)
        markets[place].oddities.removeAll(keepingCapacity: true)
        let instrument = markets[place].instrument
        _ = sink.apply(.snapshotBegan(instrument, unit: markets[place].tick, link: link(markets[place].link)))
        var isGood = true
        for (level, isBid) in levels {
            remember(level, place, isNo: isNo, isBid: isBid)
            let raw = isNo ? FixedPoint.one - level.price.rawValue : level.price.rawValue
            guard let price = Price(rawValue: raw) else { continue }
            let side: BookSide = isBid == isNo ? .ask : .bid
            // The same price twice: which of the two sizes is meant is anybody's guess.
            if sink.book(instrument)[side].quantity(at: price) != .zero { isGood = false }
            if sink.apply(.level(instrument, side, price, level.quantity)) != nil { isGood = false }
        }
        guard isGood else { return resync(place, .corrupt, at: stamp, into: sink) }
        counters.books &+= 1  // bounded by frames
        markets[place].forgetHashes()
        if let hash = message.hash.flatMap({ HashText($0) }) { markets[place].keep(hash, isNo: isNo) }
        markets[place].isBurst = false
        unhold(place)
        markets[place].advance(to: timestamp)
        markets[place].goal = nil
        markets[place].resyncTag = nil
        // A book from the socket lacks the constants of the hash: REST brings them.
        markets[place].resyncDue = hasConstants(place) ? nil : stamp.monotonic
        if markets[place].resyncDue != nil { hurry(stamp.monotonic) }
        if isNo { markets[place].updates = 0 }
        _ = sink.apply(.snapshotEnded(instrument, venueStamp: UTCNanos(milliseconds: timestamp)))
        catchUp(place, timestamp, at: stamp, into: sink)
        if markets[place].nextCheck == nil { planCheck(place, stamp.monotonic) }
        settleSnapshot(place, at: stamp, into: sink)
    }

    private func settleSnapshot(_ place: Int, at stamp: Stamp, into sink: any BookSink) {
        let book = sink.book(markets[place].instrument)
        guard book.status == .live else { return }
        if book.isCrossed { return resync(place, .crossed, at: stamp, into: sink) }
        if !check(place, sink) { hold(place, at: stamp, into: sink) }
    }

    /// Constants of the hash that a book may bring.
    private func learn(_ message: Wire.Message, _ place: Int) {
        if let minimum = message.minimum { markets[place].minimumText = Array(minimum.bytes) }
        if let negRisk = message.negRisk { markets[place].negRisk = negRisk }
        if let text = message.lastTrade { markets[place].lastTradeText = Array(text.bytes) }
    }

    private func read(_ bids: JSONValue, _ asks: JSONValue) throws(WireFault) -> [(Wire.PriceLevel, isBid: Bool)] {
        guard bids.kind == .array, asks.kind == .array else { throw WireFault(.field, "bids") }
        var levels: [(Wire.PriceLevel, isBid: Bool)] = []
        levels.reserveCapacity(bids.count + asks.count)
        for value in bids.elements { levels.append((try Wire.level(value), true)) }
        for value in asks.elements { levels.append((try Wire.level(value), false)) }
        return levels
    }

    // MARK: Changes that came while a book was awaited

    func wait(_ entry: Told, _ side: BookSide, _ price: Price, _ timestamp: Int64) {
        // The book will not verify and is asked for again.
        guard markets[entry.place].waiting.count < Self.waitingMax else { return }
        markets[entry.place].waiting.append(
            Waiting(
                timestamp: timestamp, side: side, price: price, quantity: entry.change.level.quantity, hash: entry.hash,
                isNo: entry.isNo))
    }

    /// Applies what came after the fresh book's own time.
    private func catchUp(_ place: Int, _ timestamp: Int64, at stamp: Stamp, into sink: any BookSink) {
        let waiting = markets[place].waiting
        markets[place].waiting = []
        var last = timestamp
        for change in waiting {
            let isOld = change.timestamp < timestamp
            let isIn =
                change.timestamp == timestamp
                && (change.hash == markets[place].yesHash || change.hash == markets[place].noHash)
            if isOld || isIn || change.timestamp < last { continue }
            if change.timestamp > last {
                markets[place].forgetHashes()
            }
            last = change.timestamp
            if let hash = change.hash { markets[place].keep(hash, isNo: change.isNo) }
            if sink.apply(.level(markets[place].instrument, change.side, change.price, change.quantity)) != nil {
                return resync(place, .corrupt, at: stamp, into: sink)
            }
        }
        guard last > timestamp else { return }
        markets[place].advance(to: last)
        _ = sink.apply(.updated(markets[place].instrument, venueStamp: UTCNanos(milliseconds: last)))
    }

    // MARK: Proof

    /// Proves the book by its hash before an opportunity may be born from it.
    public func verify(_ instrument: InstrumentID, at stamp: Stamp, into sink: any BookSink) -> BookVerdict {
        guard Int(instrument.index) < places.count, places[Int(instrument.index)] >= 0 else { return .void }
        let place = Int(places[Int(instrument.index)])
        switch sink.book(instrument).status {
        case .void: return .void
        case .held: return .held
        case .live: break
        }
        if markets[place].verifiedAt == markets[place].state { return .verified }
        guard hasConstants(place) else {
            // Without the constants nothing can be proved: they are asked for, and the book is told again when they come.
            if markets[place].resyncTag == nil {
                markets[place].resyncDue = stamp.monotonic
                hurry(stamp.monotonic)
            }
            return .held
        }
        if check(place, sink) { return .verified }
        hold(place, at: stamp, into: sink)
        schedule()
        return .held
    }

    /// A proof that would succeed is made ahead; every other is left to `verify`.
    public func proveAhead(_ instrument: InstrumentID, from sink: any BookSink) {
        guard Int(instrument.index) < places.count, places[Int(instrument.index)] >= 0 else { return }
        let place = Int(places[Int(instrument.index)])
        guard sink.book(instrument).status == .live, markets[place].verifiedAt != markets[place].state,
            hasConstants(place), let known = markets[place].lastTradeText, matches(place, known, sink)
        else { return }
        _ = proved(place, known)
    }

    func hasConstants(_ place: Int) -> Bool {
        !markets[place].minimumText.isEmpty && markets[place].negRisk != nil && !markets[place].tickText.isEmpty
            && markets[place].lastTradeText != nil
            && (!markets[place].yesHash.isEmpty || !markets[place].noHash.isEmpty)
    }

    /// True when the newest hash is the book's; true as well where it cannot be computed, which `verify` tells apart.
    func check(_ place: Int, _ sink: any BookSink) -> Bool {
        if markets[place].verifiedAt == markets[place].state { return true }
        guard hasConstants(place), let known = markets[place].lastTradeText else { return true }
        if matches(place, known, sink) { return proved(place, known) }
        // A trade changes the last price in the text: announced by the trade itself, or the last price that was hit.
        for candidate in [markets[place].tradeText, markets[place].lastChange.map(Self.text) ?? []]
        where !candidate.isEmpty && candidate != known {
            if matches(place, candidate, sink) { return proved(place, candidate) }
        }
        counters.mismatches &+= 1  // bounded by frames
        return false
    }

    /// A price as the server prints it.
    private static func text(_ price: Price) -> [UInt8] {
        withUnsafeTemporaryAllocation(byteCount: DecimalText.bytesMax, alignment: 1) { buffer in
            Array(buffer[..<DecimalText.write(price.rawValue, into: buffer)])
        }
    }

    private func proved(_ place: Int, _ lastTrade: [UInt8]) -> Bool {
        if markets[place].lastTradeText != lastTrade { markets[place].lastTradeText = lastTrade }
        markets[place].verifiedAt = markets[place].state
        return true
    }

    private func matches(_ place: Int, _ lastTrade: [UInt8], _ sink: any BookSink) -> Bool {
        counters.verifications &+= 1  // bounded by frames
        let isNo = markets[place].yesHash.isEmpty
        let frame = BookHash.Frame(
            market: markets[place].condition, token: isNo ? markets[place].noToken : markets[place].yesToken,
            timestamp: markets[place].timestamp, minimum: markets[place].minimumText, tick: markets[place].tickText,
            negRisk: markets[place].negRisk ?? false, lastTrade: lastTrade)
        return hash.matches(
            isNo ? markets[place].noHash : markets[place].yesHash, sink.book(markets[place].instrument), isNo: isNo,
            frame, markets[place].oddities)
    }

    // MARK: Holds

    func hold(_ place: Int, at stamp: Stamp, into sink: any BookSink) {
        guard markets[place].heldUntil == nil else { return }
        markets[place].heldUntil = stamp.monotonic + settings.holdMax
        held.append(place)
        _ = sink.apply(.held(markets[place].instrument))
        schedule()
    }

    func unhold(_ place: Int) {
        guard markets[place].heldUntil != nil else { return }
        markets[place].heldUntil = nil
        held.removeAll { $0 == place }
    }

    func release(_ place: Int, into sink: any BookSink) {
        unhold(place)
        _ = sink.apply(.released(markets[place].instrument))
    }

    /// The hold is over: the book is right, right with the last price hit, or no book.
    func decide(_ place: Int, at stamp: Stamp, into sink: any BookSink) {
        let book = sink.book(markets[place].instrument)
        guard book.status == .held else { return unhold(place) }
        let isRight = check(place, sink) && markets[place].verifiedAt == markets[place].state
        if isRight, !book.isCrossed { return release(place, into: sink) }
        unhold(place)
        if isRight { return resync(place, .crossed, at: stamp, into: sink) }
        guard hasConstants(place) || book.isCrossed else { return release(place, into: sink) }
        counters.hashVoids &+= 1  // bounded by frames
        resync(place, book.isCrossed && !hasConstants(place) ? .crossed : .hashMismatch, at: stamp, into: sink)
    }

    // MARK: Voids and resyncs

    func void(_ place: Int, _ reason: VoidReason, into sink: any BookSink) {
        unhold(place)
        markets[place].isBurst = false
        markets[place].goal = nil
        markets[place].waiting = []
        markets[place].nextCheck = nil
        markets[place].resyncDue = nil
        markets[place].resyncTag = nil
        markets[place].history.removeAll(keepingCapacity: true)
        _ = sink.apply(.voided(markets[place].instrument, reason))
    }

    /// Voids the book and asks for a fresh one; a market that fails too often takes its link down with it.
    func resync(_ place: Int, _ reason: VoidReason, at stamp: Stamp, into sink: any BookSink) {
        void(place, reason, into: sink)
        guard !markets[place].isResolved else { return }
        if markets[place].faultsSince.map({ stamp.monotonic - $0 > .seconds(60) }) ?? true {
            markets[place].faultsSince = stamp.monotonic
            markets[place].faults = 0
        }
        if reason != .gridChanged { markets[place].faults += 1 }
        sink.note(
            FeedNotice(
                code: "E_FEED_BOOK_VOID", link: link(markets[place].link), instrument: markets[place].instrument,
                text: "book void (\(reason.rawValue)); asking for a fresh one"))
        if markets[place].faults > settings.faultsPerMinute, links[markets[place].link].isUp {
            markets[place].faults = 0
            links[markets[place].link].isUp = false
            actions.append(
                .close(
                    link(markets[place].link), reason: "a book failed \(settings.faultsPerMinute + 1) times in a minute"
                ))
        }
        // The first answer is wanted at once, later ones not faster than the venue can settle.
        markets[place].resyncDue = stamp.monotonic + (markets[place].faults > 1 ? .milliseconds(500) : .zero)
        issueResyncs(stamp)
    }

    /// Asks for the books that are due, many in one read.
    func issueResyncs(_ stamp: Stamp) {
        var due: [Int] = []
        for place in markets.indices {
            guard let when = markets[place].resyncDue, when <= stamp.monotonic, links[markets[place].link].isUp else {
                continue
            }
            due.append(place)
            if due.count == settings.booksPerRead { break }
        }
        guard !due.isEmpty else { return }
        let tag = read(.resync, due)
        for place in due {
            markets[place].resyncTag = tag
            markets[place].resyncDue = stamp.monotonic + settings.resyncTimeout
        }
    }

    func read(_ kind: ReadKind, _ places: [Int]) -> UInt64 {
        let tag = RestRequest.feedTag | nextTag
        nextTag += 1
        reads[tag] = (kind, places)
        if reads.count > 1_024, let oldest = reads.keys.min() { reads[oldest] = nil }
        let body = Wire.booksBody(places.map { markets[$0].tokens.yes })
        actions.append(
            .fetch(RestRequest(tag: tag, venue: venue, service: "clob", method: "POST", path: "/books", body: body)))
        return tag
    }
}
