import Assembly
import Glibc
import Trading

/// Any file as a recording: read to its end or to a fault with a place, and replayed twice to the same decisions.
final class CaptureChecker {
    private let path = "/dev/shm/arb-fuzz-\(getpid()).ndjson"

    init() { atexit { unlink("/dev/shm/arb-fuzz-\(getpid()).ndjson") } }

    func check(_ bytes: UnsafeRawBufferPointer) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        precondition(descriptor >= 0 && write(descriptor, bytes.baseAddress, bytes.count) == bytes.count)
        close(descriptor)
        guard let records = read(bytes.count) else { return }
        precondition(records <= bytes.count, "a record takes bytes")
        guard let first = replay(), let second = replay() else { return }
        precondition(first == second, "the same inputs make the same decisions")
    }

    /// The number of records; nil when not even the header is one.
    private func read(_ size: Int) -> Int? {
        var records = 0
        var last = Int64.min
        do throws(CaptureFault) {
            let reader = try CaptureReader(path: path)
            do throws(CaptureFault) {
                while let (record, stamp) = try reader.next() {
                    records += 1
                    precondition(stamp.monotonic.rawValue >= last, "time does not run backwards")
                    last = stamp.monotonic.rawValue
                    if case .frame(_, let payload) = record {
                        precondition(payload.count <= size, "a frame is in the file")
                    }
                }
            } catch {
                precondition(
                    error.line > 1 && error.offset <= size && !error.description.isEmpty, "a fault has a place")
            }
            return records
        } catch {
            precondition(error.line <= 1, "a header is the first line")
            return nil
        }
    }

    private func replay() -> Replay.Findings? {
        guard let reader = try? CaptureReader(path: path) else { return nil }
        return try? Replay.run(reader)
    }
}
