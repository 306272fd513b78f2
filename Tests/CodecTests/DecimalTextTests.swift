import Testing

@testable import Codec

@Suite("DecimalText")
struct DecimalTextTests {
    private func parse(_ text: String, scale: Int = 8, form: DecimalForm = []) -> Result<Int64, DecimalFault> {
        var text = text
        return text.withUTF8 { bytes in
            do throws(DecimalFault) {
                return .success(try DecimalText.parse(UnsafeRawBufferPointer(bytes), scale: scale, form: form))
            } catch { return .failure(error) }
        }
    }

    private func integer(_ text: String, form: DecimalForm = []) -> Result<Int64, DecimalFault> {
        var text = text
        return text.withUTF8 { bytes in
            do throws(DecimalFault) {
                return .success(try DecimalText.integer(UnsafeRawBufferPointer(bytes), form: form))
            } catch { return .failure(error) }
        }
    }

    @Test(
        "reads canonical decimals exactly",
        arguments: [
            ("0", 0), ("1", 100_000_000), ("0.5", 50_000_000), ("0.4600", 46_000_000), ("12", 1_200_000_000),
            ("0.00000001", 1), ("0.000000010", 1), ("0.0", 0), ("0.00000000000", 0), ("1250.37", 125_037_000_000),
            ("1.10", 110_000_000), ("92233720368.54775807", .max), ("9999999999.99999999", 999_999_999_999_999_999),
            ("12345678901", 1_234_567_890_100_000_000), ("0.123456780000000000000", 12_345_678),
        ] as [(String, Int64)])
    func reads(_ text: String, _ units: Int64) {
        #expect(parse(text) == .success(units))
        #expect(parse("-" + text, form: .negative) == (units == 0 ? .failure(.negativeZero) : .success(-units)))
        #expect(parse("-" + text) == .failure(.negative))
    }

    @Test("reads the smallest number there is")
    func smallest() {
        #expect(parse("-92233720368.54775808", form: .negative) == .success(.min))
        #expect(parse("-92233720368.54775809", form: .negative) == .failure(.overflow))
    }

    @Test(
        "refuses everything that is not a canonical decimal, and never rounds",
        arguments: [
            ("", .empty), ("+1", .malformed), ("+0.5", .malformed), ("NaN", .malformed), ("Infinity", .malformed),
            ("inf", .malformed), ("1e2", .malformed), ("1E2", .malformed), ("1e400", .malformed), ("0x10", .malformed),
            (" 1", .malformed), ("1 ", .malformed), ("1\n", .malformed), ("1,5", .malformed), ("1_000", .malformed),
            (".5", .malformed), (".48", .malformed), ("5.", .malformed), (".", .malformed), ("1..2", .malformed),
            ("1.2.3", .malformed), ("0.5x", .malformed), ("0.123456780x", .malformed), ("0.1234567801x", .malformed),
            ("00", .leadingZero), ("01", .leadingZero), ("00.1", .leadingZero), ("-0", .negative), ("-1", .negative),
            ("--1", .negative), ("1-", .malformed), ("0.000000001", .tooManyDecimals),
            ("0.123456789", .tooManyDecimals),
            ("92233720368.54775808", .overflow), ("92233720369", .overflow), ("99999999999999999999999", .overflow),
            ("92233720368547758070", .overflow), ("１", .malformed), ("½", .malformed), ("\0", .malformed),
            ("1\0", .malformed),
        ] as [(String, DecimalFault)])
    func refuses(_ text: String, _ fault: DecimalFault) {
        #expect(parse(text) == .failure(fault))
    }

    @Test(
        "refuses malformed negatives where negatives are allowed",
        arguments: [
            ("-", .empty), ("--1", .malformed), ("-0", .negativeZero), ("-0.00", .negativeZero),
            ("-00.1", .leadingZero),
            ("-.5", .malformed), ("-+1", .malformed), ("- 1", .malformed), ("-1e2", .malformed),
            ("-0.000000001", .tooManyDecimals), ("-99999999999.0", .overflow), ("-00000000000.0", .leadingZero),
        ] as [(String, DecimalFault)])
    func refusesNegative(_ text: String, _ fault: DecimalFault) {
        #expect(parse(text, form: .negative) == .failure(fault))
    }

    @Test("takes a missing leading zero only when told to")
    func bareFraction() {
        #expect(parse(".48", form: .bareFraction) == .success(48_000_000))
        #expect(parse("0.48", form: .bareFraction) == .success(48_000_000))
        #expect(parse("-.48", form: [.bareFraction, .negative]) == .success(-48_000_000))
        #expect(parse(".", form: .bareFraction) == .failure(.malformed))
        #expect(parse("", form: .bareFraction) == .failure(.empty))
        #expect(parse("-", form: [.bareFraction, .negative]) == .failure(.empty))
        #expect(parse(".480000001", form: .bareFraction) == .failure(.tooManyDecimals))
        #expect(parse(".x", form: .bareFraction) == .failure(.malformed))
    }

