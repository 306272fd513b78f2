internal import Threading
public import Trading

/// Cold requests of an account through libcurl: reads over kept connections, writes once, each over its own.
public struct HTTPChannel: AccountChannel {
    private let venue: VenueID
    private let client: HTTPClient

    /// Requests to `venue`; `client` is ended by its owner.
    public init(venue: VenueID, client: HTTPClient) {
        self.venue = venue
        self.client = client
    }

    /// The answer; without one status 0, and the fault's code, a colon and its words.
    public func perform(_ request: AccountRequest) async -> RestAnswer {
        let answer = await client.response(
            to: HTTPRequest(request.url, method: request.method, headers: request.headers, body: request.body))
        let rest = RestRequest(
            tag: 0, venue: venue, service: "account", method: request.method, path: request.url, body: request.body)
        switch answer {
        case .success(let response):
            return RestAnswer(
                request: rest, status: response.status, contentType: response.contentType, body: response.body,
                fetchedAt: NanoClock.utc())
        case .failure(let fault):
            return RestAnswer(
                request: rest, status: 0, contentType: "", body: [], fetchedAt: NanoClock.utc(),
                fault: "\(fault.code): \(fault.text)")
        }
    }
}
