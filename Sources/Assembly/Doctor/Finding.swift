/// One line of `arb doctor`: what was looked at, what was found, and what a person can do about it.
public struct Finding: Hashable, Sendable {
    /// How it is.
    public enum Level: String, Sendable, Hashable, CaseIterable {
        /// As it should be.
        case ok
        /// Works, and wants a look.
        case warn
        /// Orders would fail, or must not be sent.
        case fail
    }

    /// What was looked at: a stable word, such as `kalshi.key`.
    public let check: String
    /// How it is.
    public let level: Level
    /// What was found, in one sentence.
    public let text: String
    /// What to do; empty where nothing is to be done.
    public let fix: String
    /// Stable code of the error behind it; empty where there is none.
    public let code: String
    /// True when a file may be read or written by others (exit 77).
    public let isPermission: Bool

    /// A finding.
    public init(
        _ check: String, _ level: Level, _ text: String, fix: String = "", code: String = "", isPermission: Bool = false
    ) {
        precondition(level == .ok || !fix.isEmpty, "what is not well has a fix")
        self.check = check
        self.level = level
        self.text = text
        self.fix = fix
        self.code = code
        self.isPermission = isPermission
    }
}
