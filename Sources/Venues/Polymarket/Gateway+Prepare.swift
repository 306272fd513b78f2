import Signing
import Trading
import Transport

extension OrderDesk {
    /// What a slot is made of.
    struct Prepared {
        let place: Int
        let generation: UInt64
        let orders: [SentOrder]
        let bodyHash: Digest256
    }

    /// Everything that can fail locally, for one order or a batch. A refusal leaves all as it was.
    mutating func prepare(
        _ wanted: [NewOrder], isBatch: Bool, at now: Stamp, _ sender: any RequestSender, _ budget: any WriteBudget
    ) throws(LocalRefusal) -> Prepared {
        guard !wanted.isEmpty, wanted.count <= (isBatch ? settings.batchMax : 1) else {
            throw LocalRefusal(.unsupported, "a batch has 1 to \(settings.batchMax) orders")
        }
        checked.removeAll(keepingCapacity: true)
        for order in wanted { checked.append(try check(order, at: now)) }
        // A request with one entry in it is an entry: what is kept for closes is not for it.
        let purpose: SendPurpose = wanted.allSatisfy { $0.purpose == .close } ? .close : .entry
        guard let place = free.popLast() else {
            throw LocalRefusal(.noConnection, "all \(settings.slotsMax) places are taken")
        }
        guard budget.takeOrders(wanted.count, purpose, at: now.monotonic) else {
            free.append(place)
            throw LocalRefusal(.noTokens, "the account's order tokens are used up, what is kept for closes aside")
        }
        guard let ticket = sender.reserve(purpose) else {
            budget.giveBackOrders(wanted.count, at: now.monotonic)
            free.append(place)
            throw LocalRefusal(.noConnection, sender.shortage)
        }
        do throws(SigningFault) {
            // A place's own buffers are used again: an order asks for no memory.
            var orders: [SentOrder] = []
            swap(&orders, &parcels[place].orders)
            try sign(wanted, isBatch: isBatch, at: now, into: &orders)
            let head = isBatch ? batchHead : orderHead
            var bytes: [UInt8] = []
            swap(&bytes, &parcels[place].bytes)
            write(head, .post, path: isBatch ? "/orders" : "/order", body, at: now.utc, to: &bytes)
            let generation = parcels[place].generation + 1
            parcels[place] = Parcel(
                state: .prepared, generation: generation, orders: orders, purpose: purpose, ticket: ticket,
                bytes: bytes,
                draft: taken)
            taken = nil
            return Prepared(place: place, generation: generation, orders: orders, bodyHash: hash(body))
        } catch {
            sender.release(ticket)
            budget.giveBackOrders(wanted.count, at: now.monotonic)
            free.append(place)
            throw LocalRefusal(.signing, "\(error.code): \(error.text)")
        }
    }

    /// Signs into `body` what was checked.
    private mutating func sign(
        _ wanted: [NewOrder], isBatch: Bool, at now: Stamp, into orders: inout [SentOrder]
    ) throws(SigningFault) {
        body.removeAll(keepingCapacity: true)
        orders.removeAll(keepingCapacity: true)
        if isBatch { body.append(UInt8(ascii: "[")) }
        for index in wanted.indices {
            let (order, amounts) = (wanted[index], checked[index])
            if index > 0 { body.append(UInt8(ascii: ",")) }
            let (hash, signed, isAhead) = try sign(order, amounts, isBatch: isBatch, at: now)
            let sent = SentOrder(
                order: order, orderID: OrderID(hash), amounts: amounts, signed: signed, isAhead: isAhead, hash: hash
            )
            orders.append(sent)
        }
        if isBatch { body.append(UInt8(ascii: "]")) }
    }

    private mutating func sign(
        _ order: NewOrder, _ amounts: Amounts, isBatch: Bool, at now: Stamp
    ) throws(SigningFault) -> (hash: Bytes32, signed: MonotonicNanos, isAhead: Bool) {
        if !order.clOrdID.isRehearsal, let draft = takeDraft(order, amounts, at: now.monotonic) {
            body.append(contentsOf: draft.body)
            if !isBatch { taken = draft }
            return (draft.hash, draft.signed, true)
        }
        guard let market = market(order.instrument) else { throw SigningFault(.order, "a market without templates") }
        let ticket = ticket(order, amounts, at: now.utc)
        let template = order.outcome == .yes ? market.yesTemplate : market.noTemplate
        let hash = try signer.write(ticket, template, isPractice: order.clOrdID.isRehearsal, to: &body)
        return (hash, now.monotonic, false)
    }

