internal import Codec
internal import Signing
internal import Store
internal import Transport

/// A C library that this process has loaded, and the oldest version of it that may trade.
///
/// The one that is loaded is the machine's, not the one that the program was built beside: it can be exchanged at any time,
/// and by anybody who may write there.
struct LoadedLibrary: Hashable {
    let name: String
    /// As it names itself, such as `3.0.19`.
    let version: String
    /// Nil where the library does not tell its version while it runs.
    let oldest: String?

    /// - Parameters:
    ///   - version: numbers with points between them; what follows them is not looked at.
    ///   - oldest: the oldest version that may trade.
    init(_ name: String, _ version: String, oldest: String?) {
        self.name = name
        self.version = version
        self.oldest = oldest
    }

    /// True for a version before the oldest, and for a text that is none.
    var isTooOld: Bool {
        guard let oldest else { return false }
        let (found, least) = (Self.numbers(version), Self.numbers(oldest))
        guard !found.isEmpty else { return true }
        for place in 0..<max(found.count, least.count) {
            let (one, other) = (place < found.count ? found[place] : 0, place < least.count ? least[place] : 0)
            if one != other { return one < other }
        }
        return false
    }

    private static func numbers(_ text: String) -> [Int] {
        var numbers: [Int] = []
        for part in text.split(separator: ".", omittingEmptySubsequences: false) {
            let digits = part.prefix { $0.isASCII && $0.isNumber }
            guard let number = Int(digits) else { break }
            numbers.append(number)
            if digits.count < part.count { break }
        }
        return numbers
    }

    /// All that money depends on.
    ///
    /// - Throws: why libcurl cannot be loaded.
    static func all() throws(TransportFault) -> [LoadedLibrary] {
        let curl = try CurlLibrary.version()
        // It calls itself "OpenSSL 3.0.19 27 Jan 2026".
        let openssl = CryptoLibrary.version.split(separator: " ").dropFirst().first.map(String.init) ?? ""
        return [
            // Before it a certificate's name could run over the stack while a peer was verified (CVE-2022-3602).
            LoadedLibrary("OpenSSL", openssl, oldest: "3.0.7"),
            // Tables are STRICT (3.37); before it a long text could run over a buffer (CVE-2022-35737).
            LoadedLibrary("SQLite", Ledger.libraryVersion, oldest: "3.39.2"),
            // The oldest that all of this was tested with.
            LoadedLibrary("libcurl", curl, oldest: "7.88.1"),
            // Its version is in its headers alone; the loader compares its ABI.
            LoadedLibrary("simdjson", JSONLibrary.version, oldest: nil),
            // It names no version; that it signs is proved when keys are read.
            LoadedLibrary("libsecp256k1", "0 (its ABI)", oldest: nil),
        ]
    }

    /// What keeps a live run from starting with these.
    static func fault(in libraries: [LoadedLibrary]) -> Edges.Fault? {
        guard let old = libraries.first(where: \.isTooOld) else { return nil }
        return Edges.Fault(
            code: "E_CFG_LIBRARY",
            text:
                "\(old.name) \(old.version) is loaded, \(old.oldest ?? "") is the oldest that may trade. Upgrade it, or see with ldd which one is found",
            isPermission: false)
    }
}
