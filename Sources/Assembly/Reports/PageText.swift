import Trading

/// Pieces of the self-contained pages: escaping, styles for light and dark, figures. A page loads nothing and runs nothing.
enum PageText {
    /// Text of a pair file or a venue, harmless between tags and in attributes.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A whole page.
    static func page(title: String, subtitle: String, body: String) -> String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
        <title>\(escaped(title))</title>
        <style>\(style)</style></head>
        <body><main><header><h1>\(escaped(title))</h1><p class="sub">\(escaped(subtitle))</p></header>
        \(body)
        </main></body></html>

        """
    }

    /// A figure with its name, and a word below.
    static func tile(_ name: String, _ figure: String, _ note: String) -> String {
        "<div class=\"tile\"><div class=\"name\">\(escaped(name))</div><div class=\"figure\">\(escaped(figure))</div>"
            + "<div class=\"note\">\(escaped(note))</div></div>"
    }

    /// A part of the page with a heading and a sentence on how to read it.
    static func section(_ title: String, _ words: String, _ content: String) -> String {
        "<section><h2>\(escaped(title))</h2><p class=\"how\">\(escaped(words))</p>\(content)</section>"
    }

    /// A table: words left, figures right.
    static func table(_ head: [String], words: Int, _ rows: [[String]]) -> String {
        func cells(_ row: [String], _ tag: String) -> String {
            row.enumerated().map { index, cell in
                "<\(tag)\(index < words ? "" : " class=\"n\"")>\(escaped(cell))</\(tag)>"
            }.joined()
        }
        return "<div class=\"scroll\"><table><thead><tr>\(cells(head, "th"))</tr></thead><tbody>"
            + rows.map { "<tr>\(cells($0, "td"))</tr>" }.joined(separator: "\n") + "</tbody></table></div>"
    }

    private static let style = """
        :root{--page:#f6f7f9;--card:#fff;--ink:#1b2430;--soft:#5d6b7c;--line:#dfe4ea;--grid:#eceff3;
        --a:#2364aa;--b:#2a9d8f;--c:#e9a13b;--d:#d1495b;--e:#7b5ea7;--f:#5c946e}
        @media(prefers-color-scheme:dark){:root{--page:#0f141a;--card:#171e27;--ink:#e6ebf1;--soft:#93a1b3;--line:#2a3440;
        --grid:#212a35;--a:#6aa9e9;--b:#4cc4b4;--c:#f0b860;--d:#ee7b88;--e:#ab90d6;--f:#86c29a}}
        *{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);
        font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
        main{max-width:1040px;margin:0 auto;padding:32px 20px 48px}
        h1{font-size:26px;margin:0;letter-spacing:-.01em}h2{font-size:17px;margin:0 0 2px}
        .sub,.how,.note,.name,footer{color:var(--soft)}.sub{margin:4px 0 22px}.how{margin:0 0 14px;font-size:13.5px}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin-bottom:18px}
        .tile,section{background:var(--card);border:1px solid var(--line);border-radius:10px}
        .tile{padding:12px 16px}.name{font-size:12.5px}.figure{font-size:25px;font-weight:600;
        font-variant-numeric:tabular-nums;line-height:1.25}.note{font-size:12px}
        section{padding:18px 20px 20px;margin-bottom:18px}svg{display:block;width:100%;height:auto}
        svg text{fill:var(--soft);font:12px system-ui,sans-serif;font-variant-numeric:tabular-nums}
        svg text.ink{fill:var(--ink)}svg text.mid{text-anchor:middle}svg text.end{text-anchor:end}
        svg .grid{stroke:var(--grid);stroke-width:1}svg .base{stroke:var(--line);stroke-width:1}
        .charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(290px,1fr));gap:14px 22px}
        .scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13.5px;
        font-variant-numeric:tabular-nums}th{text-align:left;color:var(--soft);font-weight:500}
        th,td{padding:5px 10px 5px 0;border-bottom:1px solid var(--grid);white-space:nowrap}.n{text-align:right}
        .bad{color:var(--d)}.good{color:var(--f)}footer{font-size:12.5px}
        @media print{body{background:#fff}section,.tile{break-inside:avoid}}
        """
}

/// Shapes of a chart. Unit: the drawing's own points.
struct Drawing {
    private let width: Int
    private let height: Int
    private let label: String
    private var shapes: [String] = []

    /// An empty drawing; `label` tells it to those who do not see it.
    init(width: Int, height: Int, label: String) {
        self.width = width
        self.height = height
        self.label = label
    }

    /// The drawing as an element.
    var element: String {
        "<svg viewBox=\"0 0 \(width) \(height)\" role=\"img\" aria-label=\"\(PageText.escaped(label))\">"
            + shapes.joined(separator: "\n") + "</svg>"
    }

    private static func points(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0
            ? String(tenths / 10) : "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
    }

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, kind: String) {
        shapes.append(
            "<line class=\"\(kind)\" x1=\"\(Self.points(x1))\" y1=\"\(Self.points(y1))\" x2=\"\(Self.points(x2))\" "
                + "y2=\"\(Self.points(y2))\"/>")
    }

    mutating func stroke(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, color: String, width: Double) {
        shapes.append(
            "<line x1=\"\(Self.points(x1))\" y1=\"\(Self.points(y1))\" x2=\"\(Self.points(x2))\" "
                + "y2=\"\(Self.points(y2))\" stroke=\"var(--\(color))\" stroke-width=\"\(Self.points(width))\" "
                + "stroke-linecap=\"round\"/>")
    }

    mutating func box(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, color: String, tip: String = "",
        opacity: Double = 1
    ) {
        let title = tip.isEmpty ? "" : "<title>\(PageText.escaped(tip))</title>"
        shapes.append(
            "<rect x=\"\(Self.points(x))\" y=\"\(Self.points(y))\" width=\"\(Self.points(max(0.5, width)))\" "
                + "height=\"\(Self.points(max(0.5, height)))\" rx=\"1.5\" fill=\"var(--\(color))\""
                + (opacity < 1 ? " fill-opacity=\"\(Self.points(opacity))\"" : "") + ">\(title)</rect>")
    }

    mutating func dot(_ x: Double, _ y: Double, _ radius: Double, color: String, tip: String = "") {
        let title = tip.isEmpty ? "" : "<title>\(PageText.escaped(tip))</title>"
        shapes.append(
            "<circle cx=\"\(Self.points(x))\" cy=\"\(Self.points(y))\" r=\"\(Self.points(radius))\" "
                + "fill=\"var(--\(color))\">\(title)</circle>")
    }

    mutating func text(_ x: Double, _ y: Double, _ words: String, kind: String = "") {
        let kind = kind.isEmpty ? "" : " class=\"\(kind)\""
        shapes.append(
            "<text\(kind) x=\"\(Self.points(x))\" y=\"\(Self.points(y))\">\(PageText.escaped(words))</text>")
    }
}

/// A logarithmic axis of durations.
struct DurationAxis {
    private let low: Double
    private let high: Double
    private let start: Double
    private let length: Double
    /// Whole powers of ten within it.
    let marks: [Int64]

    /// From the power of ten below `least` to that above `most`, over points `start` to `start + length`.
    init(least: Int64, most: Int64, start: Double, length: Double) {
        var floor: Int64 = 1
        while floor <= max(1, least) / 10 { floor *= 10 }
        var marks = [floor]
        while let last = marks.last, last < max(most, floor * 10), last < Int64.max / 10 { marks.append(last * 10) }
        self.marks = marks
        low = Self.log10(floor)
        high = Self.log10(marks.last ?? floor * 10)
        self.start = start
        self.length = length
    }

    /// Where a duration lies.
    func place(_ duration: Int64) -> Double {
        start + (Self.log10(max(1, duration)) - low) / (high - low) * length
    }

    private static func log10(_ value: Int64) -> Double {
        // Foundation is not needed for one logarithm: the exponent, and a series for what is left of it.
        let number = Double(value)
        let mantissa = number.significand
        let z = (mantissa - 1) / (mantissa + 1)
        var (sum, power) = (0.0, z)
        for step in stride(from: 1.0, through: 21, by: 2) {
            sum += power / step
            power *= z * z
        }
        return (Double(number.exponent) * 0.693_147_180_559_945 + 2 * sum) / 2.302_585_092_994_046
    }
}
