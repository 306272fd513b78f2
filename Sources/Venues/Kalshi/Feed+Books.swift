import Codec
public import Trading

// The path of a frame.
extension Feed {
    /// Reads one message and tells the sink what it changes.
    public func received(_ link: LinkID, _ payload: RawSpan, at stamp: Stamp, into sink: any BookSink) -> Bool {
        counters.frames &+= 1
        let index = Int(link.index)
        guard link.venue == .kalshi, index < lines.count, lines[index].phase == .open else {
            counters.stray &+= 1
            return false
        }
        let envelope: Wire.Envelope
        do throws(JSONFault) {
            let root = try reader.read(payload)
            do throws(WireFault) { envelope = try Wire.envelope(root) } catch {
                unreadable(index, error, at: stamp, into: sink)
                return false
            }
        } catch {
            if !isBlank(payload) { unreadable(index, WireFault(.json(error), "message"), at: stamp, into: sink) }
            return false
        }
        guard envelope.sid == lines[index].sid else {
            return aside(index, envelope, at: stamp, into: sink)
        }
        guard isInSequence(index, envelope, at: stamp, into: sink) else { return true }
        switch envelope.kind {
        case .delta:
            lines[index].lastData = stamp.monotonic
            delta(index, envelope.body, at: stamp, into: sink)
            return true
        case .snapshot:
            lines[index].lastData = stamp.monotonic
            snapshot(index, envelope.body, at: stamp, into: sink)
            return true
        default:
            control(index, envelope, at: stamp, into: sink)
            return false
        }
    }

    /// Frames between frames: the venue ends each with a newline, and a line of nothing else says nothing.
    private func isBlank(_ payload: RawSpan) -> Bool {
        guard payload.byteCount <= 16 else { return false }
        for offset in 0..<payload.byteCount {
            let byte = payload.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return false }
        }
        return true
    }

    /// One counter over all markets of the subscription; a skip, repeat or drop voids them all.
    private func isInSequence(
        _ index: Int, _ envelope: Wire.Envelope, at stamp: Stamp, into sink: any BookSink
    ) -> Bool {
        let expected = lines[index].expected
        if envelope.kind == .snapshot, envelope.id != nil {
            switch settings.snapshotCounter {
            case .inSequence: break
            case .besides: return true
            case .detect: if envelope.seq == nil || envelope.seq == expected - 1 { return true }
            }
        }
        guard let seq = envelope.seq else {
            guard envelope.kind == .delta || envelope.kind == .snapshot else { return true }
            // A change without a place in the sequence: nothing after it can be trusted.
            counters.malformed &+= 1
            gap(index, "a book message without seq", at: stamp, into: sink)
            return false
        }
        if seq == expected {
            lines[index].expected = expected &+ 1  // a counter of the venue; 2^63 frames outlast the connection
            return true
        }
        counters.gaps &+= 1
        if seq > expected { lines[index].expected = seq &+ 1 }  // as above; seq < 2^63 is checked by the reader
        gap(index, "seq \(seq) instead of \(expected)", at: stamp, into: sink)
        return false
    }

    private func delta(_ index: Int, _ body: JSONValue?, at stamp: Stamp, into sink: any BookSink) {
        let delta: Wire.Delta
        do throws(WireFault) {
            guard let body else { throw WireFault(.missing, "msg") }
            delta = try Wire.delta(body, among: symbols)
        } catch { return malformed(index, body, error, at: stamp, into: sink) }
        guard let found = symbols.lookup(delta.ticker, hash: delta.hash) else {
            counters.unknownTickers &+= 1
            return
        }
        let place = Int(found)
        let market = markets[place]
        guard market.phase == .live, market.link == Int32(index) else {
            counters.stale &+= 1
            return
        }
        sink.expect(market.id)
        guard let (side, price) = normalised(delta.leg, delta.price) else {
            return corrupt(place, "a price of \(delta.price)", at: stamp, into: sink)
        }
        if market.checksGrid, !isOnGrid(place, price) {
            return corrupt(place, "a level at \(price) off the grid", at: stamp, into: sink)
        }
        if let fault = sink.apply(.change(market.id, side, price, change: delta.change)) {
            return corrupt(place, "a change of \(delta.change) at \(price) (\(fault))", at: stamp, into: sink)
        }
        if sink.book(market.id).isCrossed { return crossed(place, at: stamp, into: sink) }
        _ = sink.apply(.updated(market.id, venueStamp: delta.venueStamp))
        counters.deltas &+= 1
    }

    /// A leg's price in YES terms: bids as they are, a NO bid at x is an ask at 1 − x unless it is on the YES scale.
    @inline(__always)
    private func normalised(_ leg: Wire.Leg, _ price: Price) -> (BookSide, Price)? {
        if leg == .yes { return (.bid, price) }
        if settings.useYesPrice { return (.ask, price) }
        guard let ask = price.complement else { return nil }
        return (.ask, ask)
    }

    private func isOnGrid(_ place: Int, _ price: Price) -> Bool {
        guard let grid = details[place].grid else { return true }
        return grid.accepts(price) || details[place].previousGrid?.accepts(price) == true
    }
}

