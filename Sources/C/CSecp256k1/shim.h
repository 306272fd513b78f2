#pragma once
#include <secp256k1.h>
#include <secp256k1_recovery.h>

// The context flags are macros of macros, and the library's opaque structures never leave this file: bytes in, bytes out.
// Every function answers 1 for success.

// One context for signing and verifying, blinded with 32 random bytes. NULL when it cannot be made.
static inline secp256k1_context *CSecp256k1_context(const unsigned char *seed) {
    secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
    if (context && !secp256k1_context_randomize(context, seed)) {
        secp256k1_context_destroy(context);
        return NULL;
    }
    return context;
}
// r and s, 64 bytes, s in the lower half; the nonce is RFC 6979's.
static inline int CSecp256k1_sign(
    const secp256k1_context *context, const unsigned char *digest, const unsigned char *key, unsigned char *rs, int *parity
) {
    secp256k1_ecdsa_recoverable_signature signature;
    if (!secp256k1_ecdsa_sign_recoverable(context, &signature, digest, key, NULL, NULL)) return 0;
    return secp256k1_ecdsa_recoverable_signature_serialize_compact(context, rs, parity, &signature);
}
// The point without its prefix byte, 64 bytes.
static inline int CSecp256k1_write_point(const secp256k1_context *context, const secp256k1_pubkey *point, unsigned char *xy) {
    unsigned char text[65];
    size_t length = sizeof text;
    if (!secp256k1_ec_pubkey_serialize(context, text, &length, point, SECP256K1_EC_UNCOMPRESSED)) return 0;
    for (int index = 0; index < 64; index++) xy[index] = text[index + 1];
    return 1;
}
static inline int CSecp256k1_public(const secp256k1_context *context, const unsigned char *key, unsigned char *xy) {
    secp256k1_pubkey point;
    return secp256k1_ec_pubkey_create(context, &point, key) && CSecp256k1_write_point(context, &point, xy);
}
static inline int CSecp256k1_recover(
    const secp256k1_context *context, const unsigned char *digest, const unsigned char *rs, int parity, unsigned char *xy
) {
    secp256k1_ecdsa_recoverable_signature signature;
    secp256k1_pubkey point;
    return secp256k1_ecdsa_recoverable_signature_parse_compact(context, &signature, rs, parity)
        && secp256k1_ecdsa_recover(context, &point, &signature, digest)
        && CSecp256k1_write_point(context, &point, xy);
}
// False for a signature whose s is in the upper half.
static inline int CSecp256k1_verify(
    const secp256k1_context *context, const unsigned char *digest, const unsigned char *rs, const unsigned char *xy
) {
    unsigned char text[65] = {4};
    for (int index = 0; index < 64; index++) text[index + 1] = xy[index];
    secp256k1_pubkey point;
    secp256k1_ecdsa_signature signature;
    return secp256k1_ec_pubkey_parse(context, &point, text, sizeof text)
        && secp256k1_ecdsa_signature_parse_compact(context, &signature, rs)
        && secp256k1_ecdsa_verify(context, &signature, digest, &point);
}
