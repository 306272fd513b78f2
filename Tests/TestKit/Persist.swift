import Glibc

/// Tries again until it works or `seconds` have passed: for a lock that a process which was just being started by another test
/// still holds between its fork and its exec.
public func persist<Result>(seconds: Int = 10, _ body: () throws -> Result) throws -> Result {
    var left = seconds * 100
    while true {
        do {
            return try body()
        } catch  where left > 0 {
            left -= 1
            poll(nil, 0, 10)
        }
    }
}
