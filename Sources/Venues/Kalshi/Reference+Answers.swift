import Codec
public import Trading

// Answers: one at a time, page by page.
extension Reference {
    /// One answer; what it completes is told to the sink.
    public func answered(_ answer: RestAnswer, at stamp: Stamp, into sink: any ReferenceSink) {
        guard let index = asked[answer.request.tag] else { return }
        do throws(ReferenceFault) {
            let root = try checked(answer, reads[index].subject)
            reads[index].tag = nil
            asked[answer.request.tag] = nil
            var next: String?
            do throws(WireFault) { next = try take(root, index, answer, at: stamp) } catch {
                throw ReferenceFault(
                    code: "E_REF_UNREADABLE",
                    text: "\(answer.request.path): \(error.field) cannot be read (\(error.code))")
            }
            if let next { return try turnPage(index, next, at: stamp) }
            succeeded(index, answer, at: stamp, into: sink)
        } catch {
            failed(index, error, at: stamp, into: sink)
        }
        issue(at: stamp)
    }

    func checked(_ answer: RestAnswer, _ subject: Subject) throws(ReferenceFault) -> JSONValue {
        let path = answer.request.path
        if let fault = answer.fault {
            throw ReferenceFault(code: "E_REF_UNAVAILABLE", text: "\(path): \(fault)")
        }
        // The status body also comes with the codes that say that the exchange is down.
        let isStatus = subject == .status && [500, 503, 504].contains(answer.status)
        guard answer.status == 200 || isStatus else {
            throw ReferenceFault(
                code: answer.status == 404 ? "E_REF_NOT_FOUND" : "E_REF_UNAVAILABLE",
                text: "\(path): HTTP status \(answer.status)")
        }
        guard answer.contentType.hasPrefix("application/json") else {
            throw ReferenceFault(
                code: "E_REF_UNREADABLE", text: "\(path): content type \(answer.contentType) instead of JSON")
        }
        do throws(JSONFault) { return try reader.read(answer.body) } catch {
            throw ReferenceFault(code: "E_REF_UNREADABLE", text: "\(path): no JSON (\(error.code))")
        }
    }

    /// Takes one page; returns the cursor of the next.
    func take(
        _ root: JSONValue, _ index: Int, _ answer: RestAnswer, at stamp: Stamp
    ) throws(WireFault) -> String? {
        let subject = reads[index].subject
        switch subject {
        case .markets:
            let page = try Wire.markets(root)
            for row in page.rows { take(row, index, answer.fetchedAt, at: stamp) }
            return page.cursor
        case .event(let ticker):
            let body = try Wire.event(root)
            guard body.ticker == ticker else { throw WireFault(.field, "event_ticker") }
            events[ticker] = body
            if let name = body.series {
                want(.series(name), at: stamp)
                want(.seriesFees(name), at: stamp)
            }
        case .series(let ticker):
            let body = try Wire.series(root)
            guard body.ticker == ticker else { throw WireFault(.field, "ticker") }
            series[ticker] = body
        case .eventFees(let ticker):
            let page = try Wire.eventFeeChanges(root)
            let rows = (partial[subject] ?? []) + page.rows.filter { $0.subject == ticker }
            partial[subject] = page.cursor == nil ? nil : rows
            if page.cursor == nil { eventFees[ticker] = rows.sorted { $0.from < $1.from } }
            return page.cursor
        case .seriesFees(let ticker):
            let page = try Wire.seriesFeeChanges(root)
            let rows = (partial[subject] ?? []) + page.rows.filter { $0.subject == ticker }
            partial[subject] = page.cursor == nil ? nil : rows
            if page.cursor == nil { seriesFees[ticker] = rows.sorted { $0.from < $1.from } }
            return page.cursor
        case .status:
            let fresh = try Wire.status(root)
            reads[index].isNews = status != fresh || reads[index].attempt > 0
            status = fresh
        case .schedule:
            let fresh = PauseCalendar(try Wire.schedule(root))
            reads[index].isNews = calendar != fresh || reads[index].attempt > 0
            calendar = fresh
        }
        return nil
    }

    func take(_ row: Wire.MarketBody, _ index: Int, _ readAt: UTCNanos, at stamp: Stamp) {
        let subject = reads[index].subject
        guard let place = places[row.ticker], case .markets(let range) = subject, range.contains(place) else { return }
        partialMarkets[subject, default: []].insert(row.ticker)
        if markets[place].body?.event != row.event, let event = row.event { members[event, default: []].append(place) }
        markets[place].body = row
        markets[place].readAt = readAt
        markets[place].askedAt = reads[index].askedAt
        if let event = row.event {
            want(.event(event), at: stamp)
            want(.eventFees(event), at: stamp)
        }
    }

    func turnPage(_ index: Int, _ cursor: String, at stamp: Stamp) throws(ReferenceFault) {
        guard reads[index].cursors.count < Self.pagesMax, !reads[index].cursors.contains(cursor) else {
            throw ReferenceFault(code: "E_REF_PAGES", text: "\(path(of: index)): pages without end")
        }
        reads[index].cursors.append(cursor)
        plan(index, at: stamp.monotonic)
        issue(at: stamp)
    }

    func succeeded(_ index: Int, _ answer: RestAnswer, at stamp: Stamp, into sink: any ReferenceSink) {
        let subject = reads[index].subject
        reads[index].attempt = 0
        reads[index].cursors = []
        reads[index].fault = nil
        reads[index].isFirst = false
        reads[index].readAt = answer.fetchedAt
        // An answer from the disk will do until the fresh one is there, and that is asked for at once.
        let isOld = stamp.utc - answer.fetchedAt > .seconds(30)
        plan(index, at: isOld && answer.request.mayUseCache ? stamp.monotonic : stamp.monotonic + every(subject))
        if reads[index].isWanted {
            reads[index].isWanted = false
            hurry(index, at: stamp)
        }
        if case .markets(let range) = subject {
            let seen = partialMarkets[subject] ?? []
            partialMarkets[subject] = nil
            for place in range where !seen.contains(markets[place].contract.symbol) { markets[place].body = nil }
        }
        if reads[index].isNews { publish(after: subject, at: stamp, into: sink) }
    }

    func failed(_ index: Int, _ fault: ReferenceFault, at stamp: Stamp, into sink: any ReferenceSink) {
        if let tag = reads[index].tag {
            reads[index].tag = nil
            asked[tag] = nil
        }
        let subject = reads[index].subject
        partial[subject] = nil
        partialMarkets[subject] = nil
        let doubled = settings.backoffFirst.rawValue << Int64(min(reads[index].attempt, 16))
        let longest = max(2, min(doubled, settings.backoffMax.rawValue))
        let pause = longest / 2 + Int64.random(in: 0...(longest / 2), using: &random)
        reads[index].attempt += 1
        reads[index].cursors = []
        reads[index].isFirst = false
        reads[index].fault = fault
        plan(index, at: stamp.monotonic + Nanoseconds(rawValue: pause))
        if reads[index].attempt == 1 || reads[index].attempt % 10 == 0 {
            sink.note(FeedNotice(code: fault.code, text: "\(fault.text); asked again after a pause"))
        }
        publish(after: subject, at: stamp, into: sink)
    }
}