// Snapshots.
extension Feed {
    private func snapshot(_ index: Int, _ body: JSONValue?, at stamp: Stamp, into sink: any BookSink) {
        let snapshot: Wire.Snapshot
        do throws(WireFault) {
            guard let body else { throw WireFault(.missing, "msg") }
            snapshot = try Wire.snapshot(body)
        } catch { return malformed(index, body, error, at: stamp, into: sink) }
        guard let found = symbols.lookup(snapshot.ticker) else {
            counters.unknownTickers &+= 1
            return
        }
        let place = Int(found)
        guard markets[place].link == Int32(index) else {
            counters.stale &+= 1
            return
        }
        do throws(WireFault) {
            switch markets[place].phase {
            case .waiting: try install(place, snapshot, at: stamp, into: sink)
            case .live: try compare(place, snapshot, at: stamp, into: sink)
            case .idle, .paused, .ended, .refused: counters.stale &+= 1
            }
        } catch { malformed(index, body, error, at: stamp, into: sink) }
    }

    private func install(
        _ place: Int, _ snapshot: Wire.Snapshot, at stamp: Stamp, into sink: any BookSink
    ) throws(WireFault) {
        let id = markets[place].id
        let link = Int(markets[place].link)
        _ = sink.apply(.snapshotBegan(id, unit: details[place].unit, link: links[link].id))
        do throws(WireFault) {
            try installLevels(.yes, snapshot.yes, place, sink)
            try installLevels(.no, snapshot.no, place, sink)
        } catch {
            _ = sink.apply(.voided(id, .corrupt))
            throw error
        }
        if sink.book(id).isCrossed {
            counters.crossed &+= 1
            _ = sink.apply(.voided(id, .crossed))
            return fault(link, place, "E_FEED_CROSSED", "a snapshot that is crossed or locked", at: stamp, into: sink)
        }
        markets[place].phase = .live
        counters.snapshots &+= 1
        _ = sink.apply(.snapshotEnded(id, venueStamp: nil))
        planCheck(place, at: stamp)
        arrived(link, at: stamp)
    }

    private func installLevels(
        _ leg: Wire.Leg, _ levels: Wire.Levels, _ place: Int, _ sink: any BookSink
    ) throws(WireFault) {
        guard let array = levels.array else { return }
        let id = markets[place].id
        for element in array.elements {
            let level = try levels.level(element)
            guard let (side, price) = normalised(leg, level.price) else { throw WireFault(.price, "level price") }
            if markets[place].checksGrid, !isOnGrid(place, price) { throw WireFault(.grid(.malformed), "level price") }
            if sink.book(id)[side].quantity(at: price) != .zero { throw WireFault(.duplicate, "level price") }
            if let fault = sink.apply(.level(id, side, price, level.quantity)) {
                throw WireFault(fault == .offGrid ? .grid(.malformed) : .size, "level price")
            }
        }
    }

