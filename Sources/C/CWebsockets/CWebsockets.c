#include "CWebsockets.h"
#include <sched.h>
#include <libwebsockets.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { body_max = 8 << 20, backlog_max = 64 << 20, connections_max = 4096 };

// What cancels a timer: the library's own constant for it fires at once in 4.1, and closed connections that were idle.
static const int64_t never_us = 24ll * 3600 * 1000000;

typedef struct Message {
    struct Message *next;
    size_t count;
    int is_ping;
    uint8_t bytes[];  // LWS_PRE of room, then the payload
} Message;

typedef struct Session {
    uint64_t id;
    struct lws *wsi;
    int is_socket, is_dropped, is_asked, is_answered, status;
    CWebsockets_Fate fate;
    size_t answer_shown;
    int64_t delay_us, close_us;
    char target[8192], method[8], type[64], extra[1024], headers[8192];
    uint8_t *body;
    size_t body_count;
    uint8_t *answer;
    size_t answer_count;
    Message *first, *last;
    size_t waiting;
} Session;

struct CWebsockets_Server {
    struct lws_context *context;
    CWebsockets_Callbacks callbacks;
    Session *sessions[connections_max];
    uint64_t next_id;
    atomic_int stopping;
};

// Headers that the library has no name for, but our clients send.
static const char *custom_names[] = {
    "kalshi-access-key:", "kalshi-access-timestamp:", "kalshi-access-signature:",
    "poly_address:",      "poly_signature:",          "poly_timestamp:",
    "poly_nonce:",        "poly_api_key:",            "poly_passphrase:",
    "poly_builder_api_key:", "poly_builder_timestamp:", "poly_builder_passphrase:",
    "poly_builder_signature:", "idempotency-key:", "x-request-id:"};

static Session *find(CWebsockets_Server *server, uint64_t id) {
    Session *session = server->sessions[id % connections_max];
    return session && session->id == id ? session : NULL;
}

static Session *begin(CWebsockets_Server *server, struct lws *wsi) {
    for (int tries = 0; tries < connections_max; tries++) {
        uint64_t id = ++server->next_id;
        if (server->sessions[id % connections_max]) continue;
        Session *session = calloc(1, sizeof *session);
        session->id = id;
        session->wsi = wsi;
        server->sessions[id % connections_max] = session;
        return session;
    }
    return NULL;
}

static void end(CWebsockets_Server *server, Session *session) {
    if (!session) return;
    server->sessions[session->id % connections_max] = NULL;
    while (session->first) {
        Message *next = session->first->next;
        free(session->first);
        session->first = next;
    }
    free(session->body);
    free(session->answer);
    free(session);
}

static void read_target(struct lws *wsi, Session *session) {
    char *path = NULL;
    int count = 0;
    int method = lws_http_get_uri_and_method(wsi, &path, &count);
    static const char *methods[] = {"GET", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "CONNECT", "HEAD"};
    int is_known = method >= 0 && (size_t)method < sizeof methods / sizeof *methods;
    strcpy(session->method, is_known ? methods[method] : "GET");
    size_t at = 0;
    if (path && count > 0 && (size_t)count < sizeof session->target) {
        memcpy(session->target, path, (size_t)count);
        at = (size_t)count;
    }
    char fragment[4096];
    for (int i = 0;; i++) {
        int length = lws_hdr_copy_fragment(wsi, fragment, sizeof fragment, WSI_TOKEN_HTTP_URI_ARGS, i);
        if (length < 0 || at + (size_t)length + 2 > sizeof session->target) break;
        session->target[at++] = i == 0 ? '?' : '&';
        memcpy(session->target + at, fragment, (size_t)length);
        at += (size_t)length;
    }
    session->target[at] = 0;
}

