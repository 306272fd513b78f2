internal import Codec
public import Trading

/// The first line of a recording: everything besides the inputs that decisions depend on.
public struct CaptureHeader: Hashable, Sendable {
    /// The format written by this build.
    public static let schema = "arb.capture/1"

    /// Nanoseconds that a clock may show, up to the year 2116: sums with any duration of ours stay in 64 bits.
    static let instants: ClosedRange<Int64> = 0...(1 << 62)

    /// One pair file as it was read.
    public struct PairText: Hashable, Sendable {
        /// Its path, for messages only.
        public let path: String
        /// Its content.
        public let text: String
        /// A pair file.
        public init(path: String, text: String) {
            self.path = path
            self.text = text
        }
    }

    /// Version and build id of the program that recorded.
    public let build: String
    /// The stamp at which the core started.
    public let started: Stamp
    /// Seed of all jitter in the feeds.
    public let seed: UInt64
    /// The effective configuration as TOML, secrets excluded.
    public let configuration: String
    /// SHA-256 (lower hex) of `configuration`.
    public let configurationSHA256: String
    /// All pair files, in the order in which they were read.
    public let pairs: [PairText]
    /// Which ids were watched, as a pattern; empty: all.
    public let only: String
    /// Names of the fee rules compiled in, per venue: another rule set decides differently.
    public let feeRules: [String]

    /// A header.
    public init(
        build: String, started: Stamp, seed: UInt64, configuration: String, configurationSHA256: String,
        pairs: [PairText],
        only: String = "", feeRules: [String]
    ) {
        self.build = build
        self.started = started
        self.seed = seed
        self.configuration = configuration
        self.configurationSHA256 = configurationSHA256
        self.pairs = pairs
        self.only = only
        self.feeRules = feeRules
    }

    /// The header as one line of JSON, newline included.
    public var line: [UInt8] {
        var json = JSONWriter(reserved: 4096)
        json.beginObject()
        json.member("schema", Self.schema)
        json.member("k", "config")
        json.member("n", started.monotonic.rawValue)
        json.member("w", started.utc.rawValue)
        json.member("build", build)
        json.member("seed", String(seed))
        json.member("config_sha256", configurationSHA256)
        json.member("config", configuration)
        json.key("pairs")
        json.beginArray()
        for pair in pairs {
            json.beginObject()
            json.member("path", pair.path)
            json.member("text", pair.text)
            json.endObject()
        }
        json.endArray()
        json.member("only", only)
        json.key("fee_rules")
        json.beginArray()
        for rule in feeRules { json.string(rule) }
        json.endArray()
        json.endObject()
        json.newline()
        return json.bytes
    }

    /// Reads a header line; nil when a field is missing or of the wrong type.
    init?(_ value: JSONValue) {
        guard let build = value["build"]?.text?.string, let monotonic = value["n"]?.int64, let utc = value["w"]?.int64,
            let seed = (value["seed"]?.text?.string).flatMap(UInt64.init), let text = value["config"]?.text?.string,
            let hash = value["config_sha256"]?.text?.string, let pairs = value["pairs"], pairs.kind == .array,
            let rules = value["fee_rules"], rules.kind == .array, let only = value["only"]?.text?.string,
            Self.instants.contains(monotonic), Self.instants.contains(utc)
        else { return nil }
        var files: [PairText] = []
        for pair in pairs.elements {
            guard let path = pair["path"]?.text?.string, let content = pair["text"]?.text?.string else { return nil }
            files.append(PairText(path: path, text: content))
        }
        var names: [String] = []
        for rule in rules.elements {
            guard let name = rule.text?.string else { return nil }
            names.append(name)
        }
        self.init(
            build: build, started: Stamp(monotonic: MonotonicNanos(rawValue: monotonic), utc: UTCNanos(rawValue: utc)),
            seed: seed, configuration: text, configurationSHA256: hash, pairs: files, only: only, feeRules: names)
    }
}
