#define SIMDJSON_EXCEPTIONS 0
#include "CSimdjson.h"

#include <simdjson.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "Faults.h"
#include "Strings.h"

namespace {

using Node = CSimdjson_Node;
using Stage = simdjson::internal::dom_parser_implementation;

constexpr uint32_t maxDepth = 64;
constexpr size_t pad = 64;              // readable past any text; simdjson asks for 32
constexpr size_t firstCapacity = 65536; // bytes; most messages never make the buffers grow

template <class T> T *allocate(size_t count) {
    void *p = nullptr;
    if (posix_memalign(&p, 64, count * sizeof(T)) != 0) { abort(); }
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

/// The copy, and on the way: does the document hold a backslash at all?
bool copyAndFindBackslash(uint8_t *to, const uint8_t *from, size_t length) {
    uint8_t found = 0;
    for (size_t i = 0; i < length; i++) {
        to[i] = from[i];
        found |= from[i] == '\\';
    }
    return found != 0;
}

/// True when only whitespace lies in text[from, to).
inline bool blank(const uint8_t *text, uint32_t from, uint32_t to) {
    while (from < to && isSpace(text[from])) { from++; }
    return from == to;
}

/// Length of the number that starts at `at` and ends before the next mark; 0 when its form is not JSON's.
inline uint32_t numberLength(const uint8_t *text, uint32_t at, uint32_t next) {
    uint32_t p = at;
    if (text[p] == '-') { p++; }
    if (text[p] == '0') {
        p++;
    } else {
        uint32_t first = p;
        while (isDigit(text[p])) { p++; }
        if (p == first) { return 0; }
    }
    if (text[p] == '.') {
        uint32_t first = ++p;
        while (isDigit(text[p])) { p++; }
        if (p == first) { return 0; }
    }
    if ((text[p] | 0x20) == 'e') {
        p++;
        if (text[p] == '+' || text[p] == '-') { p++; }
        uint32_t first = p;
        while (isDigit(text[p])) { p++; }
        if (p == first) { return 0; }
    }
    return blank(text, p, next) ? p - at : 0;
}

struct Open {
    Node *node;
    uint32_t count;
};

/// One pass over the marks. A string ends at the last quote before the next mark, so its content is not scanned.
template <bool escapes> class Walk {
    CSimdjson_Reader &r;
    const uint8_t *const text;
    const uint32_t *mark;
    const uint32_t *const end;
    Node *out;
    Node *open = nullptr; // innermost open container
    uint32_t count = 0;   // its children so far
    uint32_t depth = 0;
    uint32_t side;        // where the next unescaped string goes
    int32_t fault = CSimdjson_ok;
    Open stack[maxDepth];

    bool fail(int32_t code, size_t offset) {
        fault = r.fail(code, offset);
        return false;
    }

    /// What stands at the mark is not what the grammar wants there.
    bool unexpected() { return fail(mark == end ? CSimdjson_truncated : CSimdjson_syntax, *mark); }

    inline bool string() {
        uint32_t start = mark[0] + 1, close = mark[1] - 1;
        while (text[close] != '"') { close--; } // only whitespace lies between; stage 1 saw the closing quote
        if (close < start) { return unexpected(); }
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

    inline bool word(uint32_t kind, const char *letters, uint32_t length) {
        uint32_t at = *mark;
        if (memcmp(text + at, letters, length) != 0 || !blank(text, at + length, mark[1])) { return unexpected(); }
        *out++ = Node{at, length, 1, kind};
        mark++;
        return true;
    }

    inline bool number() {
        uint32_t length = numberLength(text, mark[0], mark[1]);
        if (length == 0) { return fail(CSimdjson_badNumber, *mark); }
        *out++ = Node{*mark, length, 1, CSimdjson_number};
        mark++;
        return true;
    }

    inline bool scalar() {
        switch (text[*mark]) {
        case '"': return string();
        case '-': case '0': case '1': case '2': case '3': case '4':
        case '5': case '6': case '7': case '8': case '9': return number();
        case 't': return word(CSimdjson_true, "true", 4);
        case 'f': return word(CSimdjson_false, "false", 5);
        case 'n': return word(CSimdjson_null, "null", 4);
        case 'N': case 'I': case '+': case '.': return fail(CSimdjson_badNumber, *mark);
        default: return unexpected();
        }
    }

    inline bool push(uint32_t kind) {
        if (depth == r.depthMax) { return fail(CSimdjson_tooDeep, *mark); }
        stack[depth++] = Open{open, count};
        open = out;
        count = 0;
        *out++ = Node{*mark, 0, 1, kind};
        mark++;
        return true;
    }

    inline void pop() {
        open->length = *mark + 1 - open->offset;
        open->span = static_cast<uint32_t>(out - open);
        open->meta = metaOf(open->meta, count);
        depth--;
        open = stack[depth].node;
        count = stack[depth].count;
        mark++;
    }

    inline bool key() {
        if (text[*mark] != '"') { return unexpected(); }
        if (!string()) { return false; }
        if (text[*mark] != ':') { return unexpected(); }
        mark++;
        return true;
    }

    /// After a value: the end of the document, a comma, or the end of one or more containers.
    /// True when another value follows and `mark` stands on it.
    inline bool advance() {
        for (;;) {
            if (open == nullptr) { return false; }
            count++;
            uint8_t c = text[*mark];
            bool object = (open->meta & 0xff) == CSimdjson_object;
            if (c == ',') {
                mark++;
                return object ? key() : true;
            }
            if (c != (object ? '}' : ']')) { return unexpected(); }
            pop();
        }
    }

  public:
    Walk(CSimdjson_Reader &reader, uint32_t length)
        : r(reader), text(reader.text), mark(reader.stage->structural_indexes.get()),
          end(mark + reader.stage->n_structural_indexes), out(reader.nodes),
          side(static_cast<uint32_t>((length + 2 * pad - 1) & ~(pad - 1))) {}

    int32_t run() {
        for (;;) {
            uint8_t c = text[*mark];
            if (c == '{' || c == '[') {
                if (!push(c == '{' ? CSimdjson_object : CSimdjson_array)) { return fault; }
                if (text[*mark] != (c == '{' ? '}' : ']')) {
                    if (c == '{' && !key()) { return fault; }
                    continue;
                }
                pop();
            } else if (!scalar()) {
                return fault;
            }
            if (!advance()) { break; }
        }
        if (fault != CSimdjson_ok) { return fault; }
        if (mark != end) { return r.fail(CSimdjson_trailing, *mark); }
        r.view.nodes = r.nodes;
        r.view.text = r.text;
        r.view.nodeCount = static_cast<uint32_t>(out - r.nodes);
        return CSimdjson_ok;
    }
};

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
    bool escapes = copyAndFindBackslash(r->text, bytes, length);
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
    if (size_t need = marks / 2 + 2 * maxDepth + 8; need > r->nodeCapacity) { growNodes(*r, need); }
    // The walk stops at the zero byte behind the text, and may look one mark further.
    r->stage->structural_indexes[marks] = static_cast<uint32_t>(length);
    r->stage->structural_indexes[marks + 1] = static_cast<uint32_t>(length);
    auto n = static_cast<uint32_t>(length);
    return escapes ? Walk<true>(*r, n).run() : Walk<false>(*r, n).run();
}

const char *CSimdjson_implementation(void) {
    static const std::string name = simdjson::get_active_implementation()->name();
    return name.c_str();
}