void CWebsockets_respond(CWebsockets_Server *server, uint64_t id, int status, const char *type, const char *extra,
                         const uint8_t *body, size_t count, CWebsockets_Fate fate, int64_t delay_us, int64_t close_us) {
    Session *session = find(server, id);
    if (!session || session->is_answered) return;
    session->is_answered = 1;
    session->status = status;
    strncpy(session->type, type, sizeof session->type - 1);
    strncpy(session->extra, extra, sizeof session->extra - 1);
    free(session->answer);
    session->answer = malloc(LWS_PRE + count + 1);
    if (count) memcpy(session->answer + LWS_PRE, body, count);
    session->answer_count = count;
    session->fate = fate;
    session->answer_shown = fate == CWebsockets_cut ? count / 2 : count;
    session->delay_us = delay_us;
    session->close_us = close_us;
    if (!session->is_asked) return;  // an upgrade: the caller sends the refusal
    if (fate == CWebsockets_silent) return;
    if (delay_us > 0) lws_set_timer_usecs(session->wsi, delay_us);
    else lws_callback_on_writable(session->wsi);
}

// A reset instead of an orderly end: disconnecting a socket makes the kernel send RST at once.
static void reset(struct lws *wsi) {
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    connect(lws_get_socket_fd(wsi), &nowhere, sizeof nowhere);
}

static int add_extra(struct lws *wsi, Session *session, uint8_t **p, uint8_t *stop) {
    char *line = session->extra;
    while (*line) {
        char *colon = strchr(line, ':'), *last = strchr(line, '\n');
        if (!colon || !last) break;
        char name[128];
        size_t count = (size_t)(colon - line) + 1;
        if (count >= sizeof name) return 1;
        memcpy(name, line, count);
        name[count] = 0;
        if (lws_add_http_header_by_name(wsi, (uint8_t *)name, (uint8_t *)colon + 1, (int)(last - colon - 1), p, stop)) return 1;
        line = last + 1;
    }
    return 0;
}

// 0: the connection lives on; otherwise it ends.
static int write_answer(struct lws *wsi, Session *session) {
    if (session->fate == CWebsockets_reset) {
        reset(wsi);
        return 1;
    }
    if (session->fate == CWebsockets_end) return 1;
    uint8_t head[LWS_PRE + 4096], *start = head + LWS_PRE, *p = start, *stop = head + sizeof head - 1;
    if (lws_add_http_common_headers(wsi, (unsigned)session->status, session->type, session->answer_count, &p, stop)) return 1;
    if (add_extra(wsi, session, &p, stop)) return 1;
    if (lws_finalize_write_http_header(wsi, start, &p, stop)) return 1;
    int is_whole = session->answer_shown == session->answer_count;
    enum lws_write_protocol how = is_whole ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP;
    if (lws_write(wsi, session->answer + LWS_PRE, session->answer_shown, how) < 0) return 1;
    return session->fate == CWebsockets_close || session->fate == CWebsockets_cut;
}

static size_t copy_line(char *out, size_t at, size_t room, const char *name, int length) {
    if (length <= 0 || at + (size_t)length + strlen(name) + 4 > room) return 0;
    return (size_t)snprintf(out + at, room - at, "%s ", name);
}

static void copy_headers(struct lws *wsi, char *out, size_t room) {
    size_t at = 0;
    out[0] = 0;
    for (int token = WSI_TOKEN_HOST; token <= WSI_TOKEN_X_AUTH_TOKEN; token++) {
        const char *name = (const char *)lws_token_to_string((enum lws_token_indexes)token);
        size_t count = name ? strlen(name) : 0;
        if (count < 2 || name[0] == ':' || name[count - 1] != ':') continue;
        int length = lws_hdr_total_length(wsi, (enum lws_token_indexes)token);
        size_t written = copy_line(out, at, room, name, length);
        if (!written) continue;
        at += written;
        lws_hdr_copy(wsi, out + at, (int)(room - at), (enum lws_token_indexes)token);
        at += (size_t)length;
        out[at++] = '\n';
        out[at] = 0;
    }
    for (size_t i = 0; i < sizeof custom_names / sizeof *custom_names; i++) {
        int length = lws_hdr_custom_length(wsi, custom_names[i], (int)strlen(custom_names[i]));
        size_t written = copy_line(out, at, room, custom_names[i], length);
        if (!written) continue;
        at += written;
        lws_hdr_custom_copy(wsi, out + at, (int)(room - at), custom_names[i], (int)strlen(custom_names[i]));
        at += (size_t)length;
        out[at++] = '\n';
        out[at] = 0;
    }
}

