#define TOML_EXCEPTIONS 0
#include "CToml.h"
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

}  // namespace

extern "C" {

CToml_Document *CToml_parse(const char *bytes, int64_t count) {
    auto *document = new CToml_Document();
    auto result = toml::parse(std::string_view(bytes, static_cast<size_t>(count)));
    if (!result) {
        document->failed = true;
        document->error = std::string(result.error().description());
        document->line = place(result.error().source().begin.line);
        document->column = place(result.error().source().begin.column);
        return document;
    }
    add(*document, -1, nullptr, result.table());
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
