#define SIMDJSON_EXCEPTIONS 0
#include "CSimdjson.h"

#include <simdjson.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "Faults.h"
#include "Strings.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "skipDigits counts bytes from the low end");

namespace {

using Node = CSimdjson_Node;
using Stage = simdjson::internal::dom_parser_implementation;

constexpr uint32_t maxDepth = 64;
constexpr size_t pad = 64;              // readable past any text; simdjson asks for 32
constexpr size_t firstCapacity = 65536; // bytes; most messages never make the buffers grow

/// Memory that is there: the kernel gives it now, not in the middle of the first large message.
template <class T> T *allocate(size_t count) {
    void *p = nullptr;
    if (posix_memalign(&p, 64, count * sizeof(T)) != 0) { abort(); }
    memset(p, 0, count * sizeof(T));
    return static_cast<T *>(p);
}

uint32_t metaOf(uint32_t kind, uint32_t children) { return kind | children << 9; }

} // namespace

struct CSimdjson_Reader {
    CSimdjson_View view{};
    std::unique_ptr<Stage> stage;
    uint8_t *text = nullptr; // [document | pad | unescaped strings | pad]
    Node *nodes = nullptr;
    size_t textCapacity = 0;
    size_t nodeCapacity = 0;
    size_t bytesMax = 0;
    uint32_t depthMax = 0;
    uint32_t nodesMax = 0;

    int32_t fail(int32_t fault, size_t offset) {
        view.nodeCount = 0;
        view.faultOffset = static_cast<uint32_t>(offset);
        return fault;
    }
};

