public import Trading

/// Changes the review of one pair or set in its file, and nothing else of it: everything that a person wrote stays as it is.
public enum PairFileEdit {
    /// Who reviewed, and when.
    public struct Review: Sendable, Hashable {
        /// Initials or name.
        public let by: String
        /// `2026-11-20`.
        public let on: String
        /// A remark; may be empty.
        public let note: String

        /// A review.
        public init(by: String, on: String, note: String) {
            self.by = by
            self.on = on
            self.note = note
        }
    }

    /// The text with another status, and review where one is given.
    ///
    /// - Returns: nil where no pair or set of that id is found, or its status is not on a line of its own.
    public static func text(_ text: String, of id: PairID, status: ReviewStatus, review: Review?) -> String? {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let heads = lines.indices.filter { index in
            let line = lines[index].drop { $0 == " " || $0 == "\t" }
            return line.hasPrefix("[[pair]]") || line.hasPrefix("[[set]]")
        }
        for (number, head) in heads.enumerated() {
            let end = number + 1 < heads.count ? heads[number + 1] : lines.count
            // Keys of the pair itself come before its first subtable.
            let body = (head + 1)..<end
            let own = body.prefix { !lines[$0].drop(while: { $0 == " " || $0 == "\t" }).hasPrefix("[") }
            guard let name = own.first(where: { key(lines[$0]) == "id" }), value(lines[name]) == id.name else {
                continue
            }
            guard let place = own.first(where: { key(lines[$0]) == "status" }), value(lines[place]) != nil
            else { return nil }
            var parts = lines[place].split(separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
            parts[1] = status.rawValue[...]
            lines[place] = parts.joined(separator: "\"")
            if let review {
                let line =
                    "reviewed = { by = \(quoted(review.by)), on = \"\(review.on)\", note = \(quoted(review.note)) }"
                if let known = own.first(where: { key(lines[$0]) == "reviewed" }) {
                    guard lines[known].contains("}") else { return nil }
                    lines[known] = line
                } else {
                    lines.insert(line, at: place + 1)
                }
            }
            return lines.joined(separator: "\n")
        }
        return nil
    }

    private static func key(_ line: String) -> Substring? {
        let line = line.drop { $0 == " " || $0 == "\t" }
        guard let equals = line.firstIndex(of: "=") else { return nil }
        return line[..<equals].prefix { $0 != " " && $0 != "\t" }
    }

    /// The first basic string of a line.
    private static func value(_ line: String) -> String? {
        let parts = line.split(separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
        return parts.count == 3 ? String(parts[1]) : nil
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.filter { $0 != "\"" && $0 != "\\" && $0.unicodeScalars.allSatisfy { $0.value >= 0x20 } } + "\""
    }
}
