"""Verifies signatures with `eth-account` and `cryptography`: an independent reading of EIP-712, ERC-7739, RFC 8017 and 8032.

usage: verify_signatures.py CASES      one JSON object a line; prints one line a kind, exits 1 when one case fails
"""
import base64
import hashlib
import hmac
import json
import sys
from collections import Counter

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak


def fields(text):
    return [dict(zip(("type", "name"), part.split(" "))) for part in text.split(",")]


ORDER = fields(
    "uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,uint256 takerAmount,uint8 side,"
    "uint8 signatureType,uint256 timestamp,bytes32 metadata,bytes32 builder"
)
LEGACY = fields(
    "uint256 salt,address maker,address signer,address taker,uint256 tokenId,uint256 makerAmount,uint256 takerAmount,"
    "uint256 expiration,uint256 nonce,uint256 feeRateBps,uint8 side,uint8 signatureType"
)
WRAPPED = fields(
    "Order contents,string name,string version,uint256 chainId,address verifyingContract,bytes32 salt"
)
LOGIN = fields("address address,string timestamp,uint256 nonce,string message")
DOMAIN = fields("string name,string version,uint256 chainId,address verifyingContract")


def digest(signable):
    return "0x" + keccak(b"\x19" + signable.version + signable.header + signable.body).hex()


def typed(domain, types, primary, message):
    domain_type = DOMAIN if "verifyingContract" in domain else DOMAIN[:3]
    return encode_typed_data(
        full_message={
            "types": {"EIP712Domain": domain_type, **types},
            "primaryType": primary,
            "domain": domain,
            "message": message,
        }
    )


def order(case):
    kinds = LEGACY if case["domain"]["version"] == "1" else ORDER
    message = {f["name"]: case["message"][f["name"]] for f in kinds}
    for f in kinds:
        if f["type"].startswith("uint"):
            message[f["name"]] = int(message[f["name"]])
    plain = typed(case["domain"], {"Order": kinds}, "Order", message)
    assert digest(plain) == case["hash"], "order hash"
    body = json.loads(case["body"])
    posted = body["order"]
    assert posted["signature"] == case["signature"], "signature in the body"
    assert posted["side"] == ("BUY", "SELL")[message["side"]], "side in the body"
    for name, value in message.items():
        if name != "side":
            assert str(posted[name]) == str(value), f"{name} in the body"
    assert type(posted["salt"]) is int and type(posted["signatureType"]) is int
    signature = bytes.fromhex(case["signature"][2:])
    if message["signatureType"] != 3:
        assert len(signature) == 65
        assert Account.recover_message(plain, signature=signature) == case["owner"], "signer"
        return lambda changed: Account.recover_message(changed, signature=signature), message, kinds
    text = "Order(" + ",".join(f"{f['type']} {f['name']}" for f in kinds) + ")"
    inner, separator, contents = signature[:65], signature[65:97], signature[97:129]
    assert signature[129:] == text.encode() + len(text).to_bytes(2, "big"), "end of the envelope"
    assert separator == plain.header and contents == plain.body, "envelope"
    wrapped = typed(
        case["domain"],
        {"TypedDataSign": WRAPPED, "Order": kinds},
        "TypedDataSign",
        {
            "contents": message,
            "name": "DepositWallet",
            "version": "1",
            "chainId": case["domain"]["chainId"],
            "verifyingContract": message["maker"],
            "salt": "0x" + "00" * 32,
        },
    )
    assert Account.recover_message(wrapped, signature=inner) == case["owner"], "signer of the envelope"
    return None, message, kinds


def order_and_mutation(case):
    recover, message, kinds = order(case)
    if recover and case["mutate"]:
        changed = dict(message)
        changed["takerAmount"] += 1
        other = typed(case["domain"], {"Order": kinds}, "Order", changed)
        assert recover(other) != case["owner"], "a changed order has the same signer"


def login(case):
    message = {
        "address": case["owner"],
        "timestamp": case["timestamp"],
        "nonce": int(case["nonce"]),
        "message": "This message attests that I control the given wallet",
    }
    domain = {"name": "ClobAuthDomain", "version": "1", "chainId": 137}
    signable = typed(domain, {"ClobAuth": LOGIN}, "ClobAuth", message)
    assert Account.recover_message(signable, signature=bytes.fromhex(case["signature"][2:])) == case["owner"]


def code(case):
    key = base64.urlsafe_b64decode(case["secret"])
    wanted = hmac.new(key, case["message"].encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64encode(wanted).decode() == case["signature"]


def request(case):
    key = serialization.load_pem_public_key(case["key"].encode())
    signature = base64.b64decode(case["signature"], validate=True)

    def verify(message):
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        else:
            key.verify(signature, message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())

    verify(case["message"].encode())
    try:
        verify(case["message"].encode() + b"?")
    except InvalidSignature:
        return
    raise AssertionError("a changed message verifies")


CHECKS = {"order": order_and_mutation, "login": login, "code": code, "request": request}


def main():
    good, bad = Counter(), 0
    with open(sys.argv[1]) as file:
        for number, line in enumerate(file, 1):
            case = json.loads(line)
            try:
                CHECKS[case["kind"]](case)
                good[case["kind"]] += 1
            except Exception as error:
                bad += 1
                print(f"case {number} ({case['kind']}): {type(error).__name__} {error}")
    for kind, count in sorted(good.items()):
        print(f"{kind} {count}")
    sys.exit(1 if bad else 0)


main()
