/// Comma-separated values as RFC 4180 has them, harmless in a spreadsheet. Lines end with a line feed.
public enum CSVText {
    /// One line without its end.
    public static func line(_ fields: [String]) -> String { fields.map(quoted).joined(separator: ",") }

    /// Quoted where needed, and a leading apostrophe where a spreadsheet would take text for a formula. A number stays one.
    public static func quoted(_ field: String) -> String {
        let text = isFormula(field) ? "'" + field : field
        guard text.contains(where: { ",\"\n\r".contains($0) || $0 == "\r\n" }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    private static func isFormula(_ field: String) -> Bool {
        guard let first = field.first else { return false }
        if "=@\t\r".contains(first) { return true }
        guard first == "-" || first == "+" else { return false }
        return !field.dropFirst().allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") }
    }
}
