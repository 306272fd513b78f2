#include "CSimdjson.h"
#include <simdjson.h>
extern "C" int CSimdjson_version(void) { return simdjson::SIMDJSON_VERSION_MAJOR; }
