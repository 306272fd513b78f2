/// A place in a file that a person wrote: line and column, from 1.
public struct SourcePlace: Hashable, Sendable, Comparable {
    /// Line, from 1; 0 when no place is concerned.
    public let line: Int
    /// Column, from 1.
    public let column: Int

    /// A place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Nowhere in particular.
    public static let none = SourcePlace(line: 0, column: 0)

    /// Orders by value.
    public static func < (left: SourcePlace, right: SourcePlace) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}