    mutating func ticket(_ order: NewOrder, _ amounts: Amounts, at now: UTCNanos) -> OrderTicket {
        let lifetime: OrderTicket.Lifetime
        switch order.timeInForce {
        case .ioc: lifetime = .ioc
        case .fok: lifetime = .fok
        case .gtc: lifetime = .gtc(isPostOnly: order.isPostOnly)
        // The venue ends an order a minute before its stamp.
        case .gtd(let end): lifetime = .gtd(end + .seconds(60), isPostOnly: order.isPostOnly)
        }
        return OrderTicket(
            salt: random.next() & (OrderTicket.saltEnd - 1), side: order.side == .buy ? .buy : .sell,
            makerAmount: amounts.maker, takerAmount: amounts.taker, transactTime: now, lifetime: lifetime)
    }

    // MARK: Places

    /// Frees the place of a slot that was not committed; false when it was spent before.
    mutating func giveBack(
        _ place: Int, _ generation: UInt64, at now: MonotonicNanos, _ sender: any RequestSender,
        _ budget: any WriteBudget
    ) -> Bool {
        guard parcels.indices.contains(place), parcels[place].generation == generation,
            parcels[place].state == .prepared
        else { return false }
        if let ticket = parcels[place].ticket { sender.release(ticket) }
        budget.giveBackOrders(parcels[place].orders.count, at: now)
        if let draft = parcels[place].draft { giveBack(draft) }
        vacate(place)
        return true
    }

    /// Lets a prepared request go its way to nobody.
    func rehearse(_ place: Int, _ generation: UInt64, _ sender: any RequestSender) {
        guard parcels.indices.contains(place), parcels[place].generation == generation,
            parcels[place].state == .prepared
        else { return }
        sender.rehearse(parcels[place].bytes)
    }

    /// What is to be written; nil when the slot was spent before, or was prepared for practice.
    mutating func dispatch(_ place: Int, _ generation: UInt64) -> Dispatch? {
        guard parcels.indices.contains(place), parcels[place].generation == generation,
            parcels[place].state == .prepared, let ticket = parcels[place].ticket,
            parcels[place].orders.first?.order.clOrdID.isRehearsal == false
        else { return nil }
        parcels[place].state = .underway
        if let order = parcels[place].orders.first, order.order.purpose == .entry {
            // Each counts once it leaves: what was prepared and given back says nothing.
            if order.isAhead { ahead.used += 1 } else { ahead.missed += 1 }
        }
        // What leaves is remembered, and nothing else: what was prepared and given back would drive orders out.
        for sent in parcels[place].orders {
            if let hash = sent.hash { known.keep(hash, sent) }
        }
        var bytes: [UInt8] = []
        swap(&bytes, &parcels[place].bytes)
        return Dispatch(ticket: ticket, bytes: bytes, orders: parcels[place].orders, place: place)
    }

    /// Takes a prepared request out and seals it; `depart` sends it, and `departure` hands it to the one who waits.
    mutating func seal(_ place: Int, _ generation: UInt64, _ sender: any RequestSender) {
        guard let dispatch = dispatch(place, generation) else { return }
        parcels[place].departing = dispatch
        sender.seal(dispatch.ticket, dispatch.bytes)
    }

    /// Sends what was sealed.
    func depart(_ place: Int, _ generation: UInt64, _ deadline: MonotonicNanos, _ sender: any RequestSender) {
        guard let dispatch = departing(place, generation) else { return }
        sender.depart(dispatch.ticket, dispatch.bytes, deadline: deadline)
    }

    /// What left a moment ago, or leaves now; nil as `dispatch`.
    mutating func departure(_ place: Int, _ generation: UInt64) -> Dispatch? {
        guard let dispatch = departing(place, generation) else { return dispatch(place, generation) }
        parcels[place].departing = nil
        return dispatch
    }

    private func departing(_ place: Int, _ generation: UInt64) -> Dispatch? {
        guard parcels.indices.contains(place), parcels[place].generation == generation else { return nil }
        return parcels[place].departing
    }

    /// The answer is here, or will not come: the place is free, and what was learned holds for the next order.
    mutating func landed(_ dispatch: Dispatch, _ verdicts: [Verdict], at now: MonotonicNanos) {
        parcels[dispatch.place].bytes = dispatch.bytes
        vacate(dispatch.place)
        for verdict in verdicts { learn(verdict, at: now) }
    }

    private mutating func learn(_ verdict: Verdict, at now: MonotonicNanos) {
        switch verdict.outcome {
        case .accepted: modes.accepted()
        case .rejected(let rejection): modes.learn(rejection, verdict.mode, settings, at: now)
        case .notSent, .unknown: break
        }
    }

    private mutating func vacate(_ place: Int) {
        parcels[place].state = .free
        parcels[place].ticket = nil
        parcels[place].draft = nil
        parcels[place].orders.removeAll(keepingCapacity: true)
        free.append(place)
    }
}

extension OrderID {
    /// The order of this hash.
    init(_ hash: Bytes32) { self.init(hash: hash.words) }
}
