import Assembly
import Store
import Threading
import Trading

/// What became of reading the account of one venue, outside of any run.
struct AccountReading: Sendable {
    let venue: VenueID
    var snapshot: AccountSnapshot?
    var paidOut: [VenueSettlement] = []
    var fault: (code: String, text: String, exit: ExitCode)?

    /// One account to the last page.
    static func snapshot(
        _ venue: VenueID, _ configuration: Configuration, _ pairs: PairFiles, _ home: String, _ since: UTCNanos
    ) async -> Result<AccountSnapshot, CommandFailure> {
        let reading = await read(venue, configuration, pairs, home, since)
        if let snapshot = reading.snapshot { return .success(snapshot) }
        let fault = reading.fault ?? (code: "E_CLI_INTERNAL", text: "nothing was read", exit: .internalFault)
        return .failure(CommandFailure(fault.exit, fault.code, "\(venue.name): \(fault.text)"))
    }

    static func read(
        _ venue: VenueID, _ configuration: Configuration, _ pairs: PairFiles, _ home: String, _ since: UTCNanos
    ) async -> AccountReading {
        var reading = AccountReading(venue: venue)
        do {
            let edge = try await TradingEdge.make(venue, configuration, pairs, home: home)
            defer { edge.close() }
            reading.snapshot = try await edge.reader.snapshot(since: since, now: NanoClock.utc())
            reading.paidOut = try await edge.reader.paidOut(since: since)
        } catch let fault as Edges.Fault {
            reading.fault = (fault.code, fault.text, fault.isPermission ? .permissions : .configuration)
        } catch let fault as AccountFault {
            reading.fault = (fault.code, fault.text, .unavailable)
        } catch {
            reading.fault = ("E_CLI_INTERNAL", "\(error)", .internalFault)
        }
        return reading
    }
}
