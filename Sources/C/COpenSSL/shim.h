#pragma once
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/opensslv.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// Macros that Swift cannot import, one function each.
static inline long COpenSSL_min_version(SSL_CTX *context, int version) { return SSL_CTX_set_min_proto_version(context, version); }
static inline long COpenSSL_max_version(SSL_CTX *context, int version) { return SSL_CTX_set_max_proto_version(context, version); }
static inline long COpenSSL_set_mode(SSL_CTX *context) {
    return SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}
static inline uint64_t COpenSSL_no_renegotiation(SSL_CTX *context) { return SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION); }
static inline long COpenSSL_set_server_name(SSL *ssl, const char *name) { return SSL_set_tlsext_host_name(ssl, name); }
static inline int COpenSSL_is_eof(int code) {
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
    return ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING && code == SSL_ERROR_SSL;
#else
    return 0;
#endif
}
static inline int COpenSSL_reason_is_bad_password(unsigned long code) {
    return ERR_GET_REASON(code) == PEM_R_BAD_PASSWORD_READ || ERR_GET_REASON(code) == PEM_R_BAD_DECRYPT;
}
// Answers no passphrase instead of asking the terminal: an encrypted key is refused in words.
static inline int COpenSSL_no_passphrase(char *buffer, int size, int writing, void *user) {
    (void)buffer; (void)size; (void)writing; (void)user;
    return -1;
}
static inline EVP_PKEY *COpenSSL_read_private_key(BIO *bio) { return PEM_read_bio_PrivateKey(bio, NULL, COpenSSL_no_passphrase, NULL); }
static inline EVP_PKEY *COpenSSL_generate_rsa(int bits) { return EVP_RSA_gen((size_t)bits); }
static inline long COpenSSL_no_session_cache(SSL_CTX *context) { return SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); }
