import Signing
import Synchronization
public import Trading
import Transport

/// An order signed ahead of its time: its hash and its body are ready, only the request's own code is missing. Whoever has
/// the body and the API key could post it: it is in memory alone, in no log, and erased when it is void.
struct Draft {
    let blank: BlankDraft
    let hash: Bytes32
    var body: [UInt8]
    let signed: MonotonicNanos

    mutating func erase() { for index in body.indices { body[index] = 0 } }
}

/// What is to be signed ahead.
struct BlankDraft {
    let instrument: InstrumentID
    let outcome: Outcome
    let side: Trading.Side
    let amounts: Amounts
    let timeInForce: TimeInForce
    let isPostOnly: Bool
    let ticket: OrderTicket
    let template: OrderTemplate
    /// What it is made for: the market's, and everybody's, as they were when it was begun.
    let epoch: UInt64, epochOfAll: UInt64

    func fits(_ order: NewOrder, _ amounts: Amounts) -> Bool {
        instrument == order.instrument && outcome == order.outcome && side == order.side && self.amounts == amounts
            && timeInForce == order.timeInForce && isPostOnly == order.isPostOnly
    }
}

extension Gateway {
    /// What was signed ahead, and how often it helped.
    public nonisolated var signedAhead: SignedAhead? {
        desk.withLock { desk in
            var ahead = desk.ahead
            ahead.ready = desk.drafts.count
            return ahead
        }
    }

    /// Signs `order` ahead; the next order of the same token, side, amounts and life takes it and is ready sooner. Signed
    /// outside the lock of those who prepare; one that is ready and young is not signed again.
    ///
    /// - Returns: its hash, for the intent.
    /// - Throws: as `prepare`; neither tokens nor a connection are taken. `E_EXEC_MARKET` also when what it was made for
    ///   changed while it was signed: then it is void.
    public nonisolated func signAhead(_ order: NewOrder, at now: Stamp) throws(LocalRefusal) -> OrderID {
        let (ready, blank) = try desk.withLock { (desk) throws(LocalRefusal) in try desk.blank(order, at: now) }
        if let ready { return OrderID(ready) }
        var body: [UInt8] = []
        body.reserveCapacity(1_536)
        let hash: Bytes32
        do throws(SigningFault) {
            hash = try forge.withLock { (signer) throws(SigningFault) in
                try signer.write(blank.ticket, blank.template, to: &body)
            }
        } catch { throw LocalRefusal(.signing, "\(error.code): \(error.text)") }
        let draft = Draft(blank: blank, hash: hash, body: body, signed: now.monotonic)
        guard desk.withLock({ $0.keep(draft) }) else {
            throw LocalRefusal(.market, "what it was signed for has changed meanwhile")
        }
        return OrderID(hash)
    }

    /// Voids what was signed ahead: for one market when its tick, fees, limits or book epoch change, for all at a halt. Then
    /// nobody tends signatures that are begun, and they would grow old: they are erased too.
    public nonisolated func voidDrafts(of instrument: InstrumentID? = nil) {
        if instrument == nil { nonces?.void() }
        desk.withLock { desk in
            if let instrument { desk.discardDrafts(of: instrument) } else { desk.discardDrafts() }
        }
    }
}

extension OrderDesk {
    /// What is to be signed for `order`, or the hash of what is ready and will be for a while.
    mutating func blank(_ order: NewOrder, at now: Stamp) throws(LocalRefusal) -> (ready: Bytes32?, BlankDraft) {
        let amounts = try check(order, at: now)
        guard let market = market(order.instrument) else { throw LocalRefusal(.market, "its terms are not known") }
        let half = Nanoseconds(rawValue: settings.draftAgeMax.rawValue / 2)
        let ready = drafts.first { now.monotonic - $0.signed < half && $0.blank.fits(order, amounts) }
        let blank = BlankDraft(
            instrument: order.instrument, outcome: order.outcome, side: order.side, amounts: amounts,
            timeInForce: order.timeInForce, isPostOnly: order.isPostOnly,
            ticket: ready?.blank.ticket ?? ticket(order, amounts, at: now.utc),
            template: order.outcome == .yes ? market.yesTemplate : market.noTemplate,
            epoch: epochs[order.instrument, default: 0], epochOfAll: epochOfAll)
        return (ready?.hash, blank)
    }

    /// Keeps what was signed; false when it is void already.
    mutating func keep(_ draft: Draft) -> Bool {
        guard draft.blank.epoch == epochs[draft.blank.instrument, default: 0], draft.blank.epochOfAll == epochOfAll
        else {
            ahead.voided += 1
            return false
        }
        if drafts.count >= settings.draftsMax { drafts.removeFirst() }
        drafts.append(draft)
        ahead.made += 1
        return true
    }

    /// One use: what fits is taken out.
    mutating func takeDraft(_ order: NewOrder, _ amounts: Amounts, at now: MonotonicNanos) -> Draft? {
        guard !drafts.isEmpty else { return nil }
        drafts.removeAll { now - $0.signed > settings.draftAgeMax }
        guard let index = drafts.firstIndex(where: { $0.blank.fits(order, amounts) }) else { return nil }
        return drafts.remove(at: index)
    }

    /// No byte of it left: it is ready again, unless it is void by now.
    mutating func giveBack(_ draft: Draft) {
        guard draft.blank.epoch == epochs[draft.blank.instrument, default: 0], draft.blank.epochOfAll == epochOfAll,
            drafts.count < settings.draftsMax
        else { return ahead.voided += 1 }
        drafts.insert(draft, at: 0)
    }

    /// Tick, fees, version or book of the market are others: what was or is being signed for it is void.
    mutating func discardDrafts(of instrument: InstrumentID) {
        epochs[instrument, default: 0] += 1
        discard { $0.blank.instrument == instrument }
    }

    /// A halt: what was or is being signed is void.
    mutating func discardDrafts() {
        epochOfAll += 1
        discard { _ in true }
    }

    private mutating func discard(where isVoid: (Draft) -> Bool) {
        for index in drafts.indices where isVoid(drafts[index]) {
            drafts[index].erase()
            ahead.voided += 1
        }
        drafts.removeAll(where: isVoid)
    }
}
