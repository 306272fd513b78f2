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
        let jobs = seeds.flatMap { seed in
            scenes.map { scene in { @Sendable () -> Scene.Report in scene.play(seed: seed, isStrict: isStrict) } }
        }
        return run(jobs, width: width, each)
    }

    /// Plays every crash with every seed, and as many runs of random kills as there are seeds.
    ///
    /// - Returns: how many were bad.
    public static func run(
        _ stories: [CrashStory], randomKills kills: Int, seeds: Range<UInt64>, width: Int,
        _ each: @escaping @Sendable (Scene.Report) -> Void
    ) -> Int {
        let jobs = seeds.flatMap { seed -> [@Sendable () -> Scene.Report] in
            let named = stories.map { story in { @Sendable () -> Scene.Report in story.play(seed: seed) } }
            return kills == 0
                ? named : named + [{ @Sendable () -> Scene.Report in CrashStory.atRandom(seed: seed, kills: kills) }]
        }
        return run(jobs, width: width, each)
    }

    private static func run(
        _ jobs: [@Sendable () -> Scene.Report], width: Int, _ each: @escaping @Sendable (Scene.Report) -> Void
    ) -> Int {
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
                    let report = jobs[place]()
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
