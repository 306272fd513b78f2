import COpenSSL
import Glibc

/// What TLS has made of bytes and the kernel has not been given yet.
///
/// The library writes its records here instead of into the socket. So a request can be made a record first and handed to the
/// kernel later, in one system call and nothing else: two requests that were both made records before leave as close together
/// as two such calls are.
/// - Lane: its connection's owner.
struct TLSOutbox {
    private let ssl: OpaquePointer
    private let memory: OpaquePointer
    private let descriptor: Int32

    /// Puts itself between a connection that has shaken hands and its socket. Nil when there is no memory.
    init?(_ ssl: OpaquePointer, _ descriptor: Int32) {
        guard let memory = BIO_new(BIO_s_mem()) else { return nil }
        // The connection owns it from here on, and keeps reading from its socket.
        SSL_set0_wbio(ssl, memory)
        (self.ssl, self.memory, self.descriptor) = (ssl, memory, descriptor)
    }

    /// True when nothing waits.
    var isEmpty: Bool { BIO_ctrl_pending(memory) == 0 }

    /// Gives the kernel what it takes. Never blocks.
    ///
    /// - Returns: false when the kernel took nothing for want of room.
    /// - Throws: the number of the system's error.
    func flush() throws(SystemError) -> Bool {
        var start: UnsafeMutablePointer<CChar>?
        let count = COpenSSL_memory(memory, &start)
        guard count > 0 else { return true }
        let taken = send(descriptor, start, count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        if taken == count {
            COpenSSL_empty(memory)
            return true
        }
        guard taken < 0 else {
            COpenSSL_drop(memory, taken)
            return true
        }
        let number = errno
        guard number == EAGAIN || number == EWOULDBLOCK || number == EINTR || number == ENOBUFS else {
            throw SystemError(number: number)
        }
        return false
    }

    /// Throws away what waits: it never leaves. The peer can make nothing of what would come after it.
    func empty() { COpenSSL_empty(memory) }

    /// What the system answered.
    struct SystemError: Error {
        let number: Int32
    }
}
