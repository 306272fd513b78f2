#pragma once
#ifdef __cplusplus
extern "C" {
#endif
int CSimdjson_version(void);
#ifdef __cplusplus
}
#endif
