import Glibc
public import Trading

/// The content of a set of pair files.
public struct PairFiles: Sendable {
    /// All pairs, in order of file and place.
    public let pairs: [MarketPair]
    /// All outcome sets.
    public let sets: [OutcomeSet]
    /// The files as they were read, for captures.
    public let texts: [CaptureHeader.PairText]

    /// Reads pair files.
    ///
    /// - Throws: `SourceFaults`: every mistake of every file, each at its place.
    public init(_ files: [CaptureHeader.PairText]) throws(SourceFaults) {
        var pairs: [MarketPair] = []
        var sets: [OutcomeSet] = []
        var faults: [SourceFault] = []
        var seen: [String: (file: String, place: SourcePlace)] = [:]
        for file in files {
            var reader = PairFileReader(file: file.path)
            reader.read(file.text)
            faults += reader.faults
            for (id, place) in reader.ids {
                if let first = seen[id] {
                    faults.append(
                        SourceFault(
                            file: file.path, place: place,
                            message: "the id '\(id)' is used already at \(first.file):\(first.place.line)",
                            code: "E_PAIR_DUPLICATE_ID"))
                } else {
                    seen[id] = (file.path, place)
                }
            }
            pairs += reader.pairs
            sets += reader.sets
        }
        guard faults.isEmpty else {
            throw SourceFaults(
                faults, texts: Dictionary(files.map { ($0.path, $0.text) }, uniquingKeysWith: { first, _ in first }))
        }
        self.pairs = pairs
        self.sets = sets
        self.texts = files
    }

    private init(pairs: [MarketPair], sets: [OutcomeSet], texts: [CaptureHeader.PairText]) {
        self.pairs = pairs
        self.sets = sets
        self.texts = texts
    }

    /// The pairs and sets with one of these ids.
    public func only(_ ids: Set<PairID>) -> PairFiles {
        PairFiles(pairs: pairs.filter { ids.contains($0.id) }, sets: sets.filter { ids.contains($0.id) }, texts: texts)
    }

    /// The pairs and sets whose id fits a pattern with `*` and `?`; everything for an empty one.
    public func only(fitting pattern: String) -> PairFiles {
        guard !pattern.isEmpty else { return self }
        func fits(_ id: PairID) -> Bool { fnmatch(pattern, id.name, 0) == 0 }
        return PairFiles(pairs: pairs.filter { fits($0.id) }, sets: sets.filter { fits($0.id) }, texts: texts)
    }
}
