import Codec
import Foundation
import Trading

@testable import Kalshi

/// Vectors of this target and samples that lie beside the checkout.
enum Samples {
    private static let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    /// Samples beside the checkout; tests that need them are shown as skipped where they are absent.
    static let shared = here.appending(path: "../../../../shared").standardized
    static var areThere: Bool { FileManager.default.fileExists(atPath: shared.path) }

    static func vector(_ name: String) throws -> Data { try Data(contentsOf: here.appending(path: "Vectors/\(name)")) }
    static func sample(_ path: String) throws -> Data { try Data(contentsOf: shared.appending(path: path)) }

    static func lines(_ data: Data) -> [String] {
        String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { !$0.allSatisfy(\.isWhitespace) }
    }

    static func object(_ data: Data) throws -> [String: Any] {
        guard let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw CocoaError(.fileReadCorruptFile)
        }
        return object
    }
}

extension Dictionary where Key == String, Value == Any {
    func text(_ key: String) -> String { self[key] as? String ?? "" }
    func list(_ key: String) -> [[String: Any]] { self[key] as? [[String: Any]] ?? [] }
    func object(_ key: String) -> [String: Any] { self[key] as? [String: Any] ?? [:] }
}

func money(_ text: String) throws -> Money { try Money(decimal: text) }
func price(_ text: String) throws -> Price { try Price(decimal: text) }
func quantity(_ text: String) throws -> Quantity { try Quantity(decimal: text) }
func multiplier(_ text: String) throws -> FeeMultiplier {
    guard let value = FeeMultiplier(rawValue: try FixedPoint.parse(text)) else { throw AmountError.overflow }
    return value
}
