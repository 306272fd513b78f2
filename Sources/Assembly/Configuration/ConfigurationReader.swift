import Trading

/// Reads configurations: every mistake of file, environment and flags at once, each with its place.
public enum ConfigurationReader {
    /// Reads `text` (nil: defaults alone), overridden by `environment` (`ARB__SECTION__KEY`), overridden by `flags`.
    ///
    /// - Parameters:
    ///   - file: how the file is named in messages.
    ///   - folder: where its relative paths start.
    ///   - flags: path of the key, value as text, and the flag as the user wrote it.
    /// - Throws: `SourceFaults`; nothing is then used.
    public static func read(
        _ text: String?, file: String?, folder: String, environment: [String: String] = [:],
        flags: [(path: String, value: String, flag: String)] = []
    ) throws(SourceFaults) -> Configuration {
        var state = Reading(file: file ?? "(defaults)")
        for key in ConfigurationSchema.keys { state.setStandard(key) }
        if let text { state.readFile(text) }
        state.readEnvironment(environment)
        for flag in flags { state.override(flag.path, flag.value, .flag(flag.flag), named: flag.flag) }
        state.crossCheck()
        guard state.faults.isEmpty else {
            throw SourceFaults(state.faults, texts: text.map { [state.file: $0] } ?? [:])
        }
        return Configuration(values: state.values, origins: state.origins, file: file, folder: folder)
    }

    private struct Reading {
        let file: String
        var values: [String: ConfigurationValue] = [:]
        var origins: [String: Configuration.Origin] = [:]
        var faults: [SourceFault] = []

        init(file: String) { self.file = file }

        mutating func setStandard(_ key: ConfigurationKey) {
            guard let document = try? TomlDocument("v = " + key.standard, file: key.path),
                let value = document.root.first?.value, case .success(let read) = ConfigurationReader.check(value, key)
            else { preconditionFailure("the default of '\(key.path)' is not of its own kind") }
            values[key.path] = read
        }

        mutating func readFile(_ text: String) {
            do throws(SourceFault) {
                walk(try TomlDocument(text, file: file).root, section: "")
            } catch {
                faults.append(error)
            }
        }

        private mutating func walk(_ members: [TomlMember], section: String) {
            for member in members {
                let path = section.isEmpty ? member.key : section + "." + member.key
                if case .table(let inner) = member.value.content, isSection(path) {
                    walk(inner, section: path)
                } else if let key = ConfigurationSchema.key(path) {
                    set(key, member.value, .file(member.keyPlace), at: member.value.place)
                } else {
                    unknown(member, section, path)
                }
            }
        }

        private func isSection(_ path: String) -> Bool {
            ConfigurationSchema.sections.contains { $0 == path || $0.hasPrefix(path + ".") }
        }

        private mutating func unknown(_ member: TomlMember, _ section: String, _ path: String) {
            let siblings = ConfigurationSchema.keys.filter { $0.parts.section == section }.map { $0.parts.key }
            let sections = ConfigurationSchema.sections.compactMap { known -> String? in
                let head =
                    section.isEmpty
                    ? known : known.hasPrefix(section + ".") ? String(known.dropFirst(section.count + 1)) : ""
                return head.split(separator: ".").first.map(String.init)
            }
            let place = member.keyPlace.line > 0 ? member.keyPlace : member.value.place
            let nearest = NearestWord.of(member.key, among: siblings + sections)
            let elsewhere = ConfigurationSchema.keys.first { $0.parts.key == member.key }?.path
            faults.append(
                SourceFault(
                    file: file, place: place,
                    message: "unknown key '\(path)'" + (nearest.map { "; did you mean '\($0)'?" } ?? ""),
                    expected: nearest == nil
                        ? elsewhere.map { "'\($0)'" } ?? "one of: \(siblings.joined(separator: ", "))" : nil,
                    code: "E_CFG_UNKNOWN_KEY"))
        }

        mutating func readEnvironment(_ environment: [String: String]) {
            for (name, value) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("ARB__") {
                let path = name.dropFirst(5).lowercased().replacingDoubleUnderscores()
                override(path, value, .environment(name), named: name)
            }
        }

