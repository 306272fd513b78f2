import Codec
public import Trading

// Frames to book events.
extension Feed {
    /// One message: an object, an array of objects, `[]`, or `PONG`.
    public func received(_ link: LinkID, _ payload: RawSpan, at stamp: Stamp, into sink: any BookSink) -> Bool {
        counters.frames &+= 1  // bounded by time
        let index = Int(link.index)
        guard links.indices.contains(index), links[index].isUp else { return false }
        links[index].lastFrame = stamp.monotonic
        if payload.byteCount == 4, payload.unsafeLoadUnaligned(as: UInt32.self) == 0x474E_4F50 {  // "PONG"
            counters.pongs &+= 1  // bounded by time
            return false
        }
        let root: JSONValue
        do throws(JSONFault) {
            root = try reader.read(payload)
        } catch {
            malformed(WireFault(.json(error), "message"), nil, index, at: stamp, into: sink)
            return false
        }
        var isData = false
        if root.kind == .array {
            for element in root.elements {
                if take(element, index, at: stamp, into: sink) { isData = true }
                if !links[index].isUp { break }  // too many bad books: the rest is of a connection that is given up
            }
        } else {
            isData = take(root, index, at: stamp, into: sink)
        }
        if isData { links[index].lastData = stamp.monotonic }
        return isData
    }

    private func take(_ value: JSONValue, _ link: Int, at stamp: Stamp, into sink: any BookSink) -> Bool {
        var place: Int?
        do throws(WireFault) {
            let message = try Wire.message(value)
            switch message.kind {
            case .priceChange: try priceChange(message, &place, at: stamp, into: sink)
            case .book:
                guard let found = try market(message.asset) else { return false }
                place = found.place
                try book(message, found.place, isNo: found.isNo, at: stamp, into: sink)
            case .lastTrade: try lastTrade(message, into: sink)
            case .tickSizeChange: try tickSizeChange(message, at: stamp, into: sink)
            case .resolved: resolved(message, into: sink)
            case .ignored: return true
            case .unknown:
                counters.unknownKinds &+= 1  // bounded by frames
                return false
            }
            return true
        } catch {
            malformed(error, place, link, at: stamp, into: sink)
            return false
        }
    }

    /// A message that cannot be read: its book is no book; where nobody knows whose it is, none of the link's is.
    private func malformed(_ fault: WireFault, _ place: Int?, _ link: Int, at stamp: Stamp, into sink: any BookSink) {
        counters.malformed &+= 1  // bounded by frames
        sink.note(
            FeedNotice(
                code: fault.code, link: self.link(link), instrument: place.map { markets[$0].instrument },
                text: "\(fault.field) cannot be read; the book is void until a fresh one"))
        for place in place.map({ [$0] }) ?? links[link].markets { resync(place, .malformed, at: stamp, into: sink) }
    }

    private func market(_ asset: JSONText?) throws(WireFault) -> (place: Int, isNo: Bool)? {
        guard let asset else { throw WireFault(.missing, "asset_id") }
        return market(asset, asset.hash64)
    }

    private func market(_ asset: JSONText, _ hash: UInt64) -> (place: Int, isNo: Bool)? {
        guard let symbol = tokens.lookup(asset, hash: hash) else {
            counters.strangers &+= 1  // bounded by frames
            return nil
        }
        guard !markets[Int(symbol) >> 1].isResolved else { return nil }
        return (Int(symbol) >> 1, symbol & 1 == 1)
    }

    // MARK: price_change

    private func priceChange(_ message: Wire.Message, _ place: inout Int?, at stamp: Stamp, into sink: any BookSink)
        throws(WireFault)
    {
        let timestamp = try Wire.instant(message.timestamp)
        try readChanges(message, &place)
        var hasYes = false
        var current = -1
        for index in told.indices {
            let entry = told[index]
            if entry.place != current {
                if current >= 0 { finish(current, timestamp, at: stamp, into: sink) }
                current = entry.place
                sink.expect(markets[current].instrument)
                let run = run(from: index)
                hasYes = run.hasYes
                begin(current, timestamp, isSame: run.isSame, at: stamp, into: sink)
            }
            if entry.isNo, hasYes {
                if let hash = entry.hash { markets[current].keep(hash, isNo: true) }
            } else {
                apply(entry, timestamp, at: stamp, into: sink)
            }
        }
        if current >= 0 { finish(current, timestamp, at: stamp, into: sink) }
    }

