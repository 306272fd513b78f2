public import Trading

/// The market channel takes no key: all that is said of us is a user agent, which the metadata server insists on.
public struct Auth: Sendable {
    private let userAgent: String

    /// Speaks as `userAgent`.
    public init(userAgent: String) { self.userAgent = userAgent }

    /// Where a link of the feed connects.
    ///
    /// - Parameter url: base of the WebSocket interface, without the channel.
    public func linkTarget(url: String) -> LinkTarget {
        LinkTarget(url: url + "/market", headers: [("User-Agent", userAgent)])
    }

    /// Where the private stream connects; it authenticates in its first message.
    ///
    /// - Parameter url: base of the WebSocket interface, without the channel.
    public func userLinkTarget(url: String) -> LinkTarget {
        LinkTarget(url: url + "/user", headers: [("User-Agent", userAgent)])
    }
}
