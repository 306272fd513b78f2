import Assembly
import Testing

@Suite("ErrorCatalog")
struct ErrorCatalogTests {
    @Test("every code is listed once and says what it means and whether the outcome is known")
    func entries() {
        let codes = ErrorCatalog.entries.map(\.code)
        #expect(codes.count > 80)
        #expect(Set(codes).count == codes.count)
        for entry in ErrorCatalog.entries {
            #expect(
                entry.code.hasPrefix("E_") && entry.meaning.count > 5 && !entry.retryable.isEmpty
                    && !entry.outcomeKnown.isEmpty)
        }
    }
}