        mutating func override(_ path: String, _ value: String, _ origin: Configuration.Origin, named name: String) {
            guard let key = ConfigurationSchema.key(path) else {
                let nearest = NearestWord.of(path, among: ConfigurationSchema.keys.map(\.path))
                faults.append(
                    SourceFault(
                        file: name, place: .none,
                        message: "sets the unknown key '\(path)'" + (nearest.map { "; did you mean '\($0)'?" } ?? ""),
                        code: "E_CFG_UNKNOWN_KEY"))
                return
            }
            set(key, ConfigurationReader.parse(value, key), origin, at: .none, named: name)
        }

        private mutating func set(
            _ key: ConfigurationKey, _ value: TomlValue, _ origin: Configuration.Origin, at place: SourcePlace,
            named name: String? = nil
        ) {
            switch ConfigurationReader.check(value, key) {
            case .success(let read):
                values[key.path] = read
                origins[key.path] = origin
            case .failure(let wrong):
                faults.append(
                    SourceFault(
                        file: name ?? file, place: place, message: "\(key.path): \(wrong.text)",
                        expected: key.expectation,
                        code: "E_CFG_VALUE"))
            }
        }

        /// Rules that concern more than one key.
        mutating func crossCheck() {
            checkAuthorities()
            checkLimits()
        }

        /// Live mode takes no limit from a table of defaults: a missing one is an error, never somebody else's number.
        private mutating func checkLimits() {
            guard case .text("live")? = values["mode"] else { return }
            var place = SourcePlace.none
            if case .file(let found)? = origins["mode"] { place = found }
            for key in ConfigurationSchema.keys where key.isLimit && origins[key.path] == nil {
                faults.append(
                    SourceFault(
                        file: file, place: place,
                        message: "mode = \"live\" needs every limit, and \(key.path) is missing (\(key.meaning))",
                        expected: key.expectation, code: "E_CFG_MISSING"))
            }
        }

        private mutating func checkAuthorities() {
            for venue in ["kalshi", "polymarket"] {
                guard case .text(let authority)? = values["venues.\(venue).extra_ca_file"], !authority.isEmpty else {
                    continue
                }
                for key in ConfigurationSchema.keys where key.parts.section == "venues.\(venue)" {
                    guard case .url = key.kind, case .text(let url)? = values[key.path],
                        !ConfigurationReader.isLoopback(url)
                    else { continue }
                    var place = SourcePlace.none
                    if case .file(let found)? = origins["venues.\(venue).extra_ca_file"] { place = found }
                    faults.append(
                        SourceFault(
                            file: file, place: place,
                            message:
                                "venues.\(venue).extra_ca_file is for loopback venues, but \(key.parts.key) is \(url)",
                            expected: "every URL of the venue at localhost or 127.x.x.x, or no extra_ca_file",
                            code: "E_CFG_CA_PRODUCTION"))
                    break
                }
            }
        }
    }

    struct Wrong: Error { let text: String }

