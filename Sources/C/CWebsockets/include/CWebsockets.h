#pragma once
// A small HTTPS and WebSocket server on libwebsockets: its callback protocol turned into six functions.
// One thread runs the server; every callback comes on it, and only `wake` and `stop` may be called from another.
#include <stddef.h>
#include <stdint.h>

typedef struct CWebsockets_Server CWebsockets_Server;

// What becomes of a connection with an answer.
typedef enum {
    CWebsockets_keep,    // answered, lives on
    CWebsockets_close,   // answered, then closed
    CWebsockets_cut,     // half the body, then closed
    CWebsockets_end,     // closed without an answer
    CWebsockets_reset,   // reset without an answer
    CWebsockets_silent,  // never answered
} CWebsockets_Fate;

typedef struct {
    void *user;
    // Answers a request by calling CWebsockets_respond before it returns, or later. `target` is path and query, `headers`
    // are "name: value\n" lines, names in lower case.
    void (*request)(void *user, uint64_t id, const char *method, const char *target, const char *headers,
                    const uint8_t *body, size_t count);
    // 0 accepts the upgrade; otherwise CWebsockets_respond was called with the refusal. `headers` are "name: value\n" lines.
    int (*upgrade)(void *user, uint64_t id, const char *target, const char *headers);
    void (*opened)(void *user, uint64_t id, const char *target);
    void (*text)(void *user, uint64_t id, const uint8_t *bytes, size_t count);
    void (*closed)(void *user, uint64_t id);
    void (*woken)(void *user);
} CWebsockets_Callbacks;

// Listens on 127.0.0.1 at `*port` (0: any free one, written back). NULL when it cannot.
CWebsockets_Server *CWebsockets_make(const char *certificate, const char *key, int *port, CWebsockets_Callbacks callbacks);
// Until it is stopped; `is_spinning`: it looks again at once instead of sleeping, so that nobody has to wake it.
void CWebsockets_run(CWebsockets_Server *server, int is_spinning);
void CWebsockets_free(CWebsockets_Server *server);
void CWebsockets_stop(CWebsockets_Server *server);
void CWebsockets_wake(CWebsockets_Server *server);

// `extra` are "name:value\n" lines of headers. The answer is held back by `delay_us`; `close_us` after it an idle
// connection is closed (-1: never). Only the first answer to a request counts.
void CWebsockets_respond(CWebsockets_Server *server, uint64_t id, int status, const char *type, const char *extra,
                         const uint8_t *body, size_t count, CWebsockets_Fate fate, int64_t delay_us, int64_t close_us);
// 0 when queued; -1 when there is no such connection or more than 64 MiB wait for it.
int CWebsockets_send(CWebsockets_Server *server, uint64_t id, const uint8_t *bytes, size_t count, int is_ping);
void CWebsockets_drop(CWebsockets_Server *server, uint64_t id, int is_reset);
