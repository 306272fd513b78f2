internal import Glibc
internal import Synchronization
internal import Threading

/// What an interrupted program of scenes would leave behind: runs that trade on without venues, and folders in `/tmp`.
public enum Remains {
    private struct State: Sendable {
        var processes: Set<pid_t> = []
        var folders: Set<String> = []
    }

    private static let state = Mutex(State())

    /// From now on SIGINT, SIGTERM and SIGHUP end the runs that were started here, remove the folders, and then this process,
    /// with 128 and the signal's number. Before any other thread is started.
    public static func clearOnSignals() {
        let ends = SignalSet([SIGINT, SIGTERM, SIGHUP])
        ends.block()
        _ = Worker(name: "interrupt") {
            let number = ends.wait()
            // Held to the end: nothing new is started or made meanwhile.
            state.withLock { state in
                for process in state.processes { kill(process, SIGKILL) }
                for folder in state.folders { remove(folder) }
                _exit(128 + number)
            }
        }
    }

    /// Starts a process and keeps it in mind; nil: it could not be started.
    static func start(_ spawn: () -> pid_t?) -> pid_t? {
        state.withLock { state in
            guard let process = spawn() else { return nil }
            state.processes.insert(process)
            return process
        }
    }

    /// Collects a process that has ended, once.
    ///
    /// - Returns: its status as `waitpid` has it; nil while it runs.
    static func collect(_ process: pid_t) -> Int32? {
        state.withLock { state in
            var status: Int32 = 0
            guard waitpid(process, &status, WNOHANG) == process else { return nil }
            state.processes.remove(process)
            return status
        }
    }

    static func keep(_ folder: String) { state.withLock { _ = $0.folders.insert(folder) } }

    /// Removes a folder that was kept in mind, with everything in it.
    static func clear(_ folder: String) {
        remove(folder)
        state.withLock { _ = $0.folders.remove(folder) }
    }

    private static func remove(_ path: String) {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { Glibc.remove(path + "/" + name) != 0 ? remove(path + "/" + name) : () }
            }
            closedir(directory)
            rmdir(path)
        }
    }
}
