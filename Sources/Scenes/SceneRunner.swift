internal import Synchronization
internal import Threading

/// Plays many scenes, several at once: each has venues, sockets and threads of its own.
public enum SceneRunner {
    /// Scenes at once: their threads wait most of the time.
    public static let width = 6

    /// Plays every scene with every seed.
    ///
    /// - Parameters:
    ///   - isStrict: whether bounds of time are judged.
    ///   - each: is given every report as it is made, one at a time.
    /// - Returns: how many were bad.
    public static func run(
        _ scenes: [Scene], seeds: Range<UInt64>, width: Int = SceneRunner.width, isStrict: Bool = false,
        _ each: @escaping @Sendable (Scene.Report) -> Void
    ) -> Int {
        let jobs = seeds.flatMap { seed in scenes.map { ($0, seed) } }
        let next = Mutex(0)
        let bad = Mutex(0)
        let workers = (0..<max(1, width)).map { index in
            Worker(name: "scene-\(index)") {
                while true {
                    let place = next.withLock { next -> Int in
                        defer { next += 1 }
                        return next
                    }
                    guard place < jobs.count else { return }
                    let report = jobs[place].0.play(seed: jobs[place].1, isStrict: isStrict)
                    bad.withLock { bad in
                        if !report.problems.isEmpty { bad += 1 }
                        each(report)
                    }
                }
            }
        }
        for worker in workers { worker.join() }
        return bad.withLock { $0 }
    }
}
