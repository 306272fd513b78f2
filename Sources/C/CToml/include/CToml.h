#pragma once
#ifdef __cplusplus
extern "C" {
#endif
int CToml_version(void);
#ifdef __cplusplus
}
#endif
