import Testing

@testable import Assembly

@Suite("Libraries that this machine has loaded")
struct LoadedLibraryTests {
    @Test("versions are compared by their numbers, and what is no version is too old")
    func order() {
        func isTooOld(_ version: String, _ oldest: String?) -> Bool {
            LoadedLibrary("x", version, oldest: oldest).isTooOld
        }
        for well in ["3.0.7", "3.0.19", "3.10", "4", "3.0.7-dev", "3.0.8+deb12u1"] { #expect(!isTooOld(well, "3.0.7")) }
        for old in ["3.0.6", "3.0", "2.9.99", "3.0.7".replacing("7", with: "x"), "1.1.1w", "", "?"] {
            #expect(isTooOld(old, "3.0.7"), "\(old)")
        }
        #expect(!isTooOld("?", nil), "one that tells no version is not judged by it")
    }

    @Test("S21: an older library is told with its code and its way out, and no live run starts with it")
    func swapped() throws {
        var loaded = try LoadedLibrary.all()
        #expect(loaded.count == 5 && LoadedLibrary.fault(in: loaded) == nil)
        #expect(LocalChecks.libraries(loaded).level == .ok)
        for (index, library) in loaded.enumerated() where library.oldest != nil {
            loaded[index] = LoadedLibrary(library.name, "1.0", oldest: library.oldest)
            let fault = try #require(LoadedLibrary.fault(in: loaded))
            #expect(fault.code == "E_CFG_LIBRARY" && fault.text.hasPrefix("\(library.name) 1.0 is loaded"))
            let line = LocalChecks.libraries(loaded)
            #expect(line.level == .fail && line.code == fault.code && line.fix.contains("apt"))
            loaded[index] = library
        }
    }
}
