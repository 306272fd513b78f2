internal import Codec
internal import Glibc
internal import Polymarket
internal import Signing
internal import Store
internal import Threading
internal import Trading
internal import Transport

/// What can be known of this machine and its configuration without asking a venue.
public struct LocalChecks {
    private let configuration: Configuration
    private let pairs: PairFiles
    private let home: String

    /// Checks of an effective configuration and its pair files, both read without a fault.
    public init(_ configuration: Configuration, _ pairs: PairFiles, home: String) {
        self.configuration = configuration
        self.pairs = pairs
        self.home = home
    }

    /// Every line, in the order in which an operator would mend things.
    public func run() -> [Finding] {
        [configurationLine, pairsLine, limitsLine] + keys()
            + [stateFolder, trust, lanes, Self.descriptors, Self.clock, Self.libraries]
    }

    /// The keys alone.
    public func keys() -> [Finding] { [kalshiKey, polymarketKey] }

    // MARK: Configuration

    private var configurationLine: Finding {
        let venues = Edges.environment(configuration)
        let name = configuration.file ?? "defaults alone"
        if configuration.file == nil {
            return Finding(
                "configuration", .warn, "no file: defaults alone", fix: "run 'arb init', then set keys and pairs")
        }
        return Finding(
            "configuration", .ok,
            "\(name): account \(configuration.text("account")), mode \(configuration.text("mode")), venues=\(venues)")
    }

    private var pairsLine: Finding {
        let all = pairs.pairs.map(\.status) + pairs.sets.map(\.status)
        let approved = all.count { $0 == .approved }
        guard approved > 0 else {
            return Finding(
                "pairs", .warn, "\(all.count) pairs and sets, none approved: nothing would be traded",
                fix: "read both rule texts, 'arb pairs check', then status = \"approved\"", code: "E_PAIR_NONE")
        }
        return Finding("pairs", .ok, "\(all.count) pairs and sets, \(approved) approved")
    }

    /// Limits that contradict each other: each alone is well, together they mean something else than was meant.
    private var limitsLine: Finding {
        let chain = ["sizing.max_order_usd", "risk.max_pair_usd", "risk.max_venue_usd", "risk.max_open_usd"]
        for (less, more) in zip(chain, chain.dropFirst()) where configuration.money(less) > configuration.money(more) {
            return Finding(
                "limits", .warn, "\(less) \(configuration.money(less)) is above \(more) \(configuration.money(more))",
                fix: "the smaller one rules; lower \(less) or raise \(more)")
        }
        // A resting order of Polymarket has five shares at least; a marketable buy costs a dollar at least.
        let contracts = Quantity(rawValue: configuration.decimal("sizing.max_contracts"))
        guard contracts.rawValue >= 5 * FixedPoint.one,
            configuration.money("sizing.max_order_usd").rawValue > FixedPoint.one
        else {
            return Finding(
                "limits", .warn, "sizing allows less than the venues' least orders (5 shares, $1.00)",
                fix: "raise sizing.max_contracts and sizing.max_order_usd, or nothing is ever traded")
        }
        return Finding(
            "limits", .ok,
            "\(configuration.money("sizing.max_order_usd")) an order, \(configuration.money("risk.max_open_usd")) open, "
                + "reserve \(configuration.money("risk.unwind_reserve_usd")) a purse")
    }

    // MARK: Keys

    private var kalshiKey: Finding {
        let id = configuration.text("venues.kalshi.key_id")
        guard let path = configuration.path("venues.kalshi.private_key_file", home: home), !id.isEmpty else {
            return Finding(
                "kalshi.key", .fail, "no key: every Kalshi connection is signed, public data too",
                fix: "make a key in the account settings, set key_id and private_key_file", code: "E_CFG_MISSING")
        }
        do throws(SigningFault) {
            let key = try SigningKey(pem: try KeyFile.load(path), name: path)
            let kind = key.kind == .ed25519 ? "Ed25519" : "RSA of \(key.bits) bits"
            return Finding("kalshi.key", .ok, "\(kind), mode 0600, key id \(id.prefix(8))…")
        } catch {
            return Self.refused("kalshi.key", error)
        }
    }

    private var polymarketKey: Finding {
        guard let path = configuration.path("venues.polymarket.private_key_file", home: home) else {
            return Finding(
                "polymarket.wallet", .warn, "no wallet key: its books are watched, orders cannot be signed",
                fix: "set venues.polymarket.private_key_file, funder and signature_type", code: "E_CFG_MISSING")
        }
        do throws(SigningFault) {
            let funder = configuration.text("venues.polymarket.funder")
            let found = try TradingAccount.load(
                keyFile: path, funder: funder.isEmpty ? nil : funder,
                signatureType: UInt8(clamping: configuration.integer("venues.polymarket.signature_type"))
            ).wallet
            let kind =
                switch found.kind {
                case .account: "the key's own account"
                case .proxy: "proxy wallet"
                case .safe: "safe"
                case .deposit: "deposit wallet"
                }
            return Finding(
                "polymarket.wallet", .ok,
                "\(kind) \(found.address), signed for by \(found.owner); it belongs to the key")
        } catch {
            return Self.refused("polymarket.wallet", error)
        }
    }

