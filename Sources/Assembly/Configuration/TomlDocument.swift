import CToml

/// One value of a TOML document, with its place.
struct TomlValue {
    enum Content {
        case table([TomlMember])
        case array([TomlValue])
        case string(String)
        case integer(Int64)
        case boolean(Bool)
        /// A floating-point number or a date: nothing of ours takes one, amounts and instants are strings.
        case float
        case date
    }

    let content: Content
    let place: SourcePlace

    /// What it is, in the words of an error message.
    var kind: String {
        switch content {
        case .table: "a table"
        case .array: "an array"
        case .string: "a string"
        case .integer: "a whole number"
        case .boolean: "true or false"
        case .float: "a floating-point number"
        case .date: "a date"
        }
    }
}

/// A key with its value.
struct TomlMember {
    let key: String
    let keyPlace: SourcePlace
    let value: TomlValue
}

/// A parsed TOML file.
///
/// - Bound: 4 MiB of text; a larger file is refused before it is parsed.
struct TomlDocument {
    static let bytesMax = 4 << 20

    let root: [TomlMember]

    /// Parses `text`.
    ///
    /// - Throws: `SourceFault` at the first place where the text is not TOML.
    init(_ text: String, file: String) throws(SourceFault) {
        var text = text
        guard text.utf8.count <= Self.bytesMax else {
            throw SourceFault(file: file, place: .none, message: "is larger than 4 MiB")
        }
        let parsed: Result<[TomlMember], SourceFault> = text.withUTF8 { bytes in
            let document = bytes.withMemoryRebound(to: CChar.self) { CToml_parse($0.baseAddress, Int64($0.count)) }
            guard let document else {
                return .failure(SourceFault(file: file, place: .none, message: "cannot be parsed"))
            }
            defer { CToml_free(document) }
            var line: Int32 = 0
            var column: Int32 = 0
            if let error = CToml_error(document, &line, &column) {
                let place = SourcePlace(line: Int(line), column: Int(column))
                return .failure(SourceFault(file: file, place: place, message: String(cString: error)))
            }
            let nodes = UnsafeBufferPointer(start: CToml_nodes(document), count: Int(CToml_count(document)))
            guard case .table(let members) = Self.tree(Array(nodes)) else { return .success([]) }
            return .success(members)
        }
        root = try parsed.get()
    }

    /// Builds the tree from the list: children come after their parents, so building from the end has them ready.
    private static func tree(_ nodes: [CToml_Node]) -> TomlValue.Content {
        var members = [[TomlMember]](repeating: [], count: nodes.count)
        var elements = [[TomlValue]](repeating: [], count: nodes.count)
        for index in nodes.indices.reversed() {
            let node = nodes[index]
            let content = content(of: node, members[index].reversed(), elements[index].reversed())
            guard node.parent >= 0 else { return content }
            let value = TomlValue(content: content, place: SourcePlace(line: Int(node.line), column: Int(node.column)))
            if let key = node.key {
                let name = String(
                    decoding: UnsafeRawBufferPointer(start: key, count: Int(node.key_length)), as: UTF8.self)
                let place = SourcePlace(line: Int(node.key_line), column: Int(node.key_column))
                members[Int(node.parent)].append(TomlMember(key: name, keyPlace: place, value: value))
            } else {
                elements[Int(node.parent)].append(value)
            }
        }
        return .table([])
    }

    private static func content(of node: CToml_Node, _ members: [TomlMember], _ elements: [TomlValue])
        -> TomlValue.Content
    {
        switch node.kind {
        case CToml_table: .table(members)
        case CToml_array: .array(elements)
        case CToml_string:
            .string(
                String(decoding: UnsafeRawBufferPointer(start: node.text, count: Int(node.text_length)), as: UTF8.self))
        case CToml_integer: .integer(node.integer)
        case CToml_boolean: .boolean(node.integer != 0)
        case CToml_float: .float
        default: .date
        }
    }
}