static void ask(CWebsockets_Server *server, struct lws *wsi, Session *session) {
    if (session->is_asked) return;
    session->is_asked = 1;
    session->wsi = wsi;
    server->callbacks.request(server->callbacks.user, session->id, session->method, session->target, session->headers,
                              session->body, session->body_count);
}

static int refuse(struct lws *wsi, Session *session) {
    uint8_t text[LWS_PRE + 4096];
    int count = snprintf((char *)text + LWS_PRE, 4000, "HTTP/1.1 %d Refused\r\ncontent-type: %s\r\ncontent-length: %zu\r\nconnection: close\r\n\r\n%.*s",
                         session->status, session->type, session->answer_count, (int)session->answer_count,
                         session->answer ? (char *)session->answer + LWS_PRE : "");
    lws_write(wsi, text + LWS_PRE, (size_t)count, LWS_WRITE_HTTP_HEADERS);
    return -1;
}

static int flush(struct lws *wsi, Session *session) {
    while (session->first && !lws_send_pipe_choked(wsi)) {
        Message *message = session->first;
        int sent = lws_write(wsi, message->bytes + LWS_PRE, message->count, message->is_ping ? LWS_WRITE_PING : LWS_WRITE_TEXT);
        if (sent < 0) return -1;
        session->first = message->next;
        if (!session->first) session->last = NULL;
        session->waiting -= message->count;
        free(message);
    }
    if (session->first) lws_callback_on_writable(wsi);
    return 0;
}

static int serve(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t count) {
    CWebsockets_Server *server = lws_context_user(lws_get_context(wsi));
    Session **slot = user;
    Session *session = slot ? *slot : NULL;
    switch (reason) {
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        server->callbacks.woken(server->callbacks.user);
        return 0;
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: {
        if (!slot || !(session = begin(server, wsi))) return -1;
        read_target(wsi, session);
        copy_headers(wsi, session->headers, sizeof session->headers);
        if (server->callbacks.upgrade(server->callbacks.user, session->id, session->target, session->headers)) {
            int result = refuse(wsi, session);
            end(server, session);
            *slot = NULL;
            return result;
        }
        session->is_socket = 1;
        *slot = session;
        return 0;
    }
    case LWS_CALLBACK_ESTABLISHED:
        if (!session) return -1;
        session->wsi = wsi;
        server->callbacks.opened(server->callbacks.user, session->id, session->target);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        if (!session) return -1;
        if (session->body_count + count > body_max) return -1;
        session->body = realloc(session->body, session->body_count + count + 1);
        memcpy(session->body + session->body_count, in, count);
        session->body_count += count;
        if (lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi)) {
            server->callbacks.text(server->callbacks.user, session->id, session->body, session->body_count);
            session->body_count = 0;
        }
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        if (!session || session->is_dropped) return -1;
        return flush(wsi, session);
    case LWS_CALLBACK_CLOSED:
        if (session) server->callbacks.closed(server->callbacks.user, session->id);
        end(server, session);
        if (slot) *slot = NULL;
        return 0;
    case LWS_CALLBACK_HTTP: {
        if (!slot || !(session = begin(server, wsi))) return -1;
        *slot = session;
        read_target(wsi, session);
        copy_headers(wsi, session->headers, sizeof session->headers);
        lws_set_timer_usecs(wsi, never_us);
        char length[24] = "";
        lws_hdr_copy(wsi, length, sizeof length, WSI_TOKEN_HTTP_CONTENT_LENGTH);
        if (atoll(length) > 0) return 0;  // whatever the method: the body comes first
        ask(server, wsi, session);
        return 0;
    }
    case LWS_CALLBACK_HTTP_BODY:
        if (!session || session->body_count + count > body_max) return -1;
        session->body = realloc(session->body, session->body_count + count + 1);
        memcpy(session->body + session->body_count, in, count);
        session->body_count += count;
        return 0;
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        if (!session) return 0;
        ask(server, wsi, session);
        return 0;
    case LWS_CALLBACK_TIMER:
        if (!session) return -1;  // idle after an answer: it was to be closed now
        lws_callback_on_writable(wsi);
        return 0;
    case LWS_CALLBACK_HTTP_WRITEABLE: {
        if (!session || !session->is_answered || session->fate == CWebsockets_silent) return 0;
        if (write_answer(wsi, session)) return -1;
        int64_t close_us = session->close_us;
        end(server, session);
        *slot = NULL;
        if (lws_http_transaction_completed(wsi)) return -1;
        lws_set_timer_usecs(wsi, close_us >= 0 ? close_us : never_us);
        return 0;
    }
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
        if (session && !session->is_socket) {
            end(server, session);
            *slot = NULL;
        }
        return 0;
    default:
        return 0;
    }
}

