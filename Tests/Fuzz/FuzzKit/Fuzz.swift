import CFuzzer

/// One fuzzer a process: SwiftPM gives every executable its own `main`, so libFuzzer is called from it.
public enum Fuzz {
    // Safety: set once before the loop, which has one thread.
    nonisolated(unsafe) fileprivate static var body: (UnsafeRawBufferPointer) -> Void = { _ in }

    /// Feeds inputs to `body` for ever; a crash, a sanitizer report or a failed `precondition` is a finding.
    public static func run(_ body: @escaping (UnsafeRawBufferPointer) -> Void) {
        self.body = body
        var argc = CommandLine.argc
        var argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        _ = LLVMFuzzerRunDriver(&argc, &argv, fuzzOneInput)
    }
}

/// The name that libFuzzer's own `main`, which is linked but not used, refers to.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Fuzz.body(UnsafeRawBufferPointer(start: start, count: count))
    return 0
}
