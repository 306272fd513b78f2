import Codec
public import Trading

// The venue's own books by REST, as a second witness.
extension Feed {
    func planCheck(_ place: Int, _ now: MonotonicNanos) {
        let span = settings.crossCheckMin.rawValue...settings.crossCheckMax.rawValue
        markets[place].nextCheck = now + Nanoseconds(rawValue: Int64.random(in: span, using: &random))
    }

    /// Looks at what is slower than a burst sooner than planned: requests of many books gather for a moment.
    func hurry(_ now: MonotonicNanos) {
        nextSweep = min(nextSweep, now + .milliseconds(10))
        schedule()
    }

    /// Everything slower than a burst: resyncs, cross-checks, goals that were not reached.
    func sweepBooks(_ stamp: Stamp, into sink: any BookSink) {
        let now = stamp.monotonic
        issueResyncs(stamp)
        var due: [Int] = []
        for place in markets.indices {
            if let goal = markets[place].goal, goal.until <= now {
                counters.crossCheckFailures &+= 1  // bounded by time
                let index = markets[place].link
                let isSilent = links[index].isUp && now - links[index].lastData >= settings.catchUpMax
                resync(place, .crossCheckFailed, at: stamp, into: sink)
                if isSilent {
                    // The venue has moved on and the link has brought nothing since: it is frozen, whatever it pongs.
                    links[index].isUp = false
                    actions.append(.close(link(index), reason: "frozen: the venue's book moved on and no data came"))
                }
            } else if let next = markets[place].nextCheck, next <= now, due.count < settings.booksPerRead,
                sink.book(markets[place].instrument).status == .live
            {
                due.append(place)
                planCheck(place, now)
            }
        }
        if !due.isEmpty { _ = read(.crossCheck, due) }
    }

    /// The book has reached what an independent answer said.
    func reached(_ place: Int, into sink: any BookSink) {
        guard let goal = markets[place].goal, markets[place].timestamp >= goal.timestamp else { return }
        guard markets[place].timestamp > goal.timestamp || markets[place].yesHash == goal.hash else { return }
        guard markets[place].hasHad(goal.timestamp, goal.hash) || markets[place].yesHash == goal.hash else { return }
        markets[place].goal = nil
        counters.crossChecks &+= 1  // bounded by time
        _ = sink.apply(.crossChecked(markets[place].instrument))
    }

    // MARK: Answers

    /// Books by REST: fresh ones for void books, a second witness for the others.
    public func answered(_ answer: RestAnswer, at stamp: Stamp, into sink: any BookSink) {
        guard let asked = reads.removeValue(forKey: answer.request.tag) else { return }
        defer { schedule() }
        guard answer.fault == nil, answer.status == 200, answer.contentType.hasPrefix("application/json") else {
            return unanswered(asked.kind, answer, into: sink)
        }
        let root: JSONValue
        do throws(JSONFault) {
            root = try bookReader.read(answer.body)
        } catch {
            return unanswered(asked.kind, answer, into: sink)
        }
        guard root.kind == .array else { return unanswered(asked.kind, answer, into: sink) }
        for element in root.elements {
            do throws(WireFault) {
                let message = try Wire.message(element)
                guard let asset = message.asset, let symbol = tokens.lookup(asset), symbol & 1 == 0 else { continue }
                // A connection that is down feeds no book, and a market that is over has none.
                let market = markets[Int(symbol) >> 1]
                guard links[market.link].isUp, !market.isResolved else { continue }
                try take(message, Int(symbol) >> 1, at: stamp, into: sink)
            } catch {
                counters.malformed &+= 1  // bounded by answers
            }
        }
    }

    private func unanswered(_ kind: ReadKind, _ answer: RestAnswer, into sink: any BookSink) {
        sink.note(
            FeedNotice(
                code: "E_FEED_BOOKS_UNREADABLE",
                text: "POST /books: \(answer.fault ?? "status \(answer.status), \(answer.contentType)"); "
                    + (kind == .resync ? "asked again" : "no cross-check")))
    }

    private func take(_ message: Wire.Message, _ place: Int, at stamp: Stamp, into sink: any BookSink) throws(WireFault)
    {
        let book = sink.book(markets[place].instrument)
        let hadConstants = hasConstants(place)
        guard book.status != .void else { return try self.book(message, place, isNo: false, at: stamp, into: sink) }
        markets[place].resyncTag = nil
        markets[place].resyncDue = nil
        if let minimum = message.minimum { markets[place].minimumText = Array(minimum.bytes) }
        if let negRisk = message.negRisk { markets[place].negRisk = negRisk }
        if markets[place].tickText.isEmpty, let tick = message.tick { markets[place].tickText = Array(tick.bytes) }
        if markets[place].lastTradeText == nil, let text = message.lastTrade {
            markets[place].lastTradeText = Array(text.bytes)
        }
        if !hadConstants, hasConstants(place) {
            // Candidates that waited for a proof may be looked at now.
            _ = sink.apply(
                .updated(markets[place].instrument, venueStamp: UTCNanos(milliseconds: markets[place].timestamp)))
        }
        try compare(message, place, at: stamp, into: sink)
    }

    /// The venue's own book against ours: a state that we had, one that we must reach, or a contradiction.
    private func compare(_ message: Wire.Message, _ place: Int, at stamp: Stamp, into sink: any BookSink)
        throws(WireFault)
    {
        let timestamp = try Wire.instant(message.timestamp)
        guard let hash = message.hash.flatMap({ HashText($0) }) else { throw WireFault(.missing, "hash") }
        if markets[place].hasHad(timestamp, hash)
            || (timestamp == markets[place].timestamp && hash == markets[place].yesHash)
        {
            markets[place].goal = nil
            counters.crossChecks &+= 1  // bounded by answers
            _ = sink.apply(.crossChecked(markets[place].instrument))
        } else if timestamp >= markets[place].timestamp {
            markets[place].goal = (timestamp, hash, stamp.monotonic + settings.catchUpMax)
        } else {
            // Older than anything remembered: says nothing. Asked again soon.
            markets[place].nextCheck = stamp.monotonic + .seconds(5)
        }
    }
}