static const struct lws_protocols protocols[] = {{"http", serve, sizeof(Session *), 65536, 0, NULL, 0}, {NULL, NULL, 0, 0, 0, NULL, 0}};

CWebsockets_Server *CWebsockets_make(const char *certificate, const char *key, int *port, CWebsockets_Callbacks callbacks) {
    lws_set_log_level(LLL_ERR, NULL);
    CWebsockets_Server *server = calloc(1, sizeof *server);
    server->callbacks = callbacks;
    struct lws_context_creation_info info = {0};
    info.port = *port;
    info.iface = "127.0.0.1";
    info.protocols = protocols;
    info.user = server;
    info.ssl_cert_filepath = certificate;
    info.ssl_private_key_filepath = key;
    info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.alpn = "http/1.1";
    info.max_http_header_data = 16384;
    info.max_http_header_pool = 256;
    info.pt_serv_buf_size = 65536;
    info.timeout_secs = 60;
    info.keepalive_timeout = 60;
    server->context = lws_create_context(&info);
    if (!server->context) {
        free(server);
        return NULL;
    }
    *port = lws_get_vhost_listen_port(lws_get_vhost_by_name(server->context, "default"));
    return server;
}

// Some microseconds of nothing. A server that polls without them takes half of a core whose other half, as often as not, is
// the processor of the lane that is measured.
static void rest(void) {
    for (int turn = 0; turn < 512; turn++) {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ volatile("yield");
#endif
    }
    sched_yield();
}

void CWebsockets_run(CWebsockets_Server *server, int is_spinning) {
    while (!atomic_load(&server->stopping) && lws_service(server->context, is_spinning ? -1 : 0) >= 0) {
        if (is_spinning) rest();
    }
}

void CWebsockets_free(CWebsockets_Server *server) {
    lws_context_destroy(server->context);
    for (int i = 0; i < connections_max; i++) end(server, server->sessions[i]);
    free(server);
}

void CWebsockets_stop(CWebsockets_Server *server) {
    atomic_store(&server->stopping, 1);
    lws_cancel_service(server->context);
}

void CWebsockets_wake(CWebsockets_Server *server) { lws_cancel_service(server->context); }

int CWebsockets_send(CWebsockets_Server *server, uint64_t id, const uint8_t *bytes, size_t count, int is_ping) {
    Session *session = find(server, id);
    if (!session || !session->is_socket || session->waiting + count > backlog_max) return -1;
    Message *message = malloc(sizeof *message + LWS_PRE + count);
    message->next = NULL;
    message->count = count;
    message->is_ping = is_ping;
    memcpy(message->bytes + LWS_PRE, bytes, count);
    if (session->last) session->last->next = message;
    else session->first = message;
    session->last = message;
    session->waiting += count;
    lws_callback_on_writable(session->wsi);
    return 0;
}

void CWebsockets_drop(CWebsockets_Server *server, uint64_t id, int is_reset) {
    Session *session = find(server, id);
    if (!session || !session->is_socket) return;
    if (is_reset) reset(session->wsi);
    session->is_dropped = 1;
    lws_callback_on_writable(session->wsi);
}
