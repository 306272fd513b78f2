// swift-tools-version: 6.2
import PackageDescription

// Targets stand in dependency order: what a target may import is above it. `Scripts/check` builds with
// --explicit-target-dependency-import-check, so an undeclared import does not build.

/// Language settings of every Swift target.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    // Debug builds and tests check exclusive access at run time; a fifth of a message's time went into it in release.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// A library target at `Sources/<path>`; a module README beside the sources is not a resource.
func module(_ name: String, _ path: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(path)", exclude: ["README.md"], swiftSettings: strict)
}

/// A test target at `Tests/<path>`; `vectors` says that the folder carries a `Vectors` directory.
func tests(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil, vectors: Bool = false) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["TestKit"], path: "Tests/\(path ?? name)",
        resources: vectors ? [.copy("Vectors")] : [], swiftSettings: strict)
}

let package = Package(
    name: "arb",
    products: [
        .executable(name: "arb", targets: ["ArbCommand"]),
        .executable(name: "arb-sim", targets: ["ArbSim"]),
        .executable(name: "arb-bench", targets: ["ArbBench"]),
        .library(name: "CrashPoints", type: .dynamic, targets: ["CCrashPoints"]),
        .library(name: "FireCosts", type: .dynamic, targets: ["CFireCosts"]),
    ],
    targets: [
        // C: system modules and small shims, each with one Swift owner.
        .systemLibrary(
            name: "COpenSSL", path: "Sources/C/COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CSecp256k1", path: "Sources/C/CSecp256k1", pkgConfig: "libsecp256k1",
            providers: [.apt(["libsecp256k1-dev"])]),
        .systemLibrary(
            name: "CSQLite", path: "Sources/C/CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .target(
            name: "CWebsockets", path: "Sources/C/CWebsockets", linkerSettings: [.linkedLibrary("websockets")]),
        .target(name: "CLinux", path: "Sources/C/CLinux"),
        .target(name: "CMemory", path: "Sources/C/CMemory"),
        .target(name: "CAllocations", path: "Sources/C/CAllocations"),
        // C++ behind `extern "C"`; simdjson's pkg-config carries a flag that SwiftPM refuses, so it is linked by name.
        .target(
            name: "CSimdjson", path: "Sources/C/CSimdjson",
            cxxSettings: [.unsafeFlags(["-O2"], .when(configuration: .debug))],
            linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "CToml", path: "Sources/C/CToml"),
        // libcurl is loaded at run time, off the thread that starts the program.
        .target(name: "CCurl", path: "Sources/C/CCurl", linkerSettings: [.linkedLibrary("dl")]),

        // The vocabulary: units, books, orders, pairs, and the seams where modules meet. Imports nothing of ours.
        module("Trading", "Trading", ["CMemory"]),
        // Threads that are executors, one monotonic clock, counters.
        module("Threading", "Threading", ["Trading", "CLinux"]),
        // Wire: bytes to values and back, keys to signatures, sockets to messages. Knows no venue.
        module("Codec", "Wire/Codec", ["CSimdjson", "CMemory"]),
        module("Signing", "Wire/Signing", ["COpenSSL", "CSecp256k1"]),
        module("Transport", "Wire/Transport", ["Trading", "Threading", "COpenSSL", "CCurl"]),
        module("Server", "Wire/Server", ["Trading", "Threading", "CWebsockets"]),
        // What may be traded now: pure, time is a parameter.
        module("Risk", "Risk", ["Trading"]),
        // One target a venue; venues never import each other.
        module("Kalshi", "Venues/Kalshi", ["Trading", "Threading", "Codec", "Signing", "Transport"]),
        module("Polymarket", "Venues/Polymarket", ["Trading", "Threading", "Codec", "Signing", "Transport"]),
        module("Paper", "Venues/Paper", ["Trading"]),
        // The decision core: books in, opportunities out; no I/O of its own.
        module("Arb", "Arb", ["Trading", "Threading", "Risk"]),
        // What is kept on disk.
        module("Store", "Store", ["Trading", "Threading", "Signing", "CSQLite"]),
        // How a running daemon is stopped, asked and told: latch, socket, status.
        module("Control", "Control", ["Trading", "Threading", "Codec", "Signing", "Transport"]),
        // Configuration, pair files, and the only place that knows every module.
        module(
            "Assembly", "Assembly",
            [
                "Trading", "Threading", "Codec", "Signing", "Transport", "Risk", "Kalshi", "Polymarket", "Paper", "Arb",
                "Store",
                "CToml",
            ]),
        .executableTarget(
            name: "ArbCommand",
            dependencies: [
                "Trading", "Threading", "Codec", "Signing", "Transport", "Risk", "Kalshi", "Polymarket", "Arb", "Store",
                "Control", "Assembly",
            ], path: "Sources/ArbCommand", swiftSettings: strict,
            // A recording names the build that made it; the linker's own identity costs nothing at start.
            linkerSettings: [.unsafeFlags(["-Xlinker", "--build-id=sha1"])]),

        // Loopback venues and hostile peers; `arb` never links them.
        module(
            "Simulators", "Simulators", ["Trading", "Threading", "Codec", "Signing", "Transport", "Server", "COpenSSL"]),
        // The real core against the simulated venues.
        module("Exploration", "Exploration", ["Trading", "Arb", "Assembly", "Simulators"]),
        // Loaded before `arb` by the crash stories, and by nothing else: kills it at named points of an order's way.
        .target(name: "CCrashPoints", path: "Sources/C/CCrashPoints", linkerSettings: [.linkedLibrary("dl")]),
        // Loaded before `arb` by the benchmark of a fire's allocations, and by nothing else.
        .target(name: "CFireCosts", path: "Sources/C/CFireCosts", linkerSettings: [.linkedLibrary("dl")]),
        // Stories played with a live run over real sockets, judged by the venues' truth.
        module(
            "Scenes", "Scenes",
            ["Trading", "Threading", "Codec", "Transport", "Risk", "Arb", "Store", "Assembly", "Simulators"]),
        .executableTarget(
            name: "ArbSim",
            dependencies: [
                "Trading", "Threading", "Codec", "Signing", "Server", "Simulators", "Arb", "Assembly", "Exploration",
                "Store", "Scenes",
            ],
            path: "Sources/ArbSim", swiftSettings: strict),
        .executableTarget(
            name: "ArbBench",
            dependencies: [
                "Trading", "Threading", "Codec", "Signing", "Transport", "Risk", "Kalshi", "Polymarket", "Arb", "Store",
                "Assembly",
                "Simulators", "CAllocations", "COpenSSL", "CSecp256k1",
            ], path: "Sources/ArbBench", swiftSettings: strict),

        // Tests mirror the sources.
        .target(name: "TestKit", dependencies: ["Trading"], path: "Tests/TestKit", swiftSettings: strict),
        tests("TradingTests", ["Trading"]),
        tests("ThreadingTests", ["Threading", "Trading"]),
        tests("CodecTests", ["Codec", "Threading"]),
        tests("SigningTests", ["Signing", "Codec"], vectors: true),
        tests("TransportTests", ["Transport", "Threading", "Trading", "Signing", "Server", "Simulators"]),
        tests("ServerTests", ["Server", "Transport", "Trading", "Threading", "Simulators"]),
        tests("RiskTests", ["Risk", "Trading", "CAllocations"]),
        tests(
            "KalshiTests", ["Kalshi", "Trading", "Codec", "Signing", "Transport", "Threading"],
            path: "Venues/KalshiTests", vectors: true),
        tests(
            "PolymarketTests", ["Polymarket", "Trading", "Threading", "Codec", "Signing", "Transport"],
            path: "Venues/PolymarketTests", vectors: true),
        tests("PaperTests", ["Paper", "Trading"], path: "Venues/PaperTests"),
        tests("ArbTests", ["Arb", "Trading", "Risk", "Threading", "Kalshi", "Polymarket", "Paper", "CAllocations"]),
        tests("StoreTests", ["Store", "Trading", "Threading"], vectors: true),
        tests("ControlTests", ["Control", "Trading", "Threading", "Codec"]),
        tests(
            "AssemblyTests",
            ["Assembly", "Trading", "Codec", "Arb", "Risk", "Store", "Threading", "Transport", "Simulators"]),
        tests(
            "CommandTests",
            [
                "Assembly", "Trading", "Threading", "Codec", "Store", "Control", "Signing", "Simulators", "Server",
                "Transport",
            ]),
        tests(
            "SimulatorsTests",
            [
                "Simulators", "Trading", "Threading", "Codec", "Server", "Signing", "Transport", "Kalshi", "Polymarket",
                "Arb",
            ]),
        tests(
            "Scenarios",
            ["Simulators", "Assembly", "Arb", "Trading", "Threading", "Transport", "Exploration", "Scenes"]),
    ],
    cxxLanguageStandard: .cxx17
)