    /// Looks at the entries of one market that stand together: whether one is of its YES token, and whether one carries
    /// the very hash of the frame before (one crossing trade in several frames).
    ///
    /// Both tokens of a market tell the same change: the YES entries are applied; the NO entries only where there is none
    /// for YES.
    private func run(from first: Int) -> (hasYes: Bool, isSame: Bool) {
        let place = told[first].place
        var found = (hasYes: false, isSame: false)
        var index = first
        while index < told.count, told[index].place == place {
            if !told[index].isNo { found.hasYes = true }
            if let hash = told[index].hash, hash == markets[place].yesHash || hash == markets[place].noHash {
                found.isSame = true
            }
            index += 1
        }
        return found
    }

    /// Reads all entries into `told` before anything is done: a frame that cannot be read changes no book.
    private func readChanges(_ message: Wire.Message, _ place: inout Int?) throws(WireFault) {
        told.removeAll(keepingCapacity: true)
        guard let changes = message.changes else {
            // The oldest form: one change at the top.
            guard let side = message.side else { throw WireFault(.missing, "price_changes") }
            guard let asset = message.asset else { throw WireFault(.missing, "asset_id") }
            let level = try Wire.level(message.price, message.size, least: 0)
            let change = Wire.Change(
                asset: asset, hash: message.hash, isBuy: try Wire.isBuy(side), level: level)
            tell(change, asset, message)
            return findMarkets(&place)
        }
        guard changes.kind == .array else { throw WireFault(.field, "price_changes") }
        // The markets are looked up when all entries have been read: meanwhile the memory of their names has come.
        do throws(WireFault) {
            for element in changes.elements {
                let change = try Wire.change(element)
                guard let asset = change.asset ?? message.asset else { throw WireFault(.missing, "asset_id") }
                tell(change, asset, message)
            }
        } catch {
            findMarkets(&place)
            throw error
        }
        findMarkets(&place)
    }

    private func tell(_ change: Wire.Change, _ asset: JSONText, _ message: Wire.Message) {
        var change = change
        change.asset = asset
        let symbol = asset.hash64
        tokens.expect(symbol)
        told.append(Told(change: change, hash: (change.hash ?? message.hash).flatMap { HashText($0) }, symbol: symbol))
    }

    /// Gives the entries their markets and drops those of strangers.
    private func findMarkets(_ place: inout Int?) {
        var kept = 0
        for index in told.indices {
            guard let asset = told[index].change.asset, let found = market(asset, told[index].symbol) else { continue }
            if place != found.place {
                place = found.place
                NearMemory.expect(markets, found.place, bytes: Market.expectedBytes)
            }
            told[kept] = told[index]
            told[kept].place = found.place
            told[kept].isNo = found.isNo
            kept += 1
        }
        told.removeLast(told.count - kept)
    }

    /// A frame of a market begins: what the frame before left open is decided first.
    private func begin(_ place: Int, _ timestamp: Int64, isSame: Bool, at stamp: Stamp, into sink: any BookSink) {
        if isSame, timestamp == markets[place].timestamp {
            markets[place].isBurst = true
            return
        }
        if markets[place].heldUntil != nil {
            decide(place, at: stamp, into: sink)
        } else if markets[place].isBurst, sink.book(markets[place].instrument).status == .live {
            // The last state of a burst is always looked at.
            if !check(place, sink) { hold(place, at: stamp, into: sink) }
            if markets[place].heldUntil != nil { decide(place, at: stamp, into: sink) }
        }
        markets[place].isBurst = false
        guard timestamp >= markets[place].timestamp else { return }
        // What the frame does not say again is about a state that is gone.
        markets[place].forgetHashes()
    }

    private func apply(_ entry: Told, _ timestamp: Int64, at stamp: Stamp, into sink: any BookSink) {
        let (change, place, isNo) = (entry.change, entry.place, entry.isNo)
        let side: BookSide = change.isBuy == isNo ? .ask : .bid
        let raw = isNo ? FixedPoint.one - change.level.price.rawValue : change.level.price.rawValue
        guard let price = Price(rawValue: raw) else { return }
        if markets[place].resyncTag != nil || markets[place].resyncDue != nil,
            sink.book(markets[place].instrument).status == .void
        {
            wait(entry, side, price, timestamp)
            return
        }
        guard sink.book(markets[place].instrument).status != .void else {
            counters.stale &+= 1  // bounded by frames
            return
        }
        guard timestamp >= markets[place].timestamp else {
            counters.stale &+= 1  // bounded by frames
            markets[place].updates = settings.sampleEvery  // a late frame is a lost one: look at once
            return
        }
        if let hash = entry.hash { markets[place].keep(hash, isNo: isNo) }
        markets[place].lastChange = price
        remember(change.level, place, isNo: isNo, isBid: change.isBuy)
        counters.changes &+= 1  // bounded by frames
        if sink.apply(.level(markets[place].instrument, side, price, change.level.quantity)) != nil {
            resync(place, .corrupt, at: stamp, into: sink)
        }
    }

