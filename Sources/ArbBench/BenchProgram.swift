import Glibc

// arb-bench NAME [--json] [--floors FILE]: stage benchmarks; `Scripts/bench` runs them beside their C floors.

let usage = """
    usage: arb-bench all|parse|book|pipeline|sign|journal|net|trade|t2w|start|load
                     halt|status|recovery [--pairs LIST] [--json]
                     [--floors FILE] [--net-floor PROGRAM]

      parse      one message from bytes to numbers, and the lookup of names
      book       one Kalshi delta from bytes to the changed book; one ladder update
      pipeline   a message without an opportunity, from bytes to decision, against the number of pairs
      sign       an order or a header signed, beside the library's own signing in the same run
      journal    both intents of an execution recorded before they are sent, in both durabilities
      net        an order's request and its answer over loopback TLS on a polled lane, beside the C round trip in turns
      trade      both legs of a fire through all that a live run has, against both loopback venues in this process
      t2w        from a readable frame to both orders in the kernel: arb run --live against loopback venues
      start      from the start of the program to the first connection that a loopback venue accepts
      halt       from SIGUSR1 to the last order that a loopback venue read, 40 times
      status     the whole of `arb status` while a daemon trades, 100 times
      recovery   from the start of the program until it may enter, with 10,000 orders in ledger and log of intents
      load       the real program against loopback venues in real time: 10,000 pairs at 50,000 messages/s
      --pairs    of the pipeline (default 10,1000,10000,100000)
      --floors   figures of the C programs, one JSON object a line
      --net-floor  the C program that `net` runs in turns with its own rounds

    """

var words = Array(CommandLine.arguments.dropFirst())
var options: [String: String] = [:]
var isJSON = false
var names: [String] = []
while let word = words.first {
    words.removeFirst()
    switch word {
    case "--json": isJSON = true
    case "--help", "-h":
        emit(usage, STDOUT_FILENO)
        exit(0)
    case "--pairs", "--floors", "--net-floor", "--append-until-killed":
        guard let value = words.first else {
            emit("arb-bench: \(word) needs a value\n", STDERR_FILENO)
            exit(64)
        }
        words.removeFirst()
        options[word] = value
    case "all", "parse", "book", "pipeline", "sign", "journal", "net", "trade", "t2w", "start", "load",
        "halt", "status", "recovery":
        names.append(word)
    default:
        emit("arb-bench: unknown '\(word)'\n\n" + usage, STDERR_FILENO)
        exit(64)
    }
}
if let path = options["--append-until-killed"] { try JournalBench.untilKilled(path) }
if names.isEmpty {
    emit(usage, STDERR_FILENO)
    exit(64)
}
let sizes = (options["--pairs"] ?? "10,1000,10000,100000").split(separator: ",").map { Int($0) ?? 0 }
guard sizes.allSatisfy({ (1...1_000_000).contains($0) }) else {
    emit("arb-bench: --pairs wants whole numbers from 1 to 1000000, separated by commas\n", STDERR_FILENO)
    exit(64)
}
let floors = Floors(options["--floors"])
emit("# \(Machine.line)\n", STDERR_FILENO)
if !isJSON { emit(Row.heads + "\n", STDOUT_FILENO) }
for name in names {
    if name == "all" || name == "parse" { runParseBench(floors, json: isJSON) }
    if name == "all" || name == "book" {
        runLadderBench(floors, json: isJSON)
        runKalshiFeedBench(json: isJSON)
    }
    if name == "all" || name == "sign" {
        runSignBench(json: isJSON)
        runKalshiOrderBench(json: isJSON)
    }
    if name == "all" || name == "journal" { try JournalBench().run(json: isJSON) }
    if name == "all" || name == "net" { try NetBench(floor: options["--net-floor"]).run(json: isJSON) }
    if name == "all" || name == "trade" { try await TradeBench().run(json: isJSON) }
    if name == "all" || name == "t2w" { try TickToWireBench().run(floors, json: isJSON) }
    if name == "all" || name == "pipeline" {
        for size in sizes {
            for isZipf in size >= 10_000 ? [false, true] : [false] {
                for row in try PipelineBench(pairs: size, isZipf: isZipf).run(floors) { row.show(json: isJSON) }
            }
        }
    }
    if name == "all" || name == "start" { try LoadBench.start(json: isJSON) }
    if name == "all" || name == "halt" { try OperatorBench.halt(json: isJSON) }
    if name == "all" || name == "status" { try OperatorBench.status(json: isJSON) }
    if name == "all" || name == "recovery" { try OperatorBench.recovery(json: isJSON) }
    if name == "all" || name == "load" {
        try LoadBench(pairs: 1_000, rate: 5_000, seconds: 15).run(json: isJSON)
        try LoadBench(pairs: 10_000, rate: 50_000, seconds: 60).run(json: isJSON)
    }
}
