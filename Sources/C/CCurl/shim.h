#pragma once
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// curl_easy_setopt and curl_easy_getinfo are variadic, which Swift cannot call: one function per kind of argument.
static inline CURLcode CCurl_set_long(CURL *handle, CURLoption option, long value) { return curl_easy_setopt(handle, option, value); }
static inline CURLcode CCurl_set_string(CURL *handle, CURLoption option, const char *value) { return curl_easy_setopt(handle, option, value); }
static inline CURLcode CCurl_set_pointer(CURL *handle, CURLoption option, void *value) { return curl_easy_setopt(handle, option, value); }
static inline CURLcode CCurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) { return curl_easy_setopt(handle, option, value); }
static inline CURLcode CCurl_set_body(CURL *handle, const void *bytes, long count) {
    CURLcode status = curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, count);
    return status != CURLE_OK ? status : curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, bytes);
}
static inline CURLcode CCurl_set_write(CURL *handle, size_t (*take)(char *, size_t, size_t, void *), void *user) {
    CURLcode status = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
    return status != CURLE_OK ? status : curl_easy_setopt(handle, CURLOPT_WRITEDATA, user);
}
static inline CURLcode CCurl_set_header(CURL *handle, size_t (*take)(char *, size_t, size_t, void *), void *user) {
    CURLcode status = curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take);
    return status != CURLE_OK ? status : curl_easy_setopt(handle, CURLOPT_HEADERDATA, user);
}
static inline long CCurl_info_long(CURL *handle, CURLINFO info) { long value = 0; curl_easy_getinfo(handle, info, &value); return value; }
static inline const char *CCurl_info_string(CURL *handle, CURLINFO info) { char *value = NULL; curl_easy_getinfo(handle, info, &value); return value; }
static inline void *CCurl_info_pointer(CURL *handle) { char *value = NULL; curl_easy_getinfo(handle, CURLINFO_PRIVATE, &value); return value; }
static inline CURLMcode CCurl_multi_set_long(CURLM *multi, CURLMoption option, long value) { return curl_multi_setopt(multi, option, value); }

// True for addresses that no public venue has: loopback, private, link-local, unspecified, and their IPv6 forms.
static inline int CCurl_is_private(const struct sockaddr *address) {
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

// Refuses a production host that resolves to a private address, at the moment of connecting.
static inline curl_socket_t CCurl_open_public(void *user, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)user; (void)purpose;
    if (CCurl_is_private(&address->addr)) return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}
static inline CURLcode CCurl_refuse_private(CURL *handle) { return curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, CCurl_open_public); }