// Fuzzers: `Scripts/fuzz` sets the variable and instruments the whole build; no ordinary build sees these targets.
if Context.environment["ARB_FUZZ"] != nil {
    let fuzzers: [(name: String, dependencies: [Target.Dependency])] = [
        ("JSONFuzz", ["Codec"]),
        ("TextFuzz", ["Codec"]),
        ("WebSocketFuzz", ["Transport"]),
        ("HandshakeFuzz", ["Transport"]),
        ("HTTPAnswerFuzz", ["Transport", "Trading"]),
        ("KalshiWireFuzz", ["Kalshi", "Codec", "Trading"]),
        ("KalshiFeedFuzz", ["Kalshi", "Codec", "Trading"]),
        ("PolymarketWireFuzz", ["Polymarket", "Codec", "Trading"]),
        ("PolymarketFeedFuzz", ["Polymarket", "Codec", "Signing", "Trading"]),
        ("TomlFuzz", ["Assembly", "Trading"]),
        ("CaptureFuzz", ["Assembly", "Trading"]),
    ]
    package.targets += [
        .target(name: "CFuzzer", path: "Tests/Fuzz/CFuzzer"),
        .target(
            name: "FuzzKit", dependencies: ["CFuzzer", "Trading"], path: "Tests/Fuzz/FuzzKit", swiftSettings: strict),
    ]
    package.targets += fuzzers.map { fuzzer in
        .executableTarget(
            name: fuzzer.name, dependencies: fuzzer.dependencies + ["FuzzKit"], path: "Tests/Fuzz/\(fuzzer.name)",
            swiftSettings: strict)
    }
}

// `Scripts/mutants` names the tests that it runs: nothing else is there to build then.
if let names = Context.environment["ARB_TESTS"] {
    var wanted = Set(names.split(separator: ",").map(String.init))
    var open = Array(wanted)
    while let name = open.popLast() {
        for dependency in package.targets.first(where: { $0.name == name })?.dependencies ?? [] {
            guard case .byNameItem(let needed, _) = dependency, wanted.insert(needed).inserted else { continue }
            open.append(needed)
        }
    }
    package.targets.removeAll { !wanted.contains($0.name) }
    package.products.removeAll()
}
