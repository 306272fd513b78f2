import Codec
import Glibc
public import Trading

/// What `arb status` shows: filled by the daemon about once a second, exposure first. Amounts in USD.
public struct StatusReport: Sendable, Hashable {
    /// A venue as it is now.
    public struct Venue: Sendable, Hashable {
        /// Its name.
        public var name: String
        /// True when it is reached and its data is fresh.
        public var isUp: Bool
        /// In a few words, such as why it is not.
        public var text: String

        /// A venue.
        public init(name: String, isUp: Bool, text: String) {
            self.name = name
            self.isUp = isUp
            self.text = text
        }
    }

    /// Something that is stopped: a breaker, or a pair.
    public struct Stop: Sendable, Hashable {
        /// `breaker:global`, `breaker:venue:kalshi`, `pair:fed`.
        public var scope: String
        /// Why.
        public var reason: String

        /// A stop.
        public init(scope: String, reason: String) {
            self.scope = scope
            self.reason = reason
        }
    }

    /// What the process has of the machine's memory, and for what.
    public struct Memory: Sendable, Hashable {
        /// Resident. Unit: KiB.
        public var resident = 0
        /// Handed out by the allocator. Unit: bytes.
        public var inUse = 0
        /// Executions and orders that are followed, or ended of late.
        public var executions = 0, orders = 0

        /// Nothing.
        public init() {}
    }

    /// The account.
    public var account = ""
    /// `dry-run`, `paper`, `live`.
    public var mode = ""
    /// `production`, `demo`, `loopback`.
    public var venuesKind = ""
    /// Build of the daemon.
    public var build = ""
    /// Its process; 0 where none runs.
    public var process: Int32 = 0
    /// When this was so.
    public var at = UTCNanos(rawValue: 0)
    /// When the daemon was started.
    public var started = UTCNanos(rawValue: 0)
    /// `flat`, `hedged`, `closing`, `exposed`, `unknown`: the gravest that holds.
    public var exposure = "flat"
    /// All that holds, the gravest first: `UNKNOWN 1 legs · EXPOSED $12.30 · HEDGED`.
    public var exposureLine = "FLAT"
    /// Orders of which nobody knows what became.
    public var unknownLegs = 0
    /// Executions whose excess is being closed.
    public var closing = 0
    /// Cost of what stands alone.
    public var exposed = Money.zero
    /// Cost of all that stands alone, or may.
    public var net = Money.zero
    /// Contracts held at what they pay.
    public var gross = Money.zero
    /// Boxes that are not settled.
    public var boxes = 0
    /// Cost of their matched units.
    public var hedged = Money.zero
    /// Cost of dust.
    public var dust = Money.zero
    /// Orders that are not over.
    public var openOrders = 0
    /// Profit of this UTC day so far.
    public var profitToday = Money.zero
    /// Executions of this run, and those filled as planned.
    public var executions = 0, filled = 0
    /// Why everything is halted; empty when it is not.
    public var halted = ""
    /// What is stopped besides.
    public var stops: [Stop] = []
    /// The venues.
    public var venues: [Venue] = []
    /// Alerts that nobody has seen.
    public var openAlerts = 0
    /// Looked at every few seconds.
    public var memory = Memory()
    /// What else a person should know, a line each.
    public var remarks: [String] = []

    /// Nothing known.
    public init() {}

    /// True when what is told is a model of fills, not fills.
    public var isModel: Bool { mode == TradingMode.paper.rawValue }

    /// Exit codes that hold, the gravest first (OPERATOR §3): 3 unknown, 4 unhedged, 2 halted or breaker open, 5 degraded.
    public var exitCodes: [Int32] {
        var codes: [Int32] = []
        if unknownLegs > 0 || exposure == "unknown" { codes.append(3) }
        if exposed.rawValue > 0 || closing > 0 || exposure == "exposed" || exposure == "closing" { codes.append(4) }
        if !halted.isEmpty || !stops.isEmpty { codes.append(2) }
        if venues.contains(where: { !$0.isUp }) { codes.append(5) }
        return codes
    }

