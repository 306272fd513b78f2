#pragma once
#include <cstddef>
#include <cstdint>

#include "CSimdjson.h"

namespace {

/// Bytes of the well-formed UTF-8 sequence at `p`, or 0.
inline size_t sequenceLength(const uint8_t *p, size_t left) {
    uint8_t c = p[0];
    if (c < 0x80) { return 1; }
    size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0xc2 || c > 0xf4 || n > left) { return 0; }
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) { return 0; }
    }
    if (c == 0xe0 && p[1] < 0xa0) { return 0; } // overlong
    if (c == 0xed && p[1] > 0x9f) { return 0; } // surrogate
    if (c == 0xf0 && p[1] < 0x90) { return 0; } // overlong
    if (c == 0xf4 && p[1] > 0x8f) { return 0; } // above U+10FFFF
    return n;
}

/// Stage 1 says that the document is bad, not where. This finds the place: slow, only for refused documents.
inline int32_t explain(const uint8_t *text, size_t length, size_t *offset) {
    bool inString = false;
    for (size_t i = 0; i < length;) {
        size_t n = sequenceLength(text + i, length - i);
        *offset = i;
        if (n == 0) { return CSimdjson_badUTF8; }
        if (inString && text[i] < 0x20) { return CSimdjson_control; }
        if (inString && text[i] == '\\') {
            n = 2; // the escaped byte cannot end the string; a multi-byte character there is refused as an escape
            if (i + 1 < length && text[i + 1] >= 0x80) { return CSimdjson_escape; }
            if (i + 1 < length && text[i + 1] < 0x20) { return CSimdjson_escape; }
        } else if (text[i] == '"') {
            inString = !inString;
        }
        i += n;
    }
    *offset = length;
    return CSimdjson_truncated; // an unclosed string, or nothing but whitespace
}

} // namespace
