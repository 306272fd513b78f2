@testable import Transport

/// The answer to an upgrade, whole and byte by byte: the same verdict, and never more than the limits.
final class HandshakeChecker {
    private let key = "dGhlIHNhbXBsZSBub25jZQ=="
    private lazy var accept = Array(WebSocketHandshake.accept(for: key).utf8)

    private enum Verdict: Equatable {
        case incomplete
        case accepted(Int)
        case fault(String, Int?, [UInt8])
    }

    /// The first byte says how the connection goes on; `@` in the rest stands for the right key.
    func check(_ bytes: UnsafeRawBufferPointer) {
        guard let options = bytes.first else { return }
        var answer: [UInt8] = []
        for byte in bytes.dropFirst() {
            if byte == UInt8(ascii: "@") { answer += accept } else { answer.append(byte) }
        }
        let ended = options & 1 == 1
        let whole = verdict(answer, ended: ended)
        if case .accepted(let offset) = whole {
            precondition(offset <= answer.count && offset <= WebSocketHandshake.headMax + 4, "frames follow the head")
            precondition(Array(answer[(offset - 4)..<offset]) == [13, 10, 13, 10], "a head ends with a blank line")
            precondition(answer.starts(with: Array("HTTP/1.1 101".utf8)), "only 101 upgrades")
        }
        let step = max(1, Int(options >> 1))
        var count = 0
        var piecewise = Verdict.incomplete
        while count < answer.count, piecewise == .incomplete {
            count = min(answer.count, count + step)
            piecewise = verdict(Array(answer[..<count]), ended: false)
        }
        if piecewise == .incomplete, ended { piecewise = verdict(answer, ended: true) }
        precondition(piecewise == whole, "cuts change nothing")
    }

    private func verdict(_ bytes: [UInt8], ended: Bool) -> Verdict {
        do throws(TransportFault) {
            switch try WebSocketHandshake.read(bytes, key: key, ended: ended) {
            case .incomplete: return .incomplete
            case .accepted(let offset): return .accepted(offset)
            }
        } catch {
            precondition(error.kind == .upgradeMalformed || error.kind == .upgradeRefused, "a fault of the handshake")
            precondition(error.body.count <= WebSocketHandshake.bodyMax, "a body is bounded")
            return .fault(error.code, error.status, error.body)
        }
    }
}
