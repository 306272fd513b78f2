#include "CCurl.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// The functions used, by the types of libcurl's own header.
#define FUNCTIONS(F) \
    F(curl_global_init) F(curl_multi_init) F(curl_multi_cleanup) F(curl_multi_wakeup) F(curl_multi_perform) \
    F(curl_multi_poll) F(curl_multi_add_handle) F(curl_multi_remove_handle) F(curl_multi_info_read) F(curl_multi_setopt) \
    F(curl_easy_init) F(curl_easy_cleanup) F(curl_easy_strerror) F(curl_easy_setopt) F(curl_easy_getinfo) \
    F(curl_slist_append) F(curl_slist_free_all) F(curl_version_info)

static struct {
#define FIELD(name) __typeof__(&name) name;
    FUNCTIONS(FIELD)
} api;
static int isLoaded;
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;

static const char *load(const char *name) {
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!library) return dlerror();
    if (isLoaded) return NULL;
#define FIND(name) \
    api.name = (__typeof__(&name))dlsym(library, #name); \
    if (!api.name) return "it lacks " #name;
    FUNCTIONS(FIND)
    if (api.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return "it cannot be initialised";
    isLoaded = 1;
    return NULL;
}

const char *CCurl_load(const char *name) {
    pthread_mutex_lock(&guard);
    const char *fault = load(name);
    pthread_mutex_unlock(&guard);
    return fault;
}

const char *CCurl_version(void) { return api.curl_version_info(CURLVERSION_NOW)->version; }
CURLM *CCurl_multi_init(void) { return api.curl_multi_init(); }
CURLMcode CCurl_multi_cleanup(CURLM *multi) { return api.curl_multi_cleanup(multi); }
CURLMcode CCurl_multi_wakeup(CURLM *multi) { return api.curl_multi_wakeup(multi); }
CURLMcode CCurl_multi_perform(CURLM *multi, int *running) { return api.curl_multi_perform(multi, running); }
CURLMcode CCurl_multi_poll(CURLM *multi, int timeout_ms) { return api.curl_multi_poll(multi, NULL, 0, timeout_ms, NULL); }
CURLMcode CCurl_multi_add_handle(CURLM *multi, CURL *handle) { return api.curl_multi_add_handle(multi, handle); }
CURLMcode CCurl_multi_remove_handle(CURLM *multi, CURL *handle) { return api.curl_multi_remove_handle(multi, handle); }
CURLMsg *CCurl_multi_info_read(CURLM *multi, int *left) { return api.curl_multi_info_read(multi, left); }
CURLMcode CCurl_multi_set_long(CURLM *multi, CURLMoption option, long value) { return api.curl_multi_setopt(multi, option, value); }
CURL *CCurl_easy_init(void) { return api.curl_easy_init(); }
void CCurl_easy_cleanup(CURL *handle) { api.curl_easy_cleanup(handle); }
const char *CCurl_easy_strerror(CURLcode code) { return api.curl_easy_strerror(code); }
struct curl_slist *CCurl_slist_append(struct curl_slist *list, const char *text) { return api.curl_slist_append(list, text); }
void CCurl_slist_free_all(struct curl_slist *list) { if (list) api.curl_slist_free_all(list); }
CURLcode CCurl_set_long(CURL *handle, CURLoption option, long value) { return api.curl_easy_setopt(handle, option, value); }
CURLcode CCurl_set_string(CURL *handle, CURLoption option, const char *value) { return api.curl_easy_setopt(handle, option, value); }
CURLcode CCurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) { return api.curl_easy_setopt(handle, option, value); }

CURLcode CCurl_set_body(CURL *handle, const void *bytes, long count) {
    CURLcode status = api.curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, count);
    return status != CURLE_OK ? status : api.curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, bytes);
}

CURLcode CCurl_set_write(CURL *handle, size_t (*take)(char *, size_t, size_t, void *), void *user) {
    CURLcode status = api.curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
    return status != CURLE_OK ? status : api.curl_easy_setopt(handle, CURLOPT_WRITEDATA, user);
}

CURLcode CCurl_set_header(CURL *handle, size_t (*take)(char *, size_t, size_t, void *), void *user) {
    CURLcode status = api.curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take);
    return status != CURLE_OK ? status : api.curl_easy_setopt(handle, CURLOPT_HEADERDATA, user);
}

long CCurl_info_long(CURL *handle, CURLINFO info) {
    long value = 0;
    api.curl_easy_getinfo(handle, info, &value);
    return value;
}

const char *CCurl_info_string(CURL *handle, CURLINFO info) {
    char *value = NULL;
    api.curl_easy_getinfo(handle, info, &value);
    return value;
}

int CCurl_is_private(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        uint32_t ip = ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr);
        return ip >> 24 == 127 || ip >> 24 == 10 || ip >> 24 == 0 || ip >> 20 == 0xAC1 || ip >> 16 == 0xC0A8 || ip >> 16 == 0xA9FE ||
               ip >> 22 == (0x64400000u >> 22);
    }
    if (address->sa_family == AF_INET6) {
        const unsigned char *ip = ((const struct sockaddr_in6 *)address)->sin6_addr.s6_addr;
        static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
        if (memcmp(ip, mapped, 12) == 0) {
            struct sockaddr_in inner = {0};
            inner.sin_family = AF_INET;
            memcpy(&inner.sin_addr, ip + 12, 4);
            return CCurl_is_private((const struct sockaddr *)&inner);
        }
        if (memcmp(ip, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15) == 0) return ip[15] <= 1;
        return (ip[0] & 0xFE) == 0xFC || (ip[0] == 0xFE && (ip[1] & 0xC0) == 0x80);
    }
    return 1;
}

static curl_socket_t CCurl_open_public(void *user, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)user; (void)purpose;
    if (CCurl_is_private(&address->addr)) return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

CURLcode CCurl_refuse_private(CURL *handle) {
    return api.curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, CCurl_open_public);
}
