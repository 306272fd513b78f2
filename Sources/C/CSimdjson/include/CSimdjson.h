#pragma once
#include <stddef.h>
#include <stdint.h>

// One call reads one JSON document: simdjson marks the structure and checks the text encoding, the shim walks the
// marks once, checks the grammar and writes a flat tape of nodes. Owner in Swift: `Codec.JSONReader`.

#ifdef __cplusplus
extern "C" {
#endif

/// The version that was compiled against, such as "3.0.1".
const char *CSimdjson_version(void);

/// One value or one object key. A key is followed by its value; a container is followed by its content.
typedef struct {
    uint32_t offset;  ///< First byte in the text: after the quote of a string, at the bracket of a container.
    uint32_t length;  ///< Bytes: unescaped content of a string, text of a number, whole text of a container.
    uint32_t span;    ///< Nodes in this subtree, itself included; 1 for scalars and keys.
    uint32_t meta;    ///< Bits 0-7 kind, bit 8 "was escaped", bits 9-31 children (members or elements).
} CSimdjson_Node;

enum {
    CSimdjson_object = 0,
    CSimdjson_array = 1,
    CSimdjson_string = 2,
    CSimdjson_number = 3,
    CSimdjson_true = 4,
    CSimdjson_false = 5,
    CSimdjson_null = 6
};

enum {
    CSimdjson_ok = 0,
    CSimdjson_tooLarge = 1,
    CSimdjson_tooDeep = 2,
    CSimdjson_tooMany = 3,
    CSimdjson_truncated = 4,
    CSimdjson_syntax = 5,
    CSimdjson_badUTF8 = 6,
    CSimdjson_control = 7,
    CSimdjson_escape = 8,
    CSimdjson_badNumber = 9,
    CSimdjson_trailing = 10
};

/// What the last read left behind; its address is fixed for the life of the reader, the pointers in it are not.
typedef struct {
    const CSimdjson_Node *nodes;
    const uint8_t *text;   ///< The copied document, at least 64 readable bytes after every text a node names.
    uint32_t nodeCount;
    uint32_t faultOffset;  ///< Byte offset of the fault, when the read returned one.
} CSimdjson_View;

typedef struct CSimdjson_Reader CSimdjson_Reader;

/// Aborts when memory is refused, as Swift does. depthMax <= 64, bytesMax <= 512 MiB, nodesMax < 2^23.
CSimdjson_Reader *CSimdjson_make(size_t bytesMax, uint32_t depthMax, uint32_t nodesMax);
void CSimdjson_free(CSimdjson_Reader *reader);
const CSimdjson_View *CSimdjson_view(const CSimdjson_Reader *reader);

/// Reads one document; everything the view named before is void. Returns CSimdjson_ok or one of the faults.
int32_t CSimdjson_read(CSimdjson_Reader *reader, const uint8_t *bytes, size_t length);

/// The instruction set simdjson chose at start, e.g. "icelake".
const char *CSimdjson_implementation(void);

#ifdef __cplusplus
}
#endif
