private import CSimdjson

/// The library that finds the structure of JSON.
public enum JSONLibrary {
    /// The version that this program was built against, such as `3.0.1`.
    public static var version: String { String(cString: CSimdjson_version()) }
}
