import Codec

/// What the loopback venues need of the codec.
enum SimCodec {
    /// Bytes of standard base64; none where it is not.
    static func base64(_ text: String) -> [UInt8] { Base64.decode(text) ?? [] }
}
