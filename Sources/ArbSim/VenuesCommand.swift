import Assembly
import Codec
import Glibc
import Signing
import Simulators
import Threading
import Trading

/// What was planted, for whoever wants to compare.
enum Truth {
    /// What was planted, one JSON object a line.
    static func text(_ planted: [PlantedEdge], start: UTCNanos) -> String {
        planted.map { edge in
            var json = JSONWriter()
            json.beginObject()
            json.member("schema", "arb.sim-truth/1")
            json.member("pair", edge.basket.name)
            switch edge.basket {
            case .pair(_, let direction): json.member("direction", direction == 0 ? "kalshi yes" : "kalshi no")
            case .set(_, let isYes): json.member("direction", isYes ? "all yes" : "all no")
            }
            json.member("from", (start + Nanoseconds(rawValue: edge.from)).rfc3339)
            json.member("until", (start + Nanoseconds(rawValue: edge.until)).rfc3339)
            json.endObject()
            return json.string
        }.joined(separator: "\n") + "\n"
    }
}

/// `arb-sim venues`: loopback venues until they are told to stop.
enum VenuesCommand {
    static let spec = CommandSpec(
        "venues", "start loopback venues; write arb.toml, pairs, key and CA; print one ready line",
        [
            OptionSpec("--out", "DIR", "where the files go (needed)"),
            OptionSpec("--seed", "N", "of the market (default 1)"),
            OptionSpec("--pairs", "N", "pairs (default 10)"),
            OptionSpec("--sets", "N", "outcome sets, three markets each (default 2)"),
            OptionSpec("--rate", "N", "changes a second (default 200)"),
            OptionSpec("--steady", nil, "a load: only sizes change, nothing to find"),
            OptionSpec("--shards", "N", "shards that Kalshi's markets are spread over (default 1)"),
            OptionSpec("--cash", "DOLLARS", "at Kalshi, in every shard (default 10000)"),
            OptionSpec(
                "--faults", "LIST",
                "what goes wrong with orders: KIND[@venue[/endpoint]][:n|:p%], as N02-lost@kalshi/create:1,V01:5%"),
            OptionSpec(
                "--clock-offset", "SECONDS", "by how much the venues' clocks are ahead (default 0; may be below)"),
            OptionSpec(
                "--alone", nil, "for measuring: servers never sleep, the hot lane of the run gets the last core"),
            OptionSpec("--for", "DURATION", "end after this (default: SIGTERM, SIGINT or end of input)"),
        ])

    static func run(_ parsed: ParsedCommand) throws -> Int32 {
        guard let out = parsed.options["--out"] else { throw UsageFault("venues needs --out DIR") }
        var settings = SimWorld.Settings()
        settings.seed = UInt64(try parsed.integer("--seed", 0...Int.max / 2, default: 1))
        settings.pairs = try parsed.integer("--pairs", 1...100_000, default: 10)
        settings.sets = try parsed.integer("--sets", 0...10_000, default: 2)
        settings.rate = try parsed.integer("--rate", 1...1_000_000, default: 200)
        if parsed.options["--steady"] != nil {
            settings.isSteady = true
            settings.plants = false
        }
        settings.shards = try parsed.integer("--shards", 1...4, default: 1)
        var trading = try trading(parsed, settings.shards)
        if parsed.options["--alone"] != nil { (trading.isPinned, trading.isSpinning) = (true, true) }
        let duration = try parsed.options["--for"].map { try ParsedCommand.duration($0, of: "--for") }
        let stops = SignalSet([SIGINT, SIGTERM])
        stops.block()
        let folder = try LoopbackFolder(absolute(out), settings, trading: trading)
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.sim-ready/1")
        json.member("config", folder.path + "/arb.toml")
        json.member("kalshi_port", folder.venues.kalshiPort)
        json.member("polymarket_port", folder.venues.polymarketPort)
        json.member("order_truth", folder.path + "/orders.ndjson")
        json.key("kalshi_account")
        json.beginObject()
        json.member("key_id", "loopback")
        json.key("cash_e6")
        json.beginObject()
        for (shard, cash) in trading.kalshiCash.sorted(by: { $0.key < $1.key }) {
            json.key("\(shard)")
            json.integer(cash)
        }
        json.endObject()
        json.endObject()
        json.member("faults", trading.faults.count)
        json.endObject()
        show(json.string + "\n")
        if let duration {
            _ = stops.wait(until: NanoClock.monotonic() + Nanoseconds(rawValue: duration))
        } else {
            _ = stops.wait()
        }
        let summary = folder.venues.stop()
        try folder.write("truth.ndjson", Truth.text(summary.planted, start: folder.venues.start.utc))
        return 0
    }

    /// The rules of a list; `none` and nothing are none.
    static func faults(_ list: String) throws -> [FaultPlan.Rule] {
        guard list != "none" else { return [] }
        return try list.split(separator: ",").map { word in
            guard let rule = FaultPlan.rule(word) else {
                let kinds = FaultKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw UsageFault("--faults '\(word)' is no rule KIND[@venue[/endpoint]][:n|:p%]; kinds: \(kinds)")
            }
            return rule
        }
    }

    /// What `--cash` and `--faults` ask for.
    private static func trading(_ parsed: ParsedCommand, _ shards: Int) throws -> LoopbackFolder.Trading {
        var trading = LoopbackFolder.Trading()
        let offset = try parsed.integer("--clock-offset", -86_400...86_400, default: 0)
        trading.clockOffset = .seconds(Int64(offset))
        let dollars = try parsed.integer("--cash", 0...1_000_000_000, default: 10_000)
        for shard in 0..<shards { trading.kalshiCash[shard] = dollars * 1_000_000 }
        trading.faults = try faults(parsed.options["--faults"] ?? "")
        return trading
    }

    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        let here = getcwd(nil, 0)
        defer { free(here) }
        return (here.map { String(cString: $0) } ?? ".") + "/" + path
    }
}
