private import CCurl

/// The library that makes cold requests; loaded when first needed.
public enum CurlLibrary {
    /// Its version, such as `7.88.1`.
    ///
    /// - Throws: `TransportFault` (`E_NET_LIBRARY`) when it is not there or cannot be used.
    public static func version() throws(TransportFault) -> String {
        if let fault = CCurl_load("libcurl.so.4") { throw TransportFault(.library, String(cString: fault)) }
        return String(cString: CCurl_version())
    }
}