    /// Keeps the text of a level that the server did not print in the canonical form.
    func remember(_ level: Wire.PriceLevel, _ place: Int, isNo: Bool, isBid: Bool) {
        let isPlain = BookHash.isCanonical(level.priceText) && BookHash.isCanonical(level.sizeText)
        if isPlain, markets[place].oddities.isEmpty { return }
        let raw = level.price.rawValue
        markets[place].oddities.removeAll { $0.price == raw && $0.isBid == isBid && $0.isNo == isNo }
        guard !isPlain, level.quantity.rawValue > 0, markets[place].oddities.count < 4_096 else { return }
        markets[place].oddities.append(
            BookHash.Oddity(
                isNo: isNo, isBid: isBid, price: raw, priceText: Array(level.priceText.bytes),
                sizeText: Array(level.sizeText.bytes)))
    }

    /// A frame of a market is complete: it is told, and verified when its turn has come.
    private func finish(_ place: Int, _ timestamp: Int64, at stamp: Stamp, into sink: any BookSink) {
        let book = sink.book(markets[place].instrument)
        guard book.status != .void, timestamp >= markets[place].timestamp else {
            if book.status == .live, markets[place].updates >= settings.sampleEvery {
                sample(place, at: stamp, into: sink)
            }
            return
        }
        markets[place].advance(to: timestamp)
        _ = sink.apply(.updated(markets[place].instrument, venueStamp: UTCNanos(milliseconds: timestamp)))
        reached(place, into: sink)
        if book.isCrossed {
            // Inside a trade's burst the book may cross; it must prove itself or uncross within the hold.
            if book.status == .live { hold(place, at: stamp, into: sink) }
            return
        }
        if book.status == .held {
            if !markets[place].isBurst, check(place, sink) { release(place, into: sink) }
            return
        }
        if markets[place].updates >= settings.sampleEvery { sample(place, at: stamp, into: sink) }
    }

    private func sample(_ place: Int, at stamp: Stamp, into sink: any BookSink) {
        markets[place].updates = 0
        if !check(place, sink) { hold(place, at: stamp, into: sink) }
    }

    // MARK: Trades, ticks, resolution

    private func lastTrade(_ message: Wire.Message, into sink: any BookSink) throws(WireFault) {
        guard let found = try market(message.asset) else { return }
        guard let text = message.price?.decimalText else { throw WireFault(.missing, "price") }
        let units = try Wire.decimal(text, "price")
        guard let price = Price(rawValue: units), price.isBinary else { throw WireFault(.price, "price") }
        // A candidate only: frames before and after the trade carry different last prices, and come in either order.
        markets[found.place].tradeText.removeAll(keepingCapacity: true)
        markets[found.place].tradeText.append(contentsOf: text.bytes)
        let size = message.size?.decimalText
        let quantity = Quantity(
            rawValue: try size.map { text throws(WireFault) in try Wire.decimal(text, "size") } ?? 0)
        let yes = found.isNo ? price.complement ?? price : price
        sink.apply(.trade(markets[found.place].instrument, yes, quantity))
    }

    private func tickSizeChange(_ message: Wire.Message, at stamp: Stamp, into sink: any BookSink) throws(WireFault) {
        guard let found = try market(message.asset) else { return }
        guard let text = message.tick else { throw WireFault(.missing, "new_tick_size") }
        try setTick(text, found.place)
        guard let grid = try? TickGrid(step: markets[found.place].tick) else { return }
        // The other token said it already.
        guard sink.book(markets[found.place].instrument).status != .void else { return }
        sink.apply(.grid(markets[found.place].instrument, grid))
        resync(found.place, .gridChanged, at: stamp, into: sink)
    }

    func setTick(_ text: JSONText, _ place: Int) throws(WireFault) {
        let units = try Wire.decimal(text, "tick_size")
        guard let tick = Price(rawValue: units), (try? TickGrid(step: tick)) != nil else {
            throw WireFault(.field, "tick_size")
        }
        markets[place].tick = tick
        markets[place].tickText = Array(text.bytes)
    }

    private func resolved(_ message: Wire.Message, into sink: any BookSink) {
        guard let assets = message.assets, assets.kind == .array else { return }
        for element in assets.elements {
            guard let text = element.decimalText, let symbol = tokens.lookup(text) else { continue }
            let place = Int(symbol) >> 1
            guard !markets[place].isResolved else { continue }
            markets[place].isResolved = true
            sink.apply(.status(markets[place].instrument, .closed))
            void(place, .notTrading, into: sink)
        }
    }
}
