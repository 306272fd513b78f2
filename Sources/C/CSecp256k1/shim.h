#pragma once
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <string.h>

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
// A number of 32 bytes becomes its own inverse modulo the group's order n, as its power n - 2 (Fermat): four bits of the
// exponent at a time. Which steps are taken says the exponent, which is public; each step is the library's own product of
// secret numbers, whose time says nothing of them.
static inline int CSecp256k1_invert(const secp256k1_context *context, unsigned char *number) {
    static const unsigned char exponent[32] = {
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE,
        0xBA, 0xAE, 0xDC, 0xE6, 0xAF, 0x48, 0xA0, 0x3B, 0xBF, 0xD2, 0x5E, 0x8C, 0xD0, 0x36, 0x41, 0x3F};
    unsigned char powers[16][32], square[32];
    memcpy(powers[1], number, 32);
    int good = 1;
    for (int power = 2; power < 16; power++) {
        memcpy(powers[power], powers[power - 1], 32);
        good &= secp256k1_ec_seckey_tweak_mul(context, powers[power], number);
    }
    memcpy(number, powers[15], 32); // the first digit of the exponent
    for (int digit = 1; digit < 64; digit++) {
        for (int step = 0; step < 4; step++) {
            memcpy(square, number, 32);
            good &= secp256k1_ec_seckey_tweak_mul(context, number, square);
        }
        int value = digit % 2 ? exponent[digit / 2] & 15 : exponent[digit / 2] >> 4;
        if (value) good &= secp256k1_ec_seckey_tweak_mul(context, number, powers[value]);
    }
    explicit_bzero(powers, sizeof powers);
    explicit_bzero(square, sizeof square);
    return good;
}
// What of a signature needs no digest, in 96 bytes: r, 1/k and rd/k, for a nonce k that RFC 6979 makes of the key and 64
// bytes that were never used before. Whoever has these and the signature has the key: for one signature, then erased.
// Answers 0 for a nonce of which there is one in 2^127: then other bytes are needed.
static inline int CSecp256k1_begin(
    const secp256k1_context *context, const unsigned char *key, const unsigned char *fresh, unsigned char *begun, int *parity
) {
    unsigned char nonce[32], point[64];
    unsigned char *r = begun, *inverse = begun + 32, *rest = begun + 64;
    int good = secp256k1_nonce_function_rfc6979(nonce, fresh, key, NULL, (void *)(fresh + 32), 0)
        && CSecp256k1_public(context, nonce, point) && secp256k1_ec_seckey_verify(context, point);
    if (good) {
        memcpy(r, point, 32); // below n, so that r is x itself
        *parity = point[63] & 1;
        memcpy(inverse, nonce, 32);
        good = CSecp256k1_invert(context, inverse);
        memcpy(rest, key, 32);
        good = good && secp256k1_ec_seckey_tweak_mul(context, rest, r)
            && secp256k1_ec_seckey_tweak_mul(context, rest, inverse);
    }
    explicit_bzero(nonce, sizeof nonce);
    return good;
}
// r and s, 64 bytes, s in the lower half: s = z/k + rd/k. `begun` is erased, whatever comes of it. Answers 0 for a digest
// that is zero or not below n, and for an s of zero.
static inline int CSecp256k1_finish(
    const secp256k1_context *context, const unsigned char *digest, unsigned char *begun, unsigned char *rs, int *parity
) {
    unsigned char *s = rs + 32;
    memcpy(rs, begun, 32);
    memcpy(s, digest, 32);
    secp256k1_ecdsa_signature signature;
    int good = secp256k1_ec_seckey_verify(context, s) && secp256k1_ec_seckey_tweak_mul(context, s, begun + 32)
        && secp256k1_ec_seckey_tweak_add(context, s, begun + 64)
        && secp256k1_ecdsa_signature_parse_compact(context, &signature, rs);
    explicit_bzero(begun, 96);
    if (!good) {
        explicit_bzero(rs, 64);
        return 0;
    }
    *parity ^= secp256k1_ecdsa_signature_normalize(context, &signature, &signature);
    return secp256k1_ecdsa_signature_serialize_compact(context, rs, &signature);
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
