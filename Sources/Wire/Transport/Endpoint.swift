import CCurl
import Glibc

/// Where to connect: scheme, host, port and path of a URL, checked.
public struct Endpoint: Hashable, Sendable {
    /// `https` or `wss`: nothing without TLS exists here.
    public let scheme: String
    /// Host name or address literal, lower case, brackets removed.
    public let host: String
    /// Port; 443 when the URL names none.
    public let port: UInt16
    /// Path with query, at least `/`.
    public let target: String

    /// Reads a URL.
    ///
    /// - Throws: `TransportFault` (`E_NET_URL`): other schemes, user names, fragments, non-ASCII hosts, bad ports.
    public init(_ url: String) throws(TransportFault) {
        guard let separator = url.range(of: "://") else { throw TransportFault(.url, "'\(url)' is no URL") }
        scheme = String(url[..<separator.lowerBound])
        guard scheme == "https" || scheme == "wss" else {
            throw TransportFault(.url, "'\(url)': only https and wss are spoken, found '\(scheme)'")
        }
        let rest = url[separator.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<end]
        let path = String(rest[end...])
        target = path.hasPrefix("/") ? path : "/" + path
        guard !authority.contains("@"), !path.contains("#"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw TransportFault(.url, "'\(url)': user names, fragments and unescaped characters are not taken")
        }
        var name = Substring(authority)
        var portText: Substring?
        if authority.hasPrefix("["), let close = authority.firstIndex(of: "]") {
            name = authority[authority.index(after: authority.startIndex)..<close]
            let after = authority[authority.index(after: close)...]
            if after.hasPrefix(":") { portText = after.dropFirst() } else if !after.isEmpty { portText = "?" }
        } else if let colon = authority.lastIndex(of: ":") {
            name = authority[..<colon]
            portText = authority[authority.index(after: colon)...]
        }
        guard let port = portText.map({ UInt16($0) }) ?? 443, port > 0 else {
            throw TransportFault(.url, "'\(url)' has no usable port")
        }
        self.port = port
        host = name.lowercased()
        let isHost = host.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x2E || byte == 0x3A
        }
        guard !host.isEmpty, host.utf8.count <= 253, isHost else {
            throw TransportFault(.url, "'\(url)': the host must be plain ASCII letters, digits, dots and dashes")
        }
    }

    /// True for `localhost` and loopback address literals: the only hosts with which an extra certificate authority, or
    /// a private address, is accepted.
    public var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// The addresses of the host. Asks the system's resolver and may take seconds: never on a hot lane.
    ///
    /// - Throws: `TransportFault`: `E_NET_RESOLVE`; `E_NET_FORBIDDEN` when a production host has a private address.
    func addresses() throws(TransportFault) -> [Address] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV
        if isLoopback { hints.ai_flags = AI_NUMERICSERV }
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0 else {
            throw TransportFault(.resolve, "\(host): \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(list) }
        var found: [Address] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ai_next
            guard let address = entry.pointee.ai_addr else { continue }
            guard isLoopback || CCurl_is_private(address) == 0 else {
                throw TransportFault(.forbidden, "\(host) resolves to a private address; refused")
            }
            var storage = sockaddr_storage()
            memcpy(&storage, address, Int(entry.pointee.ai_addrlen))
            found.append(Address(family: entry.pointee.ai_family, storage: storage, length: entry.pointee.ai_addrlen))
        }
        guard !found.isEmpty else { throw TransportFault(.resolve, "\(host) has no address") }
        return found
    }

    /// A stream socket that neither blocks nor is inherited.
    static let socketType = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)

    struct Address {
        let family: Int32
        var storage: sockaddr_storage
        let length: socklen_t
    }
}

extension String {
    /// The first place of `needle`; Foundation is not linked for one search.
    fileprivate func range(of needle: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
            start = index(after: start)
        }
        return nil
    }
}