namespace {

void growText(CSimdjson_Reader &r, size_t length) {
    size_t capacity = r.textCapacity ? r.textCapacity : firstCapacity;
    while (capacity < length) { capacity *= 2; }
    free(r.text);
    // An unescaped string is never longer than its escaped text, so one more document's worth holds them all.
    r.text = allocate<uint8_t>(2 * capacity + 4 * pad);
    r.textCapacity = capacity;
    if (r.stage->set_capacity(capacity) != simdjson::SUCCESS) { abort(); }
}

void growNodes(CSimdjson_Reader &r, size_t count) {
    size_t capacity = r.nodeCapacity ? r.nodeCapacity : 4096;
    while (capacity < count) { capacity *= 2; }
    free(r.nodes);
    r.nodes = allocate<Node>(capacity);
    r.nodeCapacity = capacity;
}

/// True when only whitespace lies in text[from, to).
inline bool blank(const uint8_t *text, uint32_t from, uint32_t to) {
    while (from < to && isSpace(text[from])) { from++; }
    return from == to;
}

/// First byte at or behind `at` that is no digit, eight at a time; at least eight bytes follow every text.
inline uint32_t skipDigits(const uint8_t *text, uint32_t at) {
    for (;;) {
        uint64_t eight;
        memcpy(&eight, text + at, 8);
        // A digit is 0x30-0x39: its high half is 3, also after adding 6. A carry only reaches later bytes.
        constexpr uint64_t high = 0xf0f0f0f0f0f0f0f0, three = 0x3030303030303030, six = 0x0606060606060606;
        uint64_t other = ((eight & high) ^ three) | (((eight + six) & high) ^ three);
        if (other != 0) { return at + static_cast<uint32_t>(__builtin_ctzll(other)) / 8; }
        at += 8;
    }
}

/// Length of the number that starts at `at` and ends before the next mark; 0 when its form is not JSON's.
inline uint32_t numberLength(const uint8_t *text, uint32_t at, uint32_t next) {
    uint32_t first = at + (text[at] == '-');
    uint32_t p = skipDigits(text, first);
    if (p == first || (text[first] == '0' && p != first + 1)) { return 0; }
    if (p == next) { return p - at; }
    if (text[p] == '.') {
        first = p + 1;
        p = skipDigits(text, first);
        if (p == first) { return 0; }
    }
    if ((text[p] | 0x20) == 'e') {
        p++;
        if (text[p] == '+' || text[p] == '-') { p++; }
        first = p;
        p = skipDigits(text, first);
        if (p == first) { return 0; }
    }
    return blank(text, p, next) ? p - at : 0;
}

struct Open {
    Node *node;
    uint32_t count;
};

#define ALWAYS_INLINE inline __attribute__((always_inline))

/// One pass over the marks. A string ends at the last quote before the next mark, so its content is not scanned.
/// All helpers are inlined and the stack lives outside, so that the cursor stays in registers.
template <bool escapes> class Walk {
    CSimdjson_Reader &r;
    const uint8_t *const text;
    const uint32_t *mark;
    const uint32_t *const end;
    Node *out;
    Open *top;            // what to return to when the innermost container closes
    Open *const bottom;
    Node *open = nullptr; // innermost open container
    uint32_t count = 0;   // its children so far
    uint32_t side;        // where the next unescaped string goes
    int32_t fault = CSimdjson_ok;

    ALWAYS_INLINE bool fail(int32_t code, size_t offset) {
        fault = r.fail(code, offset);
        return false;
    }

    /// What stands at the mark is not what the grammar wants there.
    ALWAYS_INLINE bool unexpected() { return fail(mark == end ? CSimdjson_truncated : CSimdjson_syntax, *mark); }

    ALWAYS_INLINE int32_t stop() {
        unexpected();
        return fault;
    }

    /// A key or a string value; moves to the mark behind it.
    ALWAYS_INLINE bool string() {
        uint32_t start = mark[0] + 1, close = mark[1] - 1;
        if (__builtin_expect(text[close] != '"', 0)) { // whitespace; stage 1 saw that a closing quote is there
            while (text[close] != '"') { close--; }
            if (close < start) { return unexpected(); }
        }
        Node node{start, close - start, 1, CSimdjson_string};
        if (escapes && memchr(text + start, '\\', node.length) != nullptr) {
            size_t bad = 0;
            int64_t n = unescape(text + start, node.length, r.text + side, &bad);
            if (n < 0) { return fail(CSimdjson_escape, start + bad); }
            node = Node{side, static_cast<uint32_t>(n), 1, CSimdjson_string | 1u << 8};
            side += static_cast<uint32_t>(n);
        }
        *out++ = node;
        mark++;
        return true;
    }

    ALWAYS_INLINE bool word(uint32_t kind, const char *letters, uint32_t length) {
        uint32_t at = *mark;
        if (memcmp(text + at, letters, length) != 0 || !blank(text, at + length, mark[1])) { return unexpected(); }
        *out++ = Node{at, length, 1, kind};
        mark++;
        return true;
    }

    ALWAYS_INLINE bool number() {
        uint32_t length = numberLength(text, mark[0], mark[1]);
        if (length == 0) { return fail(CSimdjson_badNumber, *mark); }
        *out++ = Node{*mark, length, 1, CSimdjson_number};
        mark++;
        return true;
    }

    ALWAYS_INLINE bool scalar(uint8_t c) {
        if (__builtin_expect(c == '"', 1)) { return string(); }
        if (isDigit(c) || c == '-') { return number(); }
        switch (c) {
        case 't': return word(CSimdjson_true, "true", 4);
        case 'f': return word(CSimdjson_false, "false", 5);
        case 'n': return word(CSimdjson_null, "null", 4);
        case 'N': case 'I': case '+': case '.': return fail(CSimdjson_badNumber, *mark);
        default: return unexpected();
        }
    }

    ALWAYS_INLINE bool push(uint32_t kind) {
        if (top == bottom + r.depthMax) { return fail(CSimdjson_tooDeep, *mark); }
        *top++ = Open{open, count};
        open = out;
        count = 0;
        *out++ = Node{*mark, 0, 1, kind};
        mark++;
        return true;
    }

    ALWAYS_INLINE void pop() {
        open->length = *mark + 1 - open->offset;
        open->span = static_cast<uint32_t>(out - open);
        open->meta = metaOf(open->meta, count);
        --top;
        open = top->node;
        count = top->count;
        mark++;
    }

    ALWAYS_INLINE bool key() {
        if (__builtin_expect(text[*mark] != '"', 0)) { return unexpected(); }
        if (!string()) { return false; }
        if (__builtin_expect(text[*mark] != ':', 0)) { return unexpected(); }
        mark++;
        return true;
    }

  public:
    Walk(CSimdjson_Reader &reader, uint32_t length, Open *stack)
        : r(reader), text(reader.text), mark(reader.stage->structural_indexes.get()),
          end(mark + reader.stage->n_structural_indexes), out(reader.nodes), top(stack), bottom(stack),
          side(static_cast<uint32_t>((length + 2 * pad - 1) & ~(pad - 1))) {}

    ALWAYS_INLINE int32_t run() {
        uint8_t c = text[*mark];
        if (c != '{' && c != '[') {
            if (!scalar(c)) { return fault; }
            goto done;
        }

    container: // c opens one, mark stands on it
        if (c == '{') {
            if (!push(CSimdjson_object)) { return fault; }
            if (text[*mark] == '}') { goto close; }
            goto member;
        }
        if (!push(CSimdjson_array)) { return fault; }
        if (text[*mark] == ']') { goto close; }

    element:
        c = text[*mark];
        if (c == '{' || c == '[') { goto container; }
        if (!scalar(c)) { return fault; }
    afterElement:
        count++;
        c = text[*mark];
        if (c == ',') {
            mark++;
            goto element;
        }
        if (c != ']') { return stop(); }
        goto close;

    member:
        if (!key()) { return fault; }
        c = text[*mark];
        if (c == '{' || c == '[') { goto container; }
        if (!scalar(c)) { return fault; }
    afterMember:
        count++;
        c = text[*mark];
        if (c == ',') {
            mark++;
            goto member;
        }
        if (c != '}') { return stop(); }

    close: // the innermost container ends at mark
        pop();
        if (open == nullptr) { goto done; }
        if (open->meta == CSimdjson_object) { goto afterMember; }
        goto afterElement;

    done:
        if (mark != end) { return r.fail(CSimdjson_trailing, *mark); }
        r.view.nodes = r.nodes;
        r.view.text = r.text;
        r.view.nodeCount = static_cast<uint32_t>(out - r.nodes);
        return CSimdjson_ok;
    }
};

template <bool escapes> __attribute__((noinline)) int32_t walk(CSimdjson_Reader &r, uint32_t length) {
    Open stack[maxDepth];
    return Walk<escapes>(r, length, stack).run();
}

} // namespace

