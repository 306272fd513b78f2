import Assembly
import Glibc
import Simulators
import Trading

/// Options that several commands share.
extension ParsedCommand {
    /// A whole number option within bounds.
    func integer(_ name: String, _ range: ClosedRange<Int>, default standard: Int) throws(UsageFault) -> Int {
        guard let text = options[name] else { return standard }
        guard let value = Int(text), range.contains(value) else {
            throw UsageFault("\(name) '\(text)' is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A duration option.
    func duration(_ name: String, default standard: String) throws(UsageFault) -> Nanoseconds {
        Nanoseconds(rawValue: try Self.duration(options[name] ?? standard, of: name))
    }

    /// `--faults gap,late` as a set; `all` for all of them.
    func faults() throws(UsageFault) -> Set<SimFault> {
        guard let text = options["--faults"], !text.isEmpty else { return [] }
        if text == "all" { return Set(SimFault.allCases) }
        var faults: Set<SimFault> = []
        for word in text.split(separator: ",") {
            guard let fault = SimFault(rawValue: String(word)) else {
                throw UsageFault(
                    "--faults '\(word)' is none of: \(SimFault.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            faults.insert(fault)
        }
        return faults
    }
}

/// Words on standard error.
func complain(_ text: String) { emit(STDERR_FILENO, text) }

/// Results on standard output, at once: a reader at the other end of a pipe is waiting for them.
func show(_ text: String) { emit(STDOUT_FILENO, text) }

private func emit(_ descriptor: Int32, _ text: String) {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + sent }, $0.count - sent) }
        if count > 0 { sent += count } else if errno == EPIPE { exit(0) } else if errno != EINTR { return }
    }
}
