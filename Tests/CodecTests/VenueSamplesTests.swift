import Foundation
import Testing

@testable import Codec

/// Samples that lie beside the checkout; the suite is shown as skipped where they are absent.
private let sampleFolders: [URL] = ["venues", "data"].map { name in
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../../shared/\(name)").standardized
}

private func sampleFiles(_ suffix: String) -> [URL] {
    sampleFolders.flatMap { folder -> [URL] in
        let walk = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        return (walk?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == suffix }
    }.sorted { $0.path < $1.path }
}

@Suite(
    "Venue samples",
    .enabled(if: FileManager.default.fileExists(atPath: sampleFolders[0].path), "samples are not beside the checkout"))
struct VenueSamplesTests {
    @Test("every sample document reads as Foundation reads it")
    func documents() throws {
        let reader = JSONReader(limits: .rest)
        let files = sampleFiles("json")
        #expect(files.count > 50)
        for file in files {
            let data = try Data(contentsOf: file)
            let other = try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
            let value = try data.withUnsafeBytes { try reader.read($0) }
            #expect(agrees(value, other), "\(file.lastPathComponent)")
        }
    }

    @Test("every line of every sample stream reads as Foundation reads it, and survives being written")
    func lines() throws {
        let reader = JSONReader()
        let again = JSONReader()
        var writer = JSONWriter()
        var count = 0
        for file in sampleFiles("jsonl") {
            let text = try String(contentsOf: file, encoding: .utf8)
            for line in text.split(separator: "\n") where !line.allSatisfy(\.isWhitespace) {
                let other = try JSONSerialization.jsonObject(with: Data(line.utf8), options: .fragmentsAllowed)
                let value = try reader.read(String(line))
                #expect(agrees(value, other), "\(file.lastPathComponent): \(line.prefix(80))")
                writer.reset()
                copy(value, to: &writer)
                #expect(tree(of: try again.read(writer.bytes)) == tree(of: value))
                count += 1
            }
        }
        #expect(count > 500)
    }

    private func copy(_ value: JSONValue, to writer: inout JSONWriter) {
        switch value.kind {
        case .object:
            writer.beginObject()
            for (key, member) in value.members {
                writer.key(key.string)
                copy(member, to: &writer)
            }
            writer.endObject()
        case .array:
            writer.beginArray()
            for element in value.elements { copy(element, to: &writer) }
            writer.endArray()
        case .string: value.text.map { writer.string($0) }
        case .number: value.numberText.map { writer.raw($0.bytes) }
        case .true, .false: writer.bool(value.bool == true)
        case .null: writer.null()
        }
    }
}