    /// The exit code of `arb status`.
    public var exitCode: Int32 { exitCodes.first ?? 0 }

    /// As one JSON object, schema `arb.status/1`.
    public var json: String {
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.status/1")
        json.member("account", account)
        json.member("mode", mode)
        json.member("model", isModel)
        json.member("venues_kind", venuesKind)
        json.member("build", build)
        json.member("pid", process)
        json.member("at", at.rfc3339)
        json.member("at_ns", at.rawValue)
        json.member("started_ns", started.rawValue)
        json.member("exposure", exposure)
        json.member("exposure_line", exposureLine)
        json.member("unknown_legs", unknownLegs)
        json.member("closing", closing)
        for (name, amount) in amounts {
            json.key(name)
            json.decimalString(amount.rawValue)
        }
        json.member("boxes", boxes)
        json.member("open_orders", openOrders)
        json.member("executions", executions)
        json.member("executions_filled", filled)
        json.member("halted", halted)
        json.member("open_alerts", openAlerts)
        json.key("memory")
        json.beginObject()
        json.member("resident_kib", memory.resident)
        json.member("in_use_bytes", memory.inUse)
        json.member("executions_kept", memory.executions)
        json.member("orders_kept", memory.orders)
        json.endObject()
        json.key("stops")
        json.beginArray()
        for stop in stops {
            json.beginObject()
            json.member("scope", stop.scope)
            json.member("reason", stop.reason)
            json.endObject()
        }
        json.endArray()
        json.key("venues")
        json.beginArray()
        for venue in venues {
            json.beginObject()
            json.member("venue", venue.name)
            json.member("up", venue.isUp)
            json.member("text", venue.text)
            json.endObject()
        }
        json.endArray()
        json.key("remarks")
        json.beginArray()
        for remark in remarks { json.string(remark) }
        json.endArray()
        json.member("exit_code", exitCode)
        json.key("exit_codes")
        json.beginArray()
        for code in exitCodes { json.integer(code) }
        json.endArray()
        json.endObject()
        return json.string
    }

    private var amounts: [(String, Money)] {
        [
            ("exposed_usd", exposed), ("net_usd", net), ("gross_usd", gross), ("hedged_usd", hedged),
            ("dust_usd", dust),
            ("profit_today_usd", profitToday),
        ]
    }

    /// The report of such an object; nil for anything else.
    public init?(json text: String) {
        let reader = JSONReader(limits: .rest)
        defer { withExtendedLifetime(reader) {} }
        guard let value = try? reader.read(text), value["schema"]?.text?.string == "arb.status/1",
            let at = value["at_ns"]?.int64, let exposure = value["exposure"]?.text?.string,
            let unknown = value["unknown_legs"]?.int64
        else { return nil }
        func string(_ name: StaticString) -> String { value[name]?.text?.string ?? "" }
        func count(_ name: StaticString) -> Int { Int(clamping: value[name]?.int64 ?? 0) }
        // An amount that cannot be read is no zero.
        var isWhole = true
        func money(_ name: StaticString) -> Money {
            guard let units = try? value[name]?.decimal8(.negative) else {
                isWhole = false
                return .zero
            }
            return Money(rawValue: units)
        }
        account = string("account")
        mode = string("mode")
        venuesKind = string("venues_kind")
        build = string("build")
        process = Int32(clamping: count("pid"))
        self.at = UTCNanos(rawValue: at)
        started = UTCNanos(rawValue: value["started_ns"]?.int64 ?? 0)
        self.exposure = exposure
        exposureLine = string("exposure_line")
        unknownLegs = Int(clamping: unknown)
        (closing, boxes, openOrders) = (count("closing"), count("boxes"), count("open_orders"))
        (executions, filled, openAlerts) = (count("executions"), count("executions_filled"), count("open_alerts"))
        (exposed, net, gross) = (money("exposed_usd"), money("net_usd"), money("gross_usd"))
        (hedged, dust, profitToday) = (money("hedged_usd"), money("dust_usd"), money("profit_today_usd"))
        guard isWhole else { return nil }
        halted = string("halted")
        stops =
            (value["stops"]?.elements).map { list in
                list.map { Stop(scope: $0["scope"]?.text?.string ?? "", reason: $0["reason"]?.text?.string ?? "") }
            } ?? []
        venues =
            (value["venues"]?.elements).map { list in
                list.map {
                    Venue(
                        name: $0["venue"]?.text?.string ?? "", isUp: $0["up"]?.bool ?? false,
                        text: $0["text"]?.text?.string ?? "")
                }
            } ?? []
        if let told = value["memory"] {
            func figure(_ name: StaticString) -> Int { Int(clamping: told[name]?.int64 ?? 0) }
            (memory.resident, memory.inUse) = (figure("resident_kib"), figure("in_use_bytes"))
            (memory.executions, memory.orders) = (figure("executions_kept"), figure("orders_kept"))
        }
        remarks = (value["remarks"]?.elements).map { list in list.compactMap { $0.text?.string } } ?? []
    }

