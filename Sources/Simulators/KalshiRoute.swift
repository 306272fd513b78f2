/// A request's place among the venue's endpoints.
struct KalshiRoute {
    /// Our word for the endpoint: fault plans name it.
    enum Name: String {
        case create, batchCreate = "batch_create", cancel, batchCancel = "batch_cancel", cancelAll = "cancel_all"
        case amend, decrease, legacy
        case orders, order, queuePosition = "queue_position", queuePositions = "queue_positions"
        case balance, positions, fills, settlements, transfer
        case groupCreate = "group_create", groups, group, groupReset = "group_reset", groupTrigger = "group_trigger"
        case groupLimit = "group_limit", groupDelete = "group_delete"
        case limits, costs, status, freshness, keys
    }

    let name: Name
    /// The id in the path.
    var id = ""
    /// Tokens.
    var cost = 10
    var isWrite = false
    /// False for what anybody may ask.
    var isSigned = true

    /// True where the venue wants a JSON body.
    var hasBody: Bool {
        switch name {
        case .create, .batchCreate, .batchCancel, .amend, .decrease, .transfer, .groupCreate, .groupReset,
            .groupTrigger, .groupLimit:
            true
        default: false
        }
    }

    private init(_ name: Name, _ id: Substring = "", cost: Int = 10, isWrite: Bool = false, isSigned: Bool = true) {
        self.name = name
        self.id = String(id)
        self.cost = cost
        self.isWrite = isWrite
        self.isSigned = isSigned
    }

    /// The endpoint of a path below the API's root; nil: not one of trading.
    init?(_ method: String, _ path: Substring) {
        let parts = path.split(separator: "/")
        switch parts.first {
        case "portfolio":
            guard let route = Self.portfolio(method, Array(parts.dropFirst())) else { return nil }
            self = route
        case "account":
            switch parts.dropFirst().joined(separator: "/") {
            case "limits" where method == "GET": self.init(.limits)
            case "endpoint_costs" where method == "GET": self.init(.costs, isSigned: false)
            default: return nil
            }
        case "api_keys" where method == "GET" && parts.count == 1: self.init(.keys)
        case "exchange":
            switch parts.dropFirst().joined(separator: "/") {
            case "status" where method == "GET": self.init(.status, isSigned: false)
            case "user_data_timestamp" where method == "GET": self.init(.freshness, isSigned: false)
            default: return nil
            }
        default: return nil
        }
    }

    private static func portfolio(_ method: String, _ parts: [Substring]) -> KalshiRoute? {
        switch parts.first {
        case "events": events(method, Array(parts.dropFirst()))
        case "orders": orders(method, Array(parts.dropFirst()))
        case "order_groups": groups(method, Array(parts.dropFirst()))
        case "balance" where method == "GET" && parts.count == 1: KalshiRoute(.balance)
        case "positions" where method == "GET" && parts.count == 1: KalshiRoute(.positions)
        case "fills" where method == "GET" && parts.count == 1: KalshiRoute(.fills)
        case "settlements" where method == "GET" && parts.count == 1: KalshiRoute(.settlements)
        case "intra_exchange_instance_transfer" where method == "POST" && parts.count == 1:
            KalshiRoute(.transfer, isWrite: true)
        default: nil
        }
    }

    private static func events(_ method: String, _ parts: [Substring]) -> KalshiRoute? {
        guard parts.first == "orders" else { return nil }
        switch (method, parts.count) {
        case ("POST", 1): return KalshiRoute(.create, isWrite: true)
        case ("DELETE", 1): return KalshiRoute(.cancelAll, cost: 2, isWrite: true)
        case ("POST", 2) where parts[1] == "batched": return KalshiRoute(.batchCreate, isWrite: true)
        case ("DELETE", 2) where parts[1] == "batched": return KalshiRoute(.batchCancel, cost: 2, isWrite: true)
        case ("DELETE", 2): return KalshiRoute(.cancel, parts[1], cost: 2, isWrite: true)
        case ("POST", 3) where parts[2] == "amend": return KalshiRoute(.amend, parts[1], isWrite: true)
        case ("POST", 3) where parts[2] == "decrease": return KalshiRoute(.decrease, parts[1], isWrite: true)
        default: return nil
        }
    }

    private static func orders(_ method: String, _ parts: [Substring]) -> KalshiRoute? {
        switch (method, parts.count) {
        case ("GET", 0): KalshiRoute(.orders)
        case ("GET", 1) where parts[0] == "queue_positions": KalshiRoute(.queuePositions)
        case ("GET", 1): KalshiRoute(.order, parts[0], cost: 2)
        case ("GET", 2) where parts[1] == "queue_position": KalshiRoute(.queuePosition, parts[0])
        case ("POST", _), ("DELETE", _): KalshiRoute(.legacy, isWrite: true)
        default: nil
        }
    }

    private static func groups(_ method: String, _ parts: [Substring]) -> KalshiRoute? {
        switch (method, parts.count) {
        case ("GET", 0): KalshiRoute(.groups)
        case ("POST", 1) where parts[0] == "create": KalshiRoute(.groupCreate, isWrite: true)
        case ("GET", 1): KalshiRoute(.group, parts[0])
        case ("DELETE", 1): KalshiRoute(.groupDelete, parts[0], isWrite: true)
        case ("PUT", 2) where parts[1] == "reset": KalshiRoute(.groupReset, parts[0], isWrite: true)
        case ("PUT", 2) where parts[1] == "trigger": KalshiRoute(.groupTrigger, parts[0], isWrite: true)
        case ("PUT", 2) where parts[1] == "limit": KalshiRoute(.groupLimit, parts[0], isWrite: true)
        default: nil
        }
    }
}
