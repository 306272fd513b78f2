/// What a JSON value is.
@frozen public enum JSONKind: UInt8, Sendable {
    /// Members: keys with values.
    case object = 0
    /// Elements in order.
    case array = 1
    /// Text.
    case string = 2
    /// A number, kept as its exact text.
    case number = 3
    /// `true`.
    case `true` = 4
    /// `false`.
    case `false` = 5
    /// `null`.
    case null = 6
}

/// One node of the tape, laid out as the shim writes it (`CSimdjson_Node`).
@frozen @usableFromInline struct JSONNode {
    @usableFromInline let offset: UInt32
    @usableFromInline let length: UInt32
    @usableFromInline let span: UInt32
    @usableFromInline let meta: UInt32
}

/// One value of the document last read: a pair of pointers into its reader, free to copy.
///
/// Valid until the next `read` on the same reader; it does not keep the reader alive. Walking never fails and never
/// allocates; asking for a kind that is not there gives `nil`.
@frozen public struct JSONValue {
    // Safety: both point into the reader's buffers, which its one owner keeps alive and unchanged until the next read.
    @usableFromInline let node: UnsafeRawPointer
    @usableFromInline let base: UnsafeRawPointer

    @inlinable init(node: UnsafeRawPointer, base: UnsafeRawPointer) {
        self.node = node
        self.base = base
    }

    @inlinable var raw: JSONNode { node.loadUnaligned(as: JSONNode.self) }
    @inlinable var content: JSONText { JSONText(start: base + Int(raw.offset), count: Int(raw.length)) }

    /// What this value is.
    @inlinable public var kind: JSONKind {
        switch raw.meta & 0xff {
        case 0: .object
        case 1: .array
        case 2: .string
        case 3: .number
        case 4: .true
        case 5: .false
        default: .null
        }
    }

    @inlinable func isKind(_ kind: JSONKind) -> Bool { raw.meta & 0xff == UInt32(kind.rawValue) }

    /// Members of an object, elements of an array, 0 for anything else.
    @inlinable public var count: Int { Int(raw.meta >> 9) }

    /// Content of a string, escapes resolved; `nil` for any other kind.
    @inlinable public var text: JSONText? { isKind(.string) ? content : nil }

    /// Exact bytes of a number; `nil` for any other kind, also for a string that holds one.
    @inlinable public var numberText: JSONText? { isKind(.number) ? content : nil }

    /// Text of a string or a number: venues send decimals in both forms.
    @inlinable public var decimalText: JSONText? { isKind(.string) || isKind(.number) ? content : nil }

    /// The bytes of an object, array or number as they were received, whitespace included; `nil` for other kinds.
    @inlinable public var source: JSONText? {
        isKind(.object) || isKind(.array) || isKind(.number) ? content : nil
    }

    /// `true` or `false`; `nil` for any other kind.
    @inlinable public var bool: Bool? {
        isKind(.true) ? true : isKind(.false) ? false : nil
    }

    /// True for `null`.
    @inlinable public var isNull: Bool { isKind(.null) }

    /// An integer number that fits; `nil` for a fraction, an exponent, a string or an overflow.
    @inlinable public var int64: Int64? {
        guard let text = numberText else { return nil }
        return text.integer
    }

    /// A decimal of a string or number in units of 1e-8.
    ///
    /// - Throws: `DecimalFault` (`E_WIRE_DEC_*`); `.notDecimal` when this is neither a string nor a number.
    @inlinable public func decimal8(_ form: DecimalForm = []) throws(DecimalFault) -> Int64 {
        guard let text = decimalText else { throw .notDecimal }
        return try DecimalText.parse(text.bytes, scale: 8, form: form)
    }

    /// The first member of that name; `nil` when there is none or this is no object. Linear: for small objects.
    @inlinable public subscript(_ key: StaticString) -> JSONValue? {
        for member in members where member.key == key { return member.value }
        return nil
    }

    /// The members of an object in order, empty for any other kind. Duplicate keys come as they stand.
    @inlinable public var members: JSONMembers {
        JSONMembers(next: node + 16, left: isKind(.object) ? count : 0, base: base)
    }

    /// The elements of an array in order, empty for any other kind.
    @inlinable public var elements: JSONElements {
        JSONElements(next: node + 16, left: isKind(.array) ? count : 0, base: base)
    }

    /// True when two members of this object (not of its children) have the same name.
    ///
    /// Small objects are compared pair by pair; one of more than 32 members is sorted in a temporary array.
    public var hasDuplicateKeys: Bool {
        guard isKind(.object), count > 1 else { return false }
        guard count <= 32 else { return hasDuplicateKeysSorted }
        var seen = 0
        for member in members {
            for earlier in members.prefix(seen) where earlier.key == member.key { return true }
            seen += 1
        }
        return false
    }

    private var hasDuplicateKeysSorted: Bool {
        let keys = members.map(\.key).sorted { $0.precedes($1) }
        return zip(keys, keys.dropFirst()).contains { $0 == $1 }
    }
}

/// The members of one object, in order.
@frozen public struct JSONMembers: Sequence, IteratorProtocol {
    @usableFromInline var cursor: UnsafeRawPointer
    @usableFromInline var left: Int
    @usableFromInline let base: UnsafeRawPointer

    @inlinable init(next: UnsafeRawPointer, left: Int, base: UnsafeRawPointer) {
        self.cursor = next
        self.left = left
        self.base = base
    }

    /// The next member.
    @inlinable public mutating func next() -> (key: JSONText, value: JSONValue)? {
        guard left > 0 else { return nil }
        left &-= 1  // bounded below by the guard
        let key = JSONValue(node: cursor, base: base)
        let value = JSONValue(node: cursor + 16, base: base)
        cursor = value.node + Int(value.raw.span) &* 16  // a span is below 2^23
        return (key.content, value)
    }
}

/// The elements of one array, in order.
@frozen public struct JSONElements: Sequence, IteratorProtocol {
    @usableFromInline var cursor: UnsafeRawPointer
    @usableFromInline var left: Int
    @usableFromInline let base: UnsafeRawPointer

    @inlinable init(next: UnsafeRawPointer, left: Int, base: UnsafeRawPointer) {
        self.cursor = next
        self.left = left
        self.base = base
    }

    /// The next element.
    @inlinable public mutating func next() -> JSONValue? {
        guard left > 0 else { return nil }
        left &-= 1  // bounded below by the guard
        let value = JSONValue(node: cursor, base: base)
        cursor = value.node + Int(value.raw.span) &* 16  // a span is below 2^23
        return value
    }
}