    @Test(
        "other scales",
        arguments: [(0, "7", 7), (2, "1.25", 125), (6, "0.000001", 1), (18, "1.5", 1_500_000_000_000_000_000)]
            as [(Int, String, Int64)])
    func scales(_ scale: Int, _ text: String, _ units: Int64) {
        #expect(parse(text, scale: scale) == .success(units))
        #expect(DecimalText.string(units, scale: scale) == text)
    }

    @Test("scale 0 refuses a fraction that is not zero")
    func whole() {
        #expect(parse("7.0", scale: 0) == .success(7))
        #expect(parse("7.5", scale: 0) == .failure(.tooManyDecimals))
        #expect(parse("9223372036854775807", scale: 0) == .success(.max))
        #expect(parse("9223372036854775808", scale: 0) == .failure(.overflow))
    }

    @Test(
        "reads whole numbers",
        arguments: [("0", 0), ("7", 7), ("1795207441123", 1_795_207_441_123), ("9223372036854775807", .max)]
            as [(String, Int64)])
    func integers(_ text: String, _ value: Int64) {
        #expect(integer(text) == .success(value))
        #expect(integer("-" + text, form: .negative) == (value == 0 ? .failure(.negativeZero) : .success(-value)))
    }

    @Test(
        "refuses whole numbers in any other form",
        arguments: [
            ("", .empty), ("-1", .negative), ("+1", .malformed), ("01", .leadingZero), ("1.0", .malformed),
            ("1e3", .malformed),
            ("0x1", .malformed), (" 1", .malformed), ("9223372036854775808", .overflow),
            ("123456789012345678901", .overflow),
            ("12345678901234567890x", .malformed), ("123.45678901234567890", .malformed),
            ("123.4567890123456789", .malformed),
            ("-123456789012345678.9", .negative), ("1234567890123456789.", .malformed),
        ] as [(String, DecimalFault)])
    func badIntegers(_ text: String, _ fault: DecimalFault) {
        #expect(integer(text) == .failure(fault))
    }

    @Test(
        "writes canonical text",
        arguments: [
            (0, "0"), (1, "0.00000001"), (-1, "-0.00000001"), (100_000_000, "1"), (46_000_000, "0.46"),
            (-5_400_000_000, "-54"), (.max, "92233720368.54775807"), (.min, "-92233720368.54775808"), (10, "0.0000001"),
        ] as [(Int64, String)])
    func writes(_ units: Int64, _ text: String) {
        #expect(DecimalText.string(units) == text)
    }

    @Test(
        "writes a fixed number of decimals, or nothing when a digit would be lost",
        arguments: [
            (46_000_000, 4, "0.4600"), (46_000_000, 2, "0.46"), (46_000_000, 1, nil), (0, 2, "0.00"), (0, 0, "0"),
            (-5_400_000_000, 2, "-54.00"), (100_000_000, 0, "1"), (123_456_789, 8, "1.23456789"),
            (.min, 8, "-92233720368.54775808"),
        ] as [(Int64, Int, String?)])
    func fixed(_ units: Int64, _ decimals: Int, _ text: String?) {
        let written: String? = withUnsafeTemporaryAllocation(byteCount: DecimalText.bytesMax, alignment: 1) { buffer in
            DecimalText.write(units, decimals: decimals, into: buffer).map { count in
                String(decoding: buffer[..<count], as: UTF8.self)
            }
        }
        #expect(written == text)
    }

    @Test("what is written reads back, over the whole range", arguments: [21, 22, 23] as [UInt64])
    func roundTrip(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        for _ in 0..<5000 {
            let units = Int64(truncatingIfNeeded: random.next() >> UInt64.random(in: 0..<64, using: &random))
            let value = Bool.random(using: &random) ? units : 0 &- units
            for scale in [0, 2, 6, 8, 18] {
                let text = DecimalText.string(value, scale: scale)
                #expect(parse(text, scale: scale, form: .negative) == .success(value), "seed \(seed): \(text)")
            }
            #expect(integer(DecimalText.string(value, scale: 0), form: .negative) == .success(value))
        }
    }

    @Test("every fault has its own code")
    func codes() {
        #expect(Set(DecimalFault.allCases.map(\.code)).count == DecimalFault.allCases.count)
    }
}