    /// A snapshot of a live book must be that book: the sequence says that nothing lies between them.
    private func compare(
        _ place: Int, _ snapshot: Wire.Snapshot, at stamp: Stamp, into sink: any BookSink
    ) throws(WireFault) {
        let book = sink.book(markets[place].id)
        let bids = try isEqual(.yes, snapshot.yes, book, place)
        let asks = try isEqual(.no, snapshot.no, book, place)
        answeredCheck(place, at: stamp)
        guard bids, asks else {
            counters.crossCheckFailures &+= 1
            note(
                "E_FEED_CROSS_CHECK", Int(markets[place].link), place,
                "The venue's snapshot differs from the book at the same sequence number; asking for another.", sink,
                at: stamp)
            return void(place, .crossCheckFailed, at: stamp, into: sink)
        }
        counters.crossChecks &+= 1
        _ = sink.apply(.crossChecked(markets[place].id))
        planCheck(place, at: stamp)
    }

    private func isEqual(
        _ leg: Wire.Leg, _ levels: Wire.Levels, _ book: Book, _ place: Int
    ) throws(WireFault) -> Bool {
        var equal = levels.count == book[leg == .yes ? .bid : .ask].levels
        guard let array = levels.array else { return equal }
        for element in array.elements {
            let level = try levels.level(element)
            guard let (side, price) = normalised(leg, level.price) else { throw WireFault(.price, "level price") }
            if book[side].quantity(at: price) != level.quantity { equal = false }
        }
        return equal
    }
}

// What is wrong with a book.
extension Feed {
    private func unreadable(_ index: Int, _ fault: WireFault, at stamp: Stamp, into sink: any BookSink) {
        counters.malformed &+= 1
        note(
            fault.code, index, nil, "A frame cannot be read (\(fault.field)); its books are asked for again.", sink,
            at: stamp)
        // It may have been a change of any book of this connection.
        resync(index, .malformed, at: stamp, into: sink)
        countFault(index, at: stamp, into: sink)
    }

    /// A message of a known kind, in sequence, that cannot be read: its market is void, or all of them when even its
    /// name is in doubt.
    private func malformed(
        _ index: Int, _ body: JSONValue?, _ fault: WireFault, at stamp: Stamp, into sink: any BookSink
    ) {
        counters.malformed &+= 1
        let place = Wire.ticker(body).flatMap { symbols.lookup($0) }.map(Int.init)
        let text = "A book message cannot be read (\(fault.field)); the book is asked for again."
        note(fault.code, index, place, text, sink, at: stamp)
        guard let place else {
            resync(index, .malformed, at: stamp, into: sink)
            return countFault(index, at: stamp, into: sink)
        }
        if markets[place].phase == .live { void(place, .malformed, at: stamp, into: sink) }
        countFault(index, at: stamp, into: sink)
    }

    private func corrupt(_ place: Int, _ what: String, at stamp: Stamp, into sink: any BookSink) {
        counters.corrupt &+= 1
        void(place, .corrupt, at: stamp, into: sink)
        fault(Int(markets[place].link), place, "E_FEED_CORRUPT", what, at: stamp, into: sink)
    }

    private func crossed(_ place: Int, at stamp: Stamp, into sink: any BookSink) {
        counters.crossed &+= 1
        void(place, .crossed, at: stamp, into: sink)
        fault(
            Int(markets[place].link), place, "E_FEED_CROSSED", "a bid at or above an ask", at: stamp, into: sink)
    }

    private func fault(
        _ link: Int, _ place: Int, _ code: String, _ what: String, at stamp: Stamp, into sink: any BookSink
    ) {
        note(code, link, place, "The book cannot be right: \(what). It is asked for again.", sink, at: stamp)
        countFault(link, at: stamp, into: sink)
    }

    /// Too many in a minute: not one bad message but a bad stream, or levels on another scale than asked for.
    private func countFault(_ link: Int, at stamp: Stamp, into sink: any BookSink) {
        guard links[link].faults.hit(stamp.monotonic), lines[link].phase == .open else { return }
        links[link].faults.removeAll()
        note("E_FEED_VENUE_DOWN", link, nil, "Too many bad books within a minute; the connection is made anew.", sink)
        reopen(link, .corrupt, "too many bad books", at: stamp, into: sink)
    }
}
