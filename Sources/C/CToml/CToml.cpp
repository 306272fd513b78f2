#include "CToml.h"
// The parser asserts what some texts break (a table name that begins with no letter of one), and calls itself for every
// level: its assertions are made to end the parse instead of the process, and levels are few.
#undef NDEBUG
namespace { struct Broken {}; }
#define TOML_ASSERT(expr) do { if (!(expr)) throw Broken(); } while (false)
#define TOML_MAX_NESTED_VALUES 32
#define TOML_EXCEPTIONS 1
#include <deque>
#include <string>
#include <string_view>
#include <vector>
#include <toml++/toml.h>

struct CToml_Document {
    std::vector<CToml_Node> nodes;
    std::deque<std::string> texts;  // a deque does not move what it holds
    std::string error;
    bool failed = false;
    int32_t line = 0, column = 0;
};

namespace {

int32_t place(toml::source_index index) { return static_cast<int32_t>(index); }

void add(CToml_Document &document, int32_t parent, const toml::key *key, const toml::node &node) {
    CToml_Node flat{};
    flat.parent = parent;
    flat.line = place(node.source().begin.line);
    flat.column = place(node.source().begin.column);
    if (key) {
        flat.key_line = place(key->source().begin.line);
        flat.key_column = place(key->source().begin.column);
        document.texts.emplace_back(key->str());
        flat.key = document.texts.back().data();
        flat.key_length = static_cast<int64_t>(document.texts.back().size());
    }
    if (node.is_table()) {
        flat.kind = CToml_table;
    } else if (node.is_array()) {
        flat.kind = CToml_array;
    } else if (const auto *text = node.as_string()) {
        flat.kind = CToml_string;
        document.texts.emplace_back(text->get());
        flat.text = document.texts.back().data();
        flat.text_length = static_cast<int64_t>(document.texts.back().size());
    } else if (const auto *integer = node.as_integer()) {
        flat.kind = CToml_integer;
        flat.integer = integer->get();
    } else if (const auto *boolean = node.as_boolean()) {
        flat.kind = CToml_boolean;
        flat.integer = boolean->get() ? 1 : 0;
    } else if (node.is_floating_point()) {
        flat.kind = CToml_float;
    } else {
        flat.kind = CToml_date;
    }
    document.nodes.push_back(flat);
    const auto index = static_cast<int32_t>(document.nodes.size() - 1);
    if (const auto *table = node.as_table()) {
        for (auto &&[name, value] : *table) add(document, index, &name, value);
    } else if (const auto *array = node.as_array()) {
        for (auto &&value : *array) add(document, index, nullptr, value);
    }
}

void fail(CToml_Document &document, std::string_view words, toml::source_position at) {
    document.failed = true;
    document.error = std::string(words);
    document.line = place(at.line);
    document.column = place(at.column);
}

constexpr size_t dots_max = 32;

// Dotted keys are tables in tables, as deep as they have dots. Finds the first line with more dots outside its quotes
// than any key of ours; the quotes of strings over several lines are followed.
bool has_deep_key(std::string_view text, toml::source_position &at) {
    size_t dots = 0;
    uint32_t line = 1;
    size_t line_start = 0;
    for (size_t index = 0; index < text.size(); ++index) {
        const char byte = text[index];
        if (byte == '\n') {
            ++line;
            line_start = index + 1;
            dots = 0;
        } else if (byte == '#') {
            while (index + 1 < text.size() && text[index + 1] != '\n') ++index;
        } else if (byte == '"' || byte == '\'') {
            const bool is_long = text.substr(index, 3) == std::string(3, byte);
            index += is_long ? 3 : 1;
            for (; index < text.size(); ++index) {
                if (byte == '"' && text[index] == '\\') {
                    ++index;
                    continue;
                }
                if (text[index] == '\n') {
                    if (!is_long) { --index; break; }
                    ++line;
                    line_start = index + 1;
                }
                if (text[index] == byte && (!is_long || text.substr(index, 3) == std::string(3, byte))) {
                    index += is_long ? 2 : 0;
                    break;
                }
            }
        } else if (byte == '.' && ++dots > dots_max) {
            at = {line, static_cast<uint32_t>(index - line_start + 1)};
            return true;
        }
    }
    return false;
}

enum class Verdict { good, refused, broken };

Verdict parse(CToml_Document &document, std::string_view text) {
    try {
        add(document, -1, nullptr, toml::parse(text));
        return Verdict::good;
    } catch (const toml::parse_error &error) {
        fail(document, error.description(), error.source().begin);
        return Verdict::refused;
    } catch (const Broken &) {
        return Verdict::broken;
    }
}

// The line at which the parser gives up without saying where: the last one of the shortest text that it gives up on.
toml::source_position broken_line(std::string_view text) {
    std::vector<size_t> ends;
    for (size_t index = 0; index < text.size(); ++index) {
        if (text[index] == '\n' || index + 1 == text.size()) ends.push_back(index + 1);
    }
    size_t low = 0, high = ends.empty() ? 0 : ends.size() - 1;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        CToml_Document scratch;
        if (parse(scratch, text.substr(0, ends[middle])) == Verdict::broken) high = middle; else low = middle + 1;
    }
    return {static_cast<uint32_t>(low + 1), 1};
}

}  // namespace

extern "C" {

CToml_Document *CToml_parse(const char *bytes, int64_t count) {
    auto *document = new CToml_Document();
    const std::string_view text(bytes, static_cast<size_t>(count));
    toml::source_position at{};
    if (has_deep_key(text, at)) {
        fail(*document, "a line with more than 32 dots outside quotes: no key is that deep", at);
    } else if (parse(*document, text) == Verdict::broken) {
        fail(*document, "no name of a key or table can begin or go on like this", broken_line(text));
    }
    return document;
}

void CToml_free(CToml_Document *document) { delete document; }
int64_t CToml_count(const CToml_Document *document) { return static_cast<int64_t>(document->nodes.size()); }
const CToml_Node *CToml_nodes(const CToml_Document *document) { return document->nodes.data(); }

const char *CToml_error(const CToml_Document *document, int32_t *line, int32_t *column) {
    if (!document->failed) return nullptr;
    *line = document->line;
    *column = document->column;
    return document->error.c_str();
}

}
