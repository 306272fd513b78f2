import Codec

/// What a command asks of a running daemon.
public struct ControlRequest: Sendable, Hashable {
    /// Longest line, either way.
    public static let lineMax = 1 << 18

    /// The word: `halt`, `resume`, `status`, `close-exposure`, `reconcile`, `pairs-approve`, `pairs-suspend`, `alert-ack`.
    public var command: String
    /// What goes with it, all as text.
    public var arguments: [String: String]

    /// A request.
    public init(_ command: String, _ arguments: [String: String] = [:]) {
        self.command = command
        self.arguments = arguments
    }

    /// An argument.
    public subscript(_ name: String) -> String? { arguments[name] }

    /// True when an argument is `true`.
    public func isSet(_ name: String) -> Bool { arguments[name] == "true" }

    /// As one line without its end.
    public var line: String {
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.control/1")
        json.member("command", command)
        json.key("arguments")
        json.beginObject()
        for (name, value) in arguments.sorted(by: { $0.key < $1.key }) {
            json.key(name)
            json.string(value)
        }
        json.endObject()
        json.endObject()
        return json.string
    }

    /// The request of a line; nil for anything else.
    public init?(line: [UInt8]) {
        let reader = JSONReader(limits: .webSocket)
        defer { withExtendedLifetime(reader) {} }
        guard let value = try? reader.read(line), !value.hasDuplicateKeys,
            value["schema"]?.text?.string == "arb.control/1", let command = value["command"]?.text?.string,
            !command.isEmpty, command.utf8.count <= 64
        else { return nil }
        var arguments: [String: String] = [:]
        if let given = value["arguments"] {
            guard given.kind == .object else { return nil }
            for (name, value) in given.members {
                guard let text = value.text?.string, arguments.count < 64 else { return nil }
                arguments[name.string] = text
            }
        }
        self.init(command, arguments)
    }
}

/// What a daemon answers: done or refused, words, and an object of the command's own.
public struct ControlReply: Sendable, Hashable {
    /// True when it was done.
    public var isDone: Bool
    /// What was done, or why not.
    public var text: String
    /// Stable code of a refusal; empty when done.
    public var code: String
    /// Exit code that the command should end with.
    public var exitCode: Int32
    /// An object of the command's own, as JSON; nil for none.
    public var detail: String?

    /// It was done.
    public static func done(_ text: String, exitCode: Int32 = 0, detail: String? = nil) -> ControlReply {
        ControlReply(isDone: true, text: text, code: "", exitCode: exitCode, detail: detail)
    }

    /// It was refused.
    public static func refused(_ code: String, _ text: String, exitCode: Int32 = 1, detail: String? = nil)
        -> ControlReply
    {
        ControlReply(isDone: false, text: text, code: code, exitCode: exitCode, detail: detail)
    }

    /// As one line without its end. A detail that is no JSON of one line is left out.
    public var line: String {
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.control-reply/1")
        json.member("done", isDone)
        json.member("text", text)
        json.member("code", code)
        json.member("exit_code", exitCode)
        json.endObject()
        guard let detail, !detail.utf8.contains(UInt8(ascii: "\n")),
            (try? JSONReader(limits: .rest).read(detail)) != nil
        else { return json.string }
        return json.string.dropLast() + ",\"detail\":" + detail + "}"
    }

    /// The reply of a line; nil for anything else.
    public init?(line: [UInt8]) {
        let reader = JSONReader(limits: .rest)
        defer { withExtendedLifetime(reader) {} }
        guard let value = try? reader.read(line), value["schema"]?.text?.string == "arb.control-reply/1",
            let isDone = value["done"]?.bool,
            let text = value["text"]?.text?.string, let code = value["code"]?.text?.string,
            let exitCode = value["exit_code"]?.int64
        else { return nil }
        self.init(
            isDone: isDone, text: text, code: code, exitCode: Int32(clamping: exitCode),
            detail: value["detail"]?.source?.string)
    }

    private init(isDone: Bool, text: String, code: String, exitCode: Int32, detail: String?) {
        self.isDone = isDone
        self.text = text
        self.code = code
        self.exitCode = exitCode
        self.detail = detail
    }
}
