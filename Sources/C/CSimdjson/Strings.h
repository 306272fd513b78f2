#pragma once
#include <cstddef>
#include <cstdint>

namespace {

inline bool isSpace(uint8_t c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
inline bool isDigit(uint8_t c) { return static_cast<uint8_t>(c - '0') < 10; }

/// Four hexadecimal digits, or -1.
inline int32_t hex4(const uint8_t *p) {
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = p[i], letter = c | 0x20;
        if (isDigit(c)) {
            value = value << 4 | (c - '0');
        } else if (letter >= 'a' && letter <= 'f') {
            value = value << 4 | (letter - 'a' + 10);
        } else {
            return -1;
        }
    }
    return value;
}

inline size_t putUTF8(uint8_t *to, uint32_t scalar) {
    if (scalar < 0x80) {
        to[0] = static_cast<uint8_t>(scalar);
        return 1;
    }
    if (scalar < 0x800) {
        to[0] = static_cast<uint8_t>(0xc0 | scalar >> 6);
        to[1] = static_cast<uint8_t>(0x80 | (scalar & 0x3f));
        return 2;
    }
    if (scalar < 0x10000) {
        to[0] = static_cast<uint8_t>(0xe0 | scalar >> 12);
        to[1] = static_cast<uint8_t>(0x80 | (scalar >> 6 & 0x3f));
        to[2] = static_cast<uint8_t>(0x80 | (scalar & 0x3f));
        return 3;
    }
    to[0] = static_cast<uint8_t>(0xf0 | scalar >> 18);
    to[1] = static_cast<uint8_t>(0x80 | (scalar >> 12 & 0x3f));
    to[2] = static_cast<uint8_t>(0x80 | (scalar >> 6 & 0x3f));
    to[3] = static_cast<uint8_t>(0x80 | (scalar & 0x3f));
    return 4;
}

/// One `\uXXXX`, or a pair of them, at `p` (just behind the `u`). Returns bytes read, 0 when malformed or lone.
inline size_t unicodeEscape(const uint8_t *p, size_t left, uint32_t *scalar) {
    if (left < 4) { return 0; }
    int32_t high = hex4(p);
    if (high < 0 || (high >= 0xdc00 && high < 0xe000)) { return 0; }
    *scalar = static_cast<uint32_t>(high);
    if (high < 0xd800 || high >= 0xe000) { return 4; }
    if (left < 10 || p[4] != '\\' || p[5] != 'u') { return 0; }
    int32_t low = hex4(p + 6);
    if (low < 0xdc00 || low >= 0xe000) { return 0; }
    *scalar = 0x10000 + (static_cast<uint32_t>(high - 0xd800) << 10) + static_cast<uint32_t>(low - 0xdc00);
    return 10;
}

/// What a one-letter escape stands for; 0 when there is no such escape.
inline uint8_t letterEscape(uint8_t letter) {
    switch (letter) {
    case '"': case '\\': case '/': return letter;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return 0;
    }
}

/// Copies the content of a string with its escapes resolved. Returns the bytes written, at most `length`, or -1
/// with `*bad` at the offending escape. A lone surrogate is refused: it has no UTF-8, and a stand-in would make
/// two different names equal.
inline int64_t unescape(const uint8_t *from, size_t length, uint8_t *to, size_t *bad) {
    size_t i = 0, n = 0;
    while (i < length) {
        if (from[i] != '\\') {
            to[n++] = from[i++];
            continue;
        }
        *bad = i;
        if (i + 1 >= length) { return -1; }
        if (from[i + 1] == 'u') {
            uint32_t scalar = 0;
            size_t used = unicodeEscape(from + i + 2, length - i - 2, &scalar);
            if (used == 0) { return -1; }
            n += putUTF8(to + n, scalar);
            i += 2 + used;
        } else {
            uint8_t c = letterEscape(from[i + 1]);
            if (c == 0) { return -1; }
            to[n++] = c;
            i += 2;
        }
    }
    return static_cast<int64_t>(n);
}

} // namespace
