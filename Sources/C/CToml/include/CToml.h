#pragma once
// toml++ behind C: one call parses a document into a flat list of nodes, each with its place in the text.
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef enum { CToml_table, CToml_array, CToml_string, CToml_integer, CToml_float, CToml_boolean, CToml_date } CToml_Kind;

typedef struct {
    CToml_Kind kind;
    int32_t parent;         // index of the table or array that holds it; -1 for the root
    int32_t line, column;   // of the value, from 1
    int32_t key_line, key_column;
    const char *key;        // not terminated by length alone: see key_length; NULL inside an array
    int64_t key_length;
    const char *text;       // of a string
    int64_t text_length;
    int64_t integer;        // of an integer or (0, 1) of a boolean
} CToml_Node;

typedef struct CToml_Document CToml_Document;

CToml_Document *CToml_parse(const char *bytes, int64_t count);
void CToml_free(CToml_Document *document);
int64_t CToml_count(const CToml_Document *document);
const CToml_Node *CToml_nodes(const CToml_Document *document);
// NULL when the document is well formed; otherwise what is wrong and where.
const char *CToml_error(const CToml_Document *document, int32_t *line, int32_t *column);

#ifdef __cplusplus
}
#endif
