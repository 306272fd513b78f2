#pragma once
#define OPENSSL_SUPPRESS_DEPRECATED  // SHA-1 as a checksum, without EVP's allocations
#include <openssl/sha.h>
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
// For connections that stay: buffers do too, and a record is read in one call.
static inline void COpenSSL_keep_buffers(SSL *ssl) {
    SSL_clear_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_set_read_ahead(ssl, 1);
}
// What a BIO in memory holds: where it begins and how much it is.
static inline long COpenSSL_memory(BIO *memory, char **start) { return BIO_get_mem_data(memory, start); }
static inline void COpenSSL_empty(BIO *memory) { (void)BIO_reset(memory); }
// Takes that many of its first bytes out.
static inline void COpenSSL_drop(BIO *memory, long count) {
    char part[1024];
    while (count > 0) {
        int taken = BIO_read(memory, part, count < (long)sizeof part ? (int)count : (int)sizeof part);
        if (taken <= 0) return;
        count -= taken;
    }
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
static inline EVP_PKEY *COpenSSL_generate_p256(void) { return EVP_EC_gen("P-256"); }
static inline EVP_PKEY *COpenSSL_generate_rsa(int bits) { return EVP_RSA_gen((size_t)bits); }
static inline long COpenSSL_no_session_cache(SSL_CTX *context) { return SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); }

// A certificate authority and a leaf for localhost, made anew for every run of the loopback venues. 0 when it failed.
static inline int COpenSSL_extend(X509 *certificate, X509 *issuer, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (!extension) return 0;
    int status = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return status;
}
static inline X509 *COpenSSL_certificate(EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, const char *name, long from, long to, const char *names, const char *usage) {
    X509 *certificate = X509_new();
    unsigned char serial[8];
    RAND_bytes(serial, sizeof serial);
    serial[0] &= 0x7F;
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    X509_set_version(certificate, 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate), from);
    X509_gmtime_adj(X509_getm_notAfter(certificate), to);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer ? issuer : certificate));
    int good = COpenSSL_extend(certificate, issuer ? issuer : certificate, NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
    if (names) good = good && COpenSSL_extend(certificate, issuer ? issuer : certificate, NID_subject_alt_name, names);
    if (usage) good = good && COpenSSL_extend(certificate, issuer ? issuer : certificate, NID_ext_key_usage, usage);
    if (!good || !X509_sign(certificate, issuer_key, EVP_sha256())) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}
