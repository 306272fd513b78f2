import Codec
import Trading

// The private channels of the socket.
extension Wire {
    /// What a message of the private stream is.
    enum PrivateKind: Sendable, Hashable {
        case fill, order, position, group, subscribed, unsubscribed, error
        /// `ok`, or a kind that is not asked for.
        case ignored
    }

    /// A channel of the private stream, in the order in which they are asked for.
    enum PrivateChannel: Int, Sendable, Hashable, CaseIterable {
        case fills, orders, positions, groups

        var word: StaticString {
            switch self {
            case .fills: "fill"
            case .orders: "user_orders"
            case .positions: "market_positions"
            case .groups: "order_group_updates"
            }
        }

        /// Without these two there is no stream.
        var isNeeded: Bool { self == .fills || self == .orders }
    }

    /// What happened to an order group.
    struct GroupEvent: Hashable {
        var id: String
        var event: String
        var limit: Quantity?
    }

    static func privateKind(_ root: JSONValue) -> PrivateKind {
        guard let type = root["type"]?.text else { return .ignored }
        return switch type {
        case "fill": .fill
        case "user_order": .order
        case "market_position": .position
        case "order_group_updates": .group
        case "subscribed": .subscribed
        case "unsubscribed": .unsubscribed
        case "error": .error
        default: .ignored
        }
    }

    static func privateChannel(_ body: JSONValue) -> PrivateChannel? {
        guard let name = body["channel"]?.text else { return nil }
        return PrivateChannel.allCases.first { name == $0.word }
    }

    static func positionUpdate(_ body: JSONValue) throws(WireFault) -> PositionBody {
        try single(body)
        return PositionBody(
            ticker: try text(body, "market_ticker"), exchangeIndex: try optionalIndex(body, "exchange_index"),
            position: try count(body, "position_fp", .negative), subaccount: try optionalIndex(body, "subaccount"))
    }

    static func groupEvent(_ body: JSONValue) throws(WireFault) -> GroupEvent {
        try single(body)
        return GroupEvent(
            id: try text(body, "order_group_id"), event: try text(body, "event_type"),
            limit: try optionalCount(body, "contracts_limit_fp"))
    }
}
