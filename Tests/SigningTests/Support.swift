import Foundation
import Signing

/// Vectors of this target.
enum Samples {
    private static let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    static func object(_ name: String) throws -> [String: Any] {
        let data = try Data(contentsOf: here.appending(path: "Vectors/\(name)"))
        guard let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw CocoaError(.fileReadCorruptFile)
        }
        return object
    }
}

extension Dictionary where Key == String, Value == Any {
    func text(_ key: String) -> String { self[key] as? String ?? "" }
    func list(_ key: String) -> [[String: Any]] { self[key] as? [[String: Any]] ?? [] }
}

/// The same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

/// A secret of the UTF-8 bytes of `text`.
func secret(_ text: String) -> Secret { Array(text.utf8).withUnsafeBytes { Secret($0) } }

/// A wallet's key from its hexadecimal text.
func walletKey(_ text: String) throws -> WalletKey { try WalletKey(hex: secret(text), name: "test key") }
