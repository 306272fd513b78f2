import Signing
import Trading

extension Wire {
    /// Complete requests of HTTP/1.1, from the request line to the last byte of the body.
    struct RequestWriter: Sendable {
        let auth: Auth
        /// Path of the interface below its host, `/trade-api/v2`.
        let root: String
        private let host: String
        private let between: [UInt8]
        private let createHead: [UInt8]

        static let orders = "/portfolio/events/orders"

        /// - Parameter restURL: `https://HOST[:PORT]/trade-api/v2`.
        init(_ auth: Auth, restURL: String) {
            self.auth = auth
            root = Auth.path(of: restURL)
            let start = restURL.firstRange(of: "://")?.upperBound ?? restURL.startIndex
            host = String(restURL[start...].prefix { $0 != "/" && $0 != "?" && $0 != "#" })
            between = Array(
                """
                 HTTP/1.1\r\nHost: \(host)\r\nUser-Agent: arb\r\nAccept: application/json\r\n\
                Content-Type: application/json\r\nKALSHI-ACCESS-KEY: \(auth.keyID)\r\nKALSHI-ACCESS-TIMESTAMP:\u{20}
                """.utf8)
            createHead = Array("POST \(root)\(Self.orders)".utf8) + between
        }

        /// The path that is signed for a create.
        var createPath: String { root + Self.orders }

        /// Appends a create.
        func appendCreate(_ header: Header, body: [UInt8], to request: inout [UInt8]) {
            request.append(contentsOf: createHead)
            finish(header.milliseconds, header.letters, body: body, &request)
        }

        /// Any other request, signed now.
        ///
        /// - Parameters:
        ///   - path: below the root.
        ///   - query: without `?`; empty for none.
        ///   - body: nil for none.
        /// - Throws: `SigningFault` (`E_AUTH_SIGN`).
        func request(
            _ method: Auth.Method, _ path: String, query: String = "", body: [UInt8]? = nil, milliseconds: Int64
        ) throws(SigningFault) -> [UInt8] {
            let letters = try auth.signature(milliseconds: milliseconds, method, path: root + path)
            var request = Array("\(method.rawValue) \(root)\(path)\(query.isEmpty ? "" : "?" + query)".utf8)
            request.append(contentsOf: between)
            finish(milliseconds, letters, body: body, &request)
            return request
        }

        private func finish(_ milliseconds: Int64, _ letters: [UInt8], body: [UInt8]?, _ request: inout [UInt8]) {
            request.append(decimal: milliseconds)
            request.append(literal: "\r\nKALSHI-ACCESS-SIGNATURE: ")
            request.append(contentsOf: letters)
            if let body {
                request.append(literal: "\r\nContent-Length: ")
                request.append(decimal: body.count)
                request.append(literal: "\r\n\r\n")
                request.append(contentsOf: body)
            } else {
                request.append(literal: "\r\n\r\n")
            }
        }
    }
}
