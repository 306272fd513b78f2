/// Hashing and comparing short byte strings in place.
@usableFromInline enum ByteHash {
    @inlinable static func load8(_ p: UnsafeRawPointer, _ at: Int) -> UInt64 {
        p.loadUnaligned(fromByteOffset: at, as: UInt64.self)
    }

    @inlinable static func load4(_ p: UnsafeRawPointer, _ at: Int) -> UInt64 {
        UInt64(p.loadUnaligned(fromByteOffset: at, as: UInt32.self))
    }

    /// Both halves of the 128-bit product folded together: every input bit reaches every output bit.
    @inlinable static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    /// All bytes count, so names that differ anywhere hash apart; sizes up to 16 cost one multiplication and a finish.
    @inlinable static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let seed: UInt64 = 0x9E37_79B9_7F4A_7C15
        let salt: UInt64 = 0xD6E8_FEB8_6659_FD93
        let n = bytes.count
        guard n > 0, let p = bytes.baseAddress else { return seed }
        let size = UInt64(truncatingIfNeeded: n)
        var a: UInt64
        var b: UInt64
        var h = seed
        if n > 16 {
            var h2 = salt
            var at = 0
            while at &+ 32 < n {  // at < n - 32, so no sum here passes n
                h = mix(load8(p, at) ^ seed, load8(p, at &+ 8) ^ h)
                h2 = mix(load8(p, at &+ 16) ^ salt, load8(p, at &+ 24) ^ h2)
                at &+= 32
            }
            if at &+ 16 < n { h = mix(load8(p, at) ^ seed, load8(p, at &+ 8) ^ h) }
            h ^= h2
            a = load8(p, n &- 16)
            b = load8(p, n &- 8)
        } else if n >= 8 {
            a = load8(p, 0)
            b = load8(p, n &- 8)
        } else if n >= 4 {
            a = load4(p, 0)
            b = load4(p, n &- 4)
        } else {
            a = UInt64(p.load(as: UInt8.self)) &<< 16
            a |= UInt64(p.load(fromByteOffset: n &>> 1, as: UInt8.self)) &<< 8
            b = UInt64(p.load(fromByteOffset: n &- 1, as: UInt8.self))
        }
        return mix(size ^ salt, mix(a ^ seed, b ^ h))
    }

    /// True when `n` bytes at both places are the same; reads nothing beyond them.
    @inlinable @inline(__always)
    static func equal(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ n: Int) -> Bool {
        if n >= 8 {
            var at = 0
            while at &+ 8 < n {
                if load8(a, at) != load8(b, at) { return false }
                at &+= 8
            }
            return load8(a, n &- 8) == load8(b, n &- 8)
        }
        if n >= 4 { return load4(a, 0) == load4(b, 0) && load4(a, n &- 4) == load4(b, n &- 4) }
        var at = 0
        while at < n {
            if a.load(fromByteOffset: at, as: UInt8.self) != b.load(fromByteOffset: at, as: UInt8.self) { return false }
            at &+= 1
        }
        return true
    }
}
