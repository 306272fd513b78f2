internal import Codec
internal import Server
internal import Trading

// Commands over the same port, for tests and operators in another process: `POST /sim`, unsigned, on loopback alone.
extension KalshiTrading {
    /// Answers a command; nil: the request is none.
    ///
    /// `{"do":"fault","rule":"N02-lost@kalshi/create:1"}`, `clear_faults`, `pause_exchange`/`resume_exchange`,
    /// `halt_exchange`, and with `"ticker"`: `pause`, `resume`, `close`, `determine`, `finalize` (`"yes_mills"`), `grid`
    /// (`"mills"`), `crowd_takes` and `by_hand` (`"side"`, `"mills"`, `"hundredths"`, `"resting"`); `revoke` (`"key"`);
    /// `truth` answers with every event as NDJSON.
    func control(_ request: WebServer.Request, _ path: Substring, _ turn: TradingTurn) -> WebServer.Response? {
        guard path == "/sim", request.method == "POST" else { return nil }
        let reader = JSONReader(limits: .rest)
        guard let body = try? reader.read(request.body), let verb = body["do"]?.text?.string else {
            return WebServer.Response(status: 400, body: Array(#"{"error":"no command"}"#.utf8))
        }
        if verb == "truth" {
            let lines = turn.ledger.events.map { $0.json + "\n" }.joined()
            return WebServer.Response(contentType: "application/x-ndjson", body: Array(lines.utf8))
        }
        guard command(verb, body, turn) else {
            return WebServer.Response(status: 400, body: Array(#"{"error":"unknown command or market"}"#.utf8))
        }
        return WebServer.Response(body: Array("{}".utf8))
    }

    private func command(_ verb: String, _ body: JSONValue, _ turn: TradingTurn) -> Bool {
        switch verb {
        case "fault":
            guard let rule = FaultPlan.rule(body["rule"]?.text?.string ?? "") else { return false }
            turn.faults.add(rule)
        case "clear_faults": turn.faults.clear()
        case "pause_exchange": pauseExchange(true, turn)
        case "resume_exchange":
            isExchangePaused = false
            pauseExchange(false, turn)
        case "halt_exchange": haltExchange(true, turn)
        case "revoke": revoke(body["key"]?.text?.string ?? "")
        default:
            guard let ticker = body["ticker"]?.text?.string, let place = place(ticker) else { return false }
            return command(verb, ticker, place, body, turn)
        }
        return true
    }

    private func command(
        _ verb: String, _ ticker: String, _ place: Int, _ body: JSONValue, _ turn: TradingTurn
    ) -> Bool {
        let mills = Int(body["mills"]?.int64 ?? 0)
        let count = Int(body["hundredths"]?.int64 ?? 100)
        let isBid = body["side"]?.text?.string == "bid"
        let payout = Int(body["yes_mills"]?.int64 ?? 1_000)
        guard (0...1_000).contains(mills), (0...1_000).contains(payout), (1...100_000_000).contains(count) else {
            return false
        }
        switch verb {
        case "pause": turn.world.pause(place, true, at: turn.now, turn.tell)
        case "resume": turn.world.pause(place, false, at: turn.now, turn.tell)
        case "close": enter(.closed, ticker, turn)
        case "determine": enter(.determined(payout), ticker, turn)
        case "finalize": enter(.finalized(payout), ticker, turn)
        case "grid":
            guard mills == 1 || mills == 10 else { return false }
            turn.world.regrid(place, tick: mills, turn.tell)
        case "crowd_takes": crowdTakes(ticker, isBid: isBid, limit: mills, count: count, turn)
        case "by_hand":
            let isResting = body["resting"]?.bool ?? false
            return tradeByHand("ours", ticker, isBid: isBid, mills: mills, count: count, isResting: isResting, turn)
                != nil
        default: return false
        }
        return true
    }
}