    static func refused(_ check: String, _ fault: SigningFault) -> Finding {
        let fix =
            switch fault.kind {
            case .unreadable: "write the right path, relative to the configuration file"
            case .permissions: "chmod 600 the file, owned by the user that runs arb"
            case .encrypted: "openssl pkey -in OLD -out NEW, then chmod 600 NEW"
            case .wrongKind: "Kalshi takes RSA of 2048 bits or more, or Ed25519, as PEM"
            case .hex, .range: "the file holds 0x and 64 hexadecimal letters, nothing else"
            case .address: "copy the address again, with its capital letters"
            case .funder: "set funder and signature_type to those of the account page"
            case .credentials: "derive the API keys anew: 'arb keys test'"
            case .signature, .order, .refused: "report this as a bug"
            }
        return Finding(
            check, .fail, fault.text, fix: fix, code: fault.code, isPermission: fault.kind == .permissions)
    }

    // MARK: Machine

    private var stateFolder: Finding {
        let account = configuration.text("account")
        guard let root = configuration.path("state_dir", home: home) else {
            return Finding("state", .fail, "state_dir is empty", fix: "set state_dir", code: "E_CFG_MISSING")
        }
        do throws(StoreFault) {
            let folder = try StateFolder.prepared(root: root, account: account)
            guard access(folder, W_OK) == 0 else {
                throw StoreFault(.io, "\(folder): \(String(cString: strerror(errno)))")
            }
            var disk = statvfs()
            let free = statvfs(folder, &disk) == 0 ? (UInt64(disk.f_bavail) * UInt64(disk.f_frsize)) >> 20 : 0
            if let holder = StateFolder.holder(root: root, account: account) {
                return Finding("state", .ok, "\(folder): held by process \(holder), \(free) MiB free")
            }
            if free < 512 {
                return Finding(
                    "state", .warn, "\(folder): \(free) MiB free", fix: "make room: ledger and recordings grow",
                    code: "E_STORE_IO")
            }
            return Finding("state", .ok, "\(folder): writable, nobody holds the account, \(free) MiB free")
        } catch {
            return Finding(
                "state", .fail, error.text, fix: "chmod 700 the folder, or choose another state_dir", code: error.code,
                isPermission: error.kind == .permissions)
        }
    }

    private var trust: Finding {
        for venue in VenueID.allCases {
            let authority = configuration.path("venues.\(venue.name).extra_ca_file", home: home)
            do throws(TransportFault) {
                _ = try TLSContext(loopbackAuthority: authority)
            } catch {
                return Finding(
                    "tls", .fail, error.text, fix: "name a PEM file with a certificate authority, or empty the key",
                    code: error.code)
            }
        }
        let isLoopback = Edges.environment(configuration) == "loopback"
        guard access(TLSContext.systemDirectory, R_OK | X_OK) == 0 || isLoopback else {
            return Finding(
                "tls", .fail, "\(TLSContext.systemDirectory) is not there: no peer can be verified",
                fix: "apt install ca-certificates", code: "E_TLS_CA_FILE")
        }
        return Finding(
            "tls", .ok,
            isLoopback
                ? "the loopback authority is trusted, for loopback alone"
                : "system authorities; peers are always verified")
    }

    private var lanes: Finding { Self.lanes(cores: Machine.processors, wait: configuration.text("lanes.wait")) }

    static func lanes(cores: Int, wait: String) -> Finding {
        let spinning = max(1, cores - 1)
        let text = "\(cores) cores, \(min(3, spinning)) lanes may spin, wait = \(wait)"
        if cores < 2, wait == "spin" {
            return Finding("lanes", .fail, text, fix: "set lanes.wait = \"adaptive\": one core cannot spin and work")
        }
        if cores < 2 { return Finding("lanes", .warn, text, fix: "two cores or more, or fires take milliseconds") }
        return Finding("lanes", .ok, text)
    }

    private static var descriptors: Finding {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < 1_024 else {
            return Finding("descriptors", .ok, "\(limit.rlim_cur) open files allowed")
        }
        return Finding(
            "descriptors", .warn, "\(limit.rlim_cur) open files allowed", fix: "ulimit -n 4096",
            code: "E_NET_DESCRIPTORS")
    }

    private static var clock: Finding {
        guard let error = Machine.clockError else {
            return Finding(
                "clock", .warn, "the kernel does not say that this clock is synchronised",
                fix: "run chrony or systemd-timesyncd; signatures are refused beyond some seconds")
        }
        return Finding("clock", .ok, "synchronised, error at most \(error.rawValue / 1_000_000) ms")
    }

    private static var libraries: Finding {
        let loaded: [LoadedLibrary]
        do throws(TransportFault) { loaded = try LoadedLibrary.all() } catch {
            return Finding(
                "libraries", .fail, "libcurl: \(error.text)",
                fix: "apt install libcurl4: no account can be read without",
                code: error.code)
        }
        return libraries(loaded)
    }

    static func libraries(_ loaded: [LoadedLibrary]) -> Finding {
        if let fault = LoadedLibrary.fault(in: loaded) {
            return Finding("libraries", .fail, fault.text, fix: ErrorCatalog.fix(of: fault.code), code: fault.code)
        }
        let text = (loaded.map { "\($0.name) \($0.version)" } + ["arb \(BuildInfo.version)"]).joined(separator: "; ")
        return Finding("libraries", .ok, text)
    }
}
