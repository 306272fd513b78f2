internal import Arb
public import Trading

/// Runs a recording through the core: the same inputs, the same decisions, as fast as the core allows.
public enum Replay {
    /// What a replay found.
    public struct Findings: Sendable, Hashable {
        /// Inputs taken in.
        public let inputs: UInt64
        /// Text messages among them.
        public let frames: UInt64
        /// Recorded time from the first input to the last.
        public let span: Nanoseconds
        /// Decisions made.
        public let decisions: UInt64
        /// Their hash.
        public let sha256: String
        /// What the recording's own closing record says; nil when it has none.
        public let recorded: CaptureEnd?
        /// Why the recording ends early; nil when it is whole.
        public let fault: CaptureFault?

        /// True when the recording is whole and its own run decided the very same.
        public var isVerified: Bool {
            guard fault == nil, let recorded else { return false }
            return recorded.decisionsSHA256 == sha256 && recorded.decisions == decisions && recorded.overrunAt == nil
        }
    }

    /// Why a recording cannot be replayed at all.
    public enum Refusal: Error {
        /// The file.
        case capture(CaptureFault)
        /// The configuration in it, which this build does not accept.
        case configuration(SourceFaults)
        /// The pairs in it.
        case pairs([String])
        /// Other fee rules were compiled in when it was recorded; their names.
        case feeRules(recorded: [String])
    }

    /// Replays `reader` to its end.
    ///
    /// - Parameters:
    ///   - write: gets every line of the decision log.
    ///   - forward: gets every decision.
    ///   - progress: called every few thousand inputs with the bytes read.
    /// - Throws: `Refusal`.
    public static func run(
        _ reader: CaptureReader, write: (([UInt8]) -> Void)? = nil,
        forward: @escaping (DecisionEvent) -> Void = { _ in },
        progress: (Int) -> Void = { _ in }
    ) throws(Refusal) -> Findings {
        let core = try core(of: reader.header, write, forward)
        let engine = core.engine
        var inputs: UInt64 = 0
        var frames: UInt64 = 0
        var last = reader.header.started
        var recorded: CaptureEnd?
        var fault: CaptureFault?
        engine.start(at: last)
        _ = engine.takeActions()
        do throws(CaptureFault) {
            while let (record, stamp) = try reader.next() {
                if case .end(let end) = record {
                    recorded = end
                    continue
                }
                last = stamp
                inputs += 1
                if case .frame = record { frames += 1 }
                feed(record, stamp, to: engine)
                if inputs & 0xFFF == 0 { progress(reader.position) }
            }
        } catch {
            fault = error
        }
        engine.finish(at: last)
        progress(reader.position)
        return Findings(
            inputs: inputs, frames: frames, span: last.monotonic - reader.header.started.monotonic,
            decisions: core.decisions.count, sha256: core.decisions.finish(), recorded: recorded, fault: fault)
    }

    private static func feed(_ record: CaptureRecord, _ stamp: Stamp, to engine: Engine) {
        switch record {
        case .opened(let link): engine.opened(link, at: stamp)
        case .closed(let link, let reason): engine.closed(link, reason: reason, at: stamp)
        case .frame(let link, let payload): engine.frame(link, payload.bytes, at: stamp)
        case .answer(let answer): engine.answer(answer, at: stamp)
        case .timer: engine.advance(to: stamp)
        case .end: return
        }
        _ = engine.takeActions()  // what the core wants done was done when this was recorded
    }

    /// The core that the recording was made with.
    private static func core(
        of header: CaptureHeader, _ write: (([UInt8]) -> Void)?, _ forward: @escaping (DecisionEvent) -> Void
    ) throws(Refusal) -> Core {
        guard header.feeRules == Core.feeRules else { throw .feeRules(recorded: header.feeRules) }
        let configuration: Configuration
        let pairs: PairFiles
        do throws(SourceFaults) {
            configuration = try ConfigurationReader.read(
                header.configuration, file: "(recorded configuration)", folder: ".")
            pairs = try PairFiles(header.pairs).only(fitting: header.only)
        } catch {
            throw .configuration(error)
        }
        do {
            return try Core(
                configuration: configuration, pairs: pairs, seed: header.seed, write: write, forward: forward)
        } catch {
            throw .pairs(error.all.map { "\($0.code) \($0.pair.name): \($0.text)" })
        }
    }
}
