import Trading

// What the answers add up to.
extension Reference {
    func publish(after subject: Subject, at stamp: Stamp, into sink: any ReferenceSink) {
        for place in concerned(subject) { publish(place, at: stamp, into: sink) }
    }

    func concerned(_ subject: Subject) -> [Int] {
        switch subject {
        case .markets(let range): return Array(range)
        case .event(let ticker), .eventFees(let ticker):
            return (members[ticker] ?? []).filter { markets[$0].body?.event == ticker }
        case .series(let name), .seriesFees(let name):
            return members.keys.filter { events[$0]?.series == name }.flatMap { members[$0] ?? [] }.sorted()
        case .status, .schedule: return markets.indices.filter { markets[$0].body != nil }
        }
    }

    func publish(_ place: Int, at stamp: Stamp, into sink: any ReferenceSink) {
        do throws(ReferenceFault) {
            guard let source = try source(place, at: stamp) else { return }
            let market = markets[place]
            let built = try source.build(
                market.contract, account: settings.account, honoursWaiver: settings.honoursFeeWaiver, at: stamp.utc)
            markets[place].isBlocked = false
            markets[place].hasTerms = true
            var terms = built.terms
            if let told = feed?.status(of: market.instrument, toldAfter: market.askedAt) { terms.status = told }
            feed?.learn(
                market.instrument, terms.grid, status: terms.status, otherEnd: built.otherEnd, at: stamp)
            sink.apply(terms, of: market.instrument)
        } catch {
            // What a file pins holds until the venue has spoken of the market itself.
            if markets[place].contract.pinned != nil, markets[place].body == nil { return }
            markets[place].isBlocked = true
            markets[place].hasTerms = false
            sink.block(markets[place].instrument, error)
        }
    }

    /// Everything about a market; nil while reads that have not failed are still to come.
    func source(_ place: Int, at stamp: Stamp) throws(ReferenceFault) -> TermsSource? {
        let market = markets[place]
        let batch = reads.first { if case .markets(let range) = $0.subject { range.contains(place) } else { false } }
        try judge(batch, at: stamp)
        guard let body = market.body, let readAt = market.readAt else {
            guard batch?.readAt == nil else {
                throw ReferenceFault(
                    code: "E_REF_NOT_FOUND", text: "the venue does not list \(market.contract.symbol)")
            }
            return nil
        }
        guard let event = body.event else { throw TermsSource.missing("event_ticker") }
        try judge(.event(event), at: stamp)
        try judge(.eventFees(event), at: stamp)
        guard let eventBody = events[event] else { return nil }
        guard let name = eventBody.series else { throw TermsSource.missing("series_ticker") }
        try judge(.series(name), at: stamp)
        try judge(.seriesFees(name), at: stamp)
        try judge(.schedule, at: stamp)
        guard let seriesBody = series[name], let eventChanges = eventFees[event], let seriesChanges = seriesFees[name],
            calendar != nil
        else { return nil }
        return TermsSource(
            market: body, event: eventBody, series: seriesBody, seriesChanges: seriesChanges,
            eventChanges: eventChanges, status: status, calendar: calendar, readAt: readAt)
    }

    func judge(_ subject: Subject, at stamp: Stamp) throws(ReferenceFault) {
        try judge(reads.first { $0.subject == subject }, at: stamp)
    }

    /// A failed read blocks when nothing of it is known, or what is known is too old.
    func judge(_ read: Read?, at stamp: Stamp) throws(ReferenceFault) {
        guard let read, let fault = read.fault else { return }
        guard let readAt = read.readAt, stamp.utc - readAt <= max(settings.staleAfter, every(read.subject)) else {
            throw fault
        }
    }
}