    // MARK: - The file

    /// Writes it for readers: beside, then renamed. A full disk is not an error here.
    ///
    /// - Returns: why not; nil when it is there.
    @discardableResult
    public func publish(in folder: String) -> String? {
        SmallFile.replace(folder + "/" + ControlFolder.status, with: json + "\n", isDurable: false)
    }

    /// The newest that a daemon wrote; nil when there is none that can be read.
    public static func published(in folder: String) -> StatusReport? {
        SmallFile.read(folder + "/" + ControlFolder.status, most: 1 << 20).flatMap { StatusReport(json: $0) }
    }

    // MARK: - For people

    /// At most 24 lines of at most 79 columns, exposure first.
    ///
    /// - Parameter now: the present, for ages.
    public func lines(now: UTCNanos) -> [String] {
        // What is said of a paper account is a model, before anything else.
        var lines = [Self.fit((isModel ? "PAPER, a model: " : "") + exposureLine)]
        if !halted.isEmpty { lines.append(Self.fit("HALTED   \(halted)")) }
        for stop in stops.prefix(6) { lines.append(Self.fit("STOPPED  \(stop.scope): \(stop.reason)")) }
        if stops.count > 6 { lines.append("         and \(stops.count - 6) more") }
        func dollars(_ amount: Money) -> String { FixedPoint.text(amount.rawValue, decimals: 2) }
        lines.append("")
        lines.append(
            Self.fit(
                "exposed   $\(dollars(exposed))   net $\(dollars(net))   gross $\(dollars(gross))   dust $\(dollars(dust))"
            ))
        lines.append(
            Self.fit("boxes     \(boxes) for $\(dollars(hedged)), \(openOrders) orders open, \(closing) closing"))
        lines.append(Self.fit("today     $\(dollars(profitToday)), \(executions) fired, \(filled) filled as planned"))
        for venue in venues.prefix(6) {
            lines.append(Self.fit("\(Self.padded(venue.name, 10))\(venue.isUp ? "up" : "DOWN")   \(venue.text)"))
        }
        if openAlerts > 0 { lines.append("alerts    \(openAlerts) that nobody has seen") }
        for remark in remarks.prefix(3) { lines.append(Self.fit("note      \(remark)")) }
        let age = Nanoseconds(rawValue: max(0, (now - at).rawValue))
        let where_ = process > 0 ? "process \(process)" : "no daemon"
        lines.append(
            Self.fit(
                "account   \(account), \(mode.isEmpty ? "mode unknown" : mode)\(venuesKind.isEmpty ? "" : " on \(venuesKind) venues"), "
                    + "\(where_), \(age.rawValue / 1_000_000_000) s ago"))
        return lines
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private static func fit(_ text: String) -> String {
        let neutral = TerminalText.neutral(text)
        return neutral.count <= 79 ? neutral : String(neutral.prefix(78)) + "…"
    }
}