CSimdjson_Reader *CSimdjson_make(size_t bytesMax, uint32_t depthMax, uint32_t nodesMax) {
    if (depthMax == 0 || depthMax > maxDepth || bytesMax > (size_t(512) << 20)) { abort(); }
    if (nodesMax >= 1u << 23) { abort(); } // a count of children has 23 bits
    auto *r = new (std::nothrow) CSimdjson_Reader();
    if (r == nullptr) { abort(); }
    auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(firstCapacity, 1, r->stage);
    if (error != simdjson::SUCCESS) { abort(); }
    r->bytesMax = bytesMax;
    r->depthMax = depthMax;
    r->nodesMax = nodesMax;
    growText(*r, 0);
    growNodes(*r, 0);
    return r;
}

void CSimdjson_free(CSimdjson_Reader *r) {
    free(r->text);
    free(r->nodes);
    delete r;
}

const CSimdjson_View *CSimdjson_view(const CSimdjson_Reader *r) { return &r->view; }

int32_t CSimdjson_read(CSimdjson_Reader *r, const uint8_t *bytes, size_t length) {
    if (length > r->bytesMax) { return r->fail(CSimdjson_tooLarge, r->bytesMax); }
    if (length == 0) { return r->fail(CSimdjson_truncated, 0); }
    if (length > r->textCapacity) { growText(*r, length); }
    memcpy(r->text, bytes, length);
    bool escapes = memchr(bytes, '\\', length) != nullptr;
    memset(r->text + length, 0, pad);
    auto error = r->stage->stage1(r->text, length, simdjson::stage1_mode::regular);
    if (error != simdjson::SUCCESS) {
        size_t offset = length;
        int32_t code = explain(r->text, length, &offset);
        return r->fail(code, offset);
    }
    size_t marks = r->stage->n_structural_indexes;
    // A valid document has at most (marks + 1) / 2 nodes; a prefix of one adds at most its open containers.
    if ((marks + 1) / 2 > r->nodesMax) { return r->fail(CSimdjson_tooMany, length); }
    if (size_t need = marks / 2 + maxDepth + 8; need > r->nodeCapacity) { growNodes(*r, need); }
    // The walk stops at the zero byte behind the text, and may look one mark further.
    r->stage->structural_indexes[marks] = static_cast<uint32_t>(length);
    r->stage->structural_indexes[marks + 1] = static_cast<uint32_t>(length);
    auto n = static_cast<uint32_t>(length);
    return escapes ? walk<true>(*r, n) : walk<false>(*r, n);
}

const char *CSimdjson_implementation(void) {
    static const std::string name = simdjson::get_active_implementation()->name();
    return name.c_str();
}

extern "C" const char *CSimdjson_version(void) {
#define CSIMDJSON_TEXT(word) #word
#define CSIMDJSON_WORD(word) CSIMDJSON_TEXT(word)
    return CSIMDJSON_WORD(SIMDJSON_VERSION);
}
