import Assembly
import Trading

/// Files that people write: whatever is in them ends in values within their bounds or in mistakes with places.
final class TomlChecker {
    /// The first byte chooses configuration or pair file, the rest is the text.
    func check(_ bytes: UnsafeRawBufferPointer) {
        guard let choice = bytes.first else { return }
        let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
        if choice & 1 == 0 { configuration(text) } else { pairs(text) }
    }

    private func configuration(_ text: String) {
        do throws(SourceFaults) {
            let read = try ConfigurationReader.read(text, file: "arb.toml", folder: "/")
            let again: Configuration
            do throws(SourceFaults) {
                again = try ConfigurationReader.read(read.toml, file: "arb.toml", folder: "/")
            } catch { preconditionFailure("what was read prints as what can be read: \(error.rendered)") }
            precondition(again.toml == read.toml, "and is the same")
        } catch {
            check(error, text)
        }
    }

    private func pairs(_ text: String) {
        do throws(SourceFaults) {
            let files = try PairFiles([CaptureHeader.PairText(path: "m.toml", text: text)])
            let ids = files.pairs.map(\.id.name) + files.sets.map(\.id.name)
            precondition(Set(ids).count == ids.count, "an id is used once")
            for pair in files.pairs {
                precondition(pair.kalshi.venue == .kalshi && pair.polymarket.venue == .polymarket, "each on its venue")
                precondition(pair.polymarket.tokens.map { $0.yes != $0.no } == true, "two tokens")
                precondition(pair.status != .approved || pair.kalshi.rulesSHA256 != nil, "approval pins the rules")
                precondition(pair.status != .approved || pair.polymarket.rulesSHA256 != nil, "of both venues")
            }
            for set in files.sets {
                precondition(set.legs.count >= 2 && (1..<set.legs.count).contains(set.winnersMax), "a set can pay")
            }
        } catch {
            check(error, text)
        }
    }

    private func check(_ faults: SourceFaults, _ text: String) {
        precondition(!faults.all.isEmpty, "a refusal says why")
        let lines = text.utf8.count(where: { $0 == 0x0A }) + 1
        for fault in faults.all {
            precondition(fault.place.line <= lines + 1 && fault.place.column >= 0, "a place is in the file")
            precondition(fault.code.hasPrefix("E_CFG_") || fault.code.hasPrefix("E_PAIR_"), "a code of its area")
        }
        let shown = faults.rendered
        precondition(shown.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x0A }, "nothing acts on the terminal")
    }
}
