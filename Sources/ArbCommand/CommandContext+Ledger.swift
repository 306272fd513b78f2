import Assembly
import Glibc
import Store
import Trading

extension CommandContext {
    /// The account's ledger, for reading.
    func ledger(_ configuration: Configuration) throws(CommandFailure) -> Ledger {
        guard let root = configuration.path("state_dir", home: home) else {
            throw CommandFailure(.configuration, "E_CFG_MISSING", "state_dir is empty")
        }
        let path = root + "/" + configuration.text("account") + "/ledger.db"
        guard access(path, F_OK) == 0 else {
            throw CommandFailure(
                .unavailable, "E_STORE_IO", "\(path): nothing was ever recorded for this account",
                fix: "arb run --dry-run")
        }
        do throws(StoreFault) {
            return try Ledger.reader(path: path)
        } catch {
            throw CommandFailure(error.exitCode, error.code, error.text)
        }
    }

    /// A whole number within a range, or its default.
    func count(_ option: String, in range: ClosedRange<Int>, default standard: Int) throws(UsageFault) -> Int {
        guard let text = self.option(option) else { return standard }
        guard let count = Int(text), range.contains(count) else {
            throw UsageFault("\(option) '\(text)' is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return count
    }

    /// One of some words, or nil when the option is not given.
    func word(_ option: String, _ words: [String]) throws(UsageFault) -> String? {
        guard let text = self.option(option) else { return nil }
        guard words.contains(text) else {
            let nearest = NearestWord.of(text, among: words).map { "; did you mean '\($0)'?" } ?? ""
            throw UsageFault("\(option) '\(text)' is none of: \(words.joined(separator: ", "))\(nearest)")
        }
        return text
    }

    /// The venue of `--venue`; nil for all.
    func venue() throws(UsageFault) -> VenueID? {
        try word("--venue", VenueID.allCases.map(\.name)).flatMap { VenueID(name: $0) }
    }
}