    /// True for URLs whose host is `localhost` or a loopback literal.
    public static func isLoopback(_ url: String) -> Bool {
        guard let start = url.range(ofASCII: "://") else { return false }
        var host = url[start...].prefix { $0 != "/" && $0 != "?" }
        if host.hasPrefix("[") { return host.hasPrefix("[::1]") }
        if let colon = host.lastIndex(of: ":") { host = host[..<colon] }
        if host == "localhost" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Text of the environment or a flag as the value that the key wants.
    static func parse(_ text: String, _ key: ConfigurationKey) -> TomlValue {
        switch key.kind {
        case .integer, .integers, .texts, .choices:
            let parsed = try? TomlDocument("v = " + text, file: "")
            if let value = parsed?.root.first?.value { return value }
            if case .texts = key.kind {
                return TomlValue(content: .array([TomlValue(content: .string(text), place: .none)]), place: .none)
            }
            return TomlValue(content: .string(text), place: .none)
        case .money, .decimal, .choice, .text, .name, .path, .url:
            return TomlValue(content: .string(text), place: .none)
        }
    }

    static func check(_ value: TomlValue, _ key: ConfigurationKey) -> Result<ConfigurationValue, Wrong> {
        switch (key.kind, value.content) {
        case (.money(let least, let most), .string(let text)), (.decimal(let least, let most), .string(let text)):
            guard let units = try? FixedPoint.parse(text) else {
                return .failure(Wrong(text: "'\(text)' is no plain decimal number"))
            }
            guard units >= least, units <= most else { return .failure(Wrong(text: "\(text) is out of range")) }
            return .success(.decimal(units))
        case (.money, .integer), (.money, .float), (.decimal, .integer), (.decimal, .float):
            return .failure(
                Wrong(text: "is \(value.kind); amounts are strings, so that no digit is lost: put it in quotes"))
        case (.integer(let range), .integer(let integer)):
            guard range.contains(integer) else { return .failure(Wrong(text: "\(integer) is out of range")) }
            return .success(.integer(integer))
        case (.integers(let range, let count), .array(let elements)): return integers(elements, range, count)
        case (.choice(let words), .string(let text)):
            guard !words.contains(text) else { return .success(.text(text)) }
            let nearest = NearestWord.of(text, among: words).map { "; did you mean \"\($0)\"?" } ?? ""
            return .failure(Wrong(text: "\"\(text)\" is not one of its words" + nearest))
        case (.choices(let words), .array(let elements)): return texts(elements, words)
        case (.texts, .array(let elements)): return texts(elements, nil)
        case (.name, .string(let text)):
            guard isName(text) else { return .failure(Wrong(text: "\"\(text)\" is no name")) }
            return .success(.text(text))
        case (.text, .string(let text)), (.path, .string(let text)): return .success(.text(text))
        case (.url(let scheme), .string(let text)):
            guard text.hasPrefix(scheme + "://"), text.utf8.count > scheme.utf8.count + 3, !text.contains("@"),
                !text.hasSuffix("/")
            else { return .failure(Wrong(text: "\"\(text)\" is no \(scheme) URL without a trailing slash")) }
            return .success(.text(text))
        default: return .failure(Wrong(text: "is \(value.kind)"))
        }
    }

    /// Names become folders: nothing that leads out of one, hides, or cannot be typed.
    private static func isName(_ text: String) -> Bool {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
                || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
        }
        guard let first = text.utf8.first, text.utf8.count <= 64, isAlphanumeric(first) else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || [".", "_", "-"].contains(UnicodeScalar($0)) }
    }

    private static func integers(_ elements: [TomlValue], _ range: ClosedRange<Int64>, _ count: Int)
        -> Result<ConfigurationValue, Wrong>
    {
        var numbers: [Int64] = []
        for element in elements {
            guard case .integer(let number) = element.content, range.contains(number) else {
                return .failure(Wrong(text: "holds \(element.kind) or a number out of range"))
            }
            numbers.append(number)
        }
        guard numbers.count <= count, numbers == numbers.sorted(), Set(numbers).count == numbers.count else {
            return .failure(Wrong(text: "is too long, not ascending or repeats itself"))
        }
        return .success(.integers(numbers))
    }

    private static func texts(_ elements: [TomlValue], _ words: [String]?) -> Result<ConfigurationValue, Wrong> {
        var texts: [String] = []
        for element in elements {
            guard case .string(let text) = element.content else {
                return .failure(Wrong(text: "holds \(element.kind)"))
            }
            if let words, !words.contains(text) {
                let nearest = NearestWord.of(text, among: words).map { "; did you mean \"\($0)\"?" } ?? ""
                return .failure(Wrong(text: "\"\(text)\" is not one of its words" + nearest))
            }
            texts.append(text)
        }
        return .success(.texts(texts))
    }
}

extension String {
    /// `risk__max_order_usd` → `risk.max_order_usd`: two underscores part sections, one belongs to a key.
    fileprivate func replacingDoubleUnderscores() -> String {
        var result = ""
        var rest = self[...]
        while let first = rest.first {
            if rest.hasPrefix("__") {
                result += "."
                rest = rest.dropFirst(2)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return result
    }

    /// Where what follows `needle` begins; nil when it is not there.
    fileprivate func range(ofASCII needle: String) -> String.Index? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle) { return index(start, offsetBy: needle.count) }
            start = index(after: start)
        }
        return nil
    }
}
