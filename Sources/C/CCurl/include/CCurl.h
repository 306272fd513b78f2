#pragma once
// libcurl, loaded when first needed: it and the thirty libraries behind it take 5 ms, which no start of the program should
// wait for. Declared here by its own header; curl_easy_setopt and curl_easy_getinfo are variadic, which Swift cannot call,
// so there is one function per kind of argument.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <sys/socket.h>

// Loads the library `name` (libcurl.so.4) and finds all that is used of it. Returns NULL, or why it cannot be used; the text
// lives until the next call on the same thread. From any thread.
const char *CCurl_load(const char *name);

// Everything below needs a CCurl_load that returned NULL.
const char *CCurl_version(void);
CURLM *CCurl_multi_init(void);
CURLMcode CCurl_multi_cleanup(CURLM *multi);
CURLMcode CCurl_multi_wakeup(CURLM *multi);
CURLMcode CCurl_multi_perform(CURLM *multi, int *running);
CURLMcode CCurl_multi_poll(CURLM *multi, int timeout_ms);
CURLMcode CCurl_multi_add_handle(CURLM *multi, CURL *handle);
CURLMcode CCurl_multi_remove_handle(CURLM *multi, CURL *handle);
CURLMsg *CCurl_multi_info_read(CURLM *multi, int *left);
CURLMcode CCurl_multi_set_long(CURLM *multi, CURLMoption option, long value);
CURL *CCurl_easy_init(void);
void CCurl_easy_cleanup(CURL *handle);
const char *CCurl_easy_strerror(CURLcode code);
struct curl_slist *CCurl_slist_append(struct curl_slist *list, const char *text);
void CCurl_slist_free_all(struct curl_slist *list);
CURLcode CCurl_set_long(CURL *handle, CURLoption option, long value);
CURLcode CCurl_set_string(CURL *handle, CURLoption option, const char *value);
CURLcode CCurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value);
CURLcode CCurl_set_body(CURL *handle, const void *bytes, long count);
CURLcode CCurl_set_write(CURL *handle, size_t (*take)(char *, size_t, size_t, void *), void *user);
CURLcode CCurl_set_header(CURL *handle, size_t (*take)(char *, size_t, size_t, void *), void *user);
long CCurl_info_long(CURL *handle, CURLINFO info);
const char *CCurl_info_string(CURL *handle, CURLINFO info);
// True for addresses that no public venue has: loopback, private, link-local, unspecified, and their IPv6 forms. Needs no library.
int CCurl_is_private(const struct sockaddr *address);
// Refuses a production host that resolves to a private address, at the moment of connecting.
CURLcode CCurl_refuse_private(CURL *handle);
