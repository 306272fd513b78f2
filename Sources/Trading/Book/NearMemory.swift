import CMemory

/// Hints for tables that are touched at random by the message: none of them changes what a program computes.
public enum NearMemory {
    /// Makes room for `count` elements of an array that is still empty, in huge pages when it is large: a look-up in it
    /// then costs one cache miss instead of a walk through the page table and a miss.
    public static func reserve<Element>(_ array: inout [Element], _ count: Int) {
        array.reserveCapacity(count)
        array.withUnsafeMutableBufferPointer { elements in
            // Safety: the address is only named to the kernel, within the memory that was just reserved.
            guard let start = elements.baseAddress else { return }
            CMemory_wish_huge(start, UInt64(count * MemoryLayout<Element>.stride))
        }
    }

    /// Asks for `bytes` of an array's memory from an element on, so that they are there when they are needed; nothing
    /// for an element that is none.
    @inlinable
    public static func expect<Element>(_ array: borrowing [Element], _ index: Int, bytes: Int) {
        array.withUnsafeBufferPointer { elements in
            // Safety: nothing is read, so that bytes behind the last element do no harm.
            guard elements.indices.contains(index), let start = elements.baseAddress else { return }
            expect(start + index, bytes: bytes)
        }
    }

    @usableFromInline
    static func expect(_ start: UnsafeRawPointer, bytes: Int) {
        CMemory_prefetch(start, UInt64(bytes))
    }
}

/// Where a `BookTable` keeps what its ladders grow: pieces cut from large blocks, kept until the table ends.
///
/// Pieces given back wait for the next of their size. Small tables begin with a small block.
struct LadderPool {
    // Safety: owned by one BookTable, which destroys it after its last ladder; used on its lane only.
    private var blocks: [UnsafeMutableRawPointer] = []
    private var next: UnsafeMutableRawPointer?
    private var left = 0
    private var blockSize = 16_384
    // An entry for each grid that exists.
    private var free: [(bytes: Int, cut: Int, pieces: [UnsafeMutableRawPointer])] = []

    static let blockMax = 2 << 20

    /// Zeroed memory of `bytes`, a multiple of 64, from a multiple of 64 on.
    mutating func take(_ bytes: Int) -> UnsafeMutableRawPointer {
        let index = free.firstIndex { $0.bytes == bytes } ?? free.count
        if index == free.count { free.append((bytes, 0, [])) }
        let piece = free[index].pieces.popLast() ?? cut(bytes, at: index)
        piece.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        return piece
    }

    mutating func giveBack(_ piece: UnsafeMutableRawPointer, _ bytes: Int) {
        guard let index = free.firstIndex(where: { $0.bytes == bytes }) else {
            preconditionFailure("a piece comes back to where it was cut")
        }
        free[index].pieces.append(piece)
    }

    private mutating func cut(_ bytes: Int, at index: Int) -> UnsafeMutableRawPointer {
        // Whatever is cut may come back: there is room for all of it, so that giving back asks for no memory.
        free[index].cut += 1
        if free[index].pieces.capacity < free[index].cut { free[index].pieces.reserveCapacity(free[index].cut * 2) }
        if left < bytes {
            let size = max(blockSize, bytes)
            guard let block = CMemory_allocate(UInt64(size)) else { preconditionFailure("out of memory") }
            // All of it now, not page by page while books grow.
            block.initializeMemory(as: UInt8.self, repeating: 0, count: size)
            blocks.append(block)
            (next, left) = (block, size)
            blockSize = min(blockSize * 2, Self.blockMax)
        }
        guard let piece = next else { preconditionFailure("a block was just made") }
        next = piece + bytes
        left -= bytes
        return piece
    }

    /// Ends the memory; every piece with it.
    func destroy() { for block in blocks { block.deallocate() } }
}
