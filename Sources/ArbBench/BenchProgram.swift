import Glibc

/// `arb-bench NAME [--json] [--floors FILE]`: stage benchmarks; `Scripts/bench` runs them beside their C floors.
@main
enum BenchProgram {
    private static let usage = """
        usage: arb-bench all|parse|book|pipeline|sign|journal|net|trade|t2w|alloc|start
                         load|halt|status|recovery [--pairs LIST] [--json]
                         [--floors FILE] [--net-floor PROGRAM] [--t2w-floor PROGRAM]

          parse      one message from bytes to numbers, and the lookup of names
          book       one Kalshi delta from bytes to the changed book; one ladder update
          pipeline   a message without an opportunity, from bytes to decision, against the number of pairs
          sign       an order or a header signed, beside the library's own signing in the same run
          journal    both intents of an execution recorded before they are sent, in both durabilities
          net        an order's request and its answer over loopback TLS on a polled lane, beside the C round trip in turns
          trade      both legs of a fire through all that a live run has, against both loopback venues in this process
          t2w        from a readable frame to both orders in the kernel: arb run --live against loopback venues
          alloc      what a fire asks of the allocator, from the frame to the second order
          start      from the start of the program to the first connection that a loopback venue accepts
          halt       from SIGUSR1 to the last order that a loopback venue read, 40 times
          status     the whole of `arb status` while a daemon trades, 100 times
          recovery   from the start of the program until it may enter, with 10,000 orders in ledger and log of intents
          load       the real program against loopback venues in real time: 10,000 pairs at 50,000 messages/s
          --pairs    of the pipeline (default 10,1000,10000,100000)
          --floors   figures of the C programs, one JSON object a line
          --net-floor  the C program that `net` runs in turns with its own rounds
          --t2w-floor  the same of `t2w`

        """

    private static let names: Set<String> = [
        "all", "parse", "book", "pipeline", "sign", "journal", "net", "trade", "t2w", "alloc", "start", "load", "halt",
        "status",
        "recovery",
    ]

    /// What the command line asks for.
    private struct Options {
        var names: [String] = []
        var isJSON = false
        var sizes = [10, 1_000, 10_000, 100_000]
        var floors: String?
        var netFloor: String?
        var wireFloor: String?
        var untilKilled: String?

        func wants(_ name: String) -> Bool { names.contains(name) || names.contains("all") }
    }

    static func main() async {
        let options = options(Array(CommandLine.arguments.dropFirst()))
        do {
            // Appends to a log of intents for ever; what is left of it when the process is killed is looked at outside.
            if let path = options.untilKilled { try JournalBench.untilKilled(path) }
            guard !options.names.isEmpty else {
                emit(usage, STDERR_FILENO)
                exit(64)
            }
            emit("# \(Machine.line)\n", STDERR_FILENO)
            if !options.isJSON { emit(Row.heads + "\n", STDOUT_FILENO) }
            try await run(options)
        } catch {
            emit("arb-bench: \(error)\n", STDERR_FILENO)
            exit(1)
        }
    }

    private static func run(_ options: Options) async throws {
        let floors = Floors(options.floors), isJSON = options.isJSON
        if options.wants("parse") { runParseBench(floors, json: isJSON) }
        if options.wants("book") {
            runLadderBench(floors, json: isJSON)
            runKalshiFeedBench(json: isJSON)
        }
        if options.wants("sign") {
            runSignBench(json: isJSON)
            runKalshiOrderBench(json: isJSON)
        }
        if options.wants("journal") { try JournalBench().run(json: isJSON) }
        if options.wants("net") { try NetBench(floor: options.netFloor).run(json: isJSON) }
        if options.wants("trade") { try await TradeBench().run(json: isJSON) }
        if options.wants("t2w") { try TickToWireBench(floor: options.wireFloor).run(json: isJSON) }
        if options.wants("alloc") { try FireCostsBench().run(json: isJSON) }
        if options.wants("pipeline") {
            for size in options.sizes {
                for isZipf in size >= 10_000 ? [false, true] : [false] {
                    for row in try PipelineBench(pairs: size, isZipf: isZipf).run(floors) { row.show(json: isJSON) }
                }
            }
        }
        if options.wants("start") { try LoadBench.start(json: isJSON) }
        if options.wants("halt") { try OperatorBench.halt(json: isJSON) }
        if options.wants("status") { try OperatorBench.status(json: isJSON) }
        if options.wants("recovery") { try OperatorBench.recovery(json: isJSON) }
        if options.wants("load") {
            try LoadBench(pairs: 1_000, rate: 5_000, seconds: 15).run(json: isJSON)
            try LoadBench(pairs: 10_000, rate: 50_000, seconds: 60).run(json: isJSON)
        }
    }

    /// Reads the words of the command line; ends the program where they are not to be understood.
    private static func options(_ words: [String]) -> Options {
        var options = Options(), rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "--json": options.isJSON = true
            case "--help", "-h":
                emit(usage, STDOUT_FILENO)
                exit(0)
            case "--pairs": options.sizes = sizes(value(of: word, &rest))
            case "--floors": options.floors = value(of: word, &rest)
            case "--net-floor": options.netFloor = value(of: word, &rest)
            case "--t2w-floor": options.wireFloor = value(of: word, &rest)
            case "--append-until-killed": options.untilKilled = value(of: word, &rest)
            case _ where names.contains(word): options.names.append(word)
            default: refuse("unknown '\(word)'\n\n" + usage)
            }
        }
        return options
    }

    private static func value(of option: String, _ rest: inout ArraySlice<String>) -> String {
        guard let value = rest.popFirst() else { refuse("\(option) needs a value\n") }
        return value
    }

    private static func sizes(_ list: String) -> [Int] {
        let sizes = list.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard sizes.allSatisfy({ (1...1_000_000).contains($0) }) else {
            refuse("--pairs wants whole numbers from 1 to 1000000, separated by commas\n")
        }
        return sizes
    }

    private static func refuse(_ words: String) -> Never {
        emit("arb-bench: " + words, STDERR_FILENO)
        exit(64)
    }
}
