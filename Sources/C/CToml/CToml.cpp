#include "CToml.h"
#include <toml++/toml.h>
extern "C" int CToml_version(void) { return TOML_LIB_MAJOR; }
