"""Requests to the loopback Kalshi, signed by `cryptography`: the official Python client does not speak the current API
(its newest version, 3.2.0, still posts orders to the endpoint that answers 410), so these are the documented requests.

usage: kalshi_raw.py PLACE      PLACE: JSON with port, authority, key file and id; prints one line a call, exits 1 at the first
answer that is not as documented
"""
import base64
import http.client
import json
import ssl
import sys
import time
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding

place = json.load(open(sys.argv[1]))
key = serialization.load_pem_private_key(open(place["key_file"], "rb").read(), password=None)
context = ssl.create_default_context(cafile=place["authority"])
connection = http.client.HTTPSConnection("127.0.0.1", place["port"], context=context, timeout=10)
ROOT = "/trade-api/v2"
calls = 0


def said(name):
    global calls
    calls += 1
    print(f"ok {name}", flush=True)


def signed(method, path, skew=0):
    stamp = str(int(time.time() * 1000) + skew)
    message = (stamp + method + path.split("?")[0]).encode()
    if isinstance(key, ed25519.Ed25519PrivateKey):
        signature = key.sign(message)
    else:
        signature = key.sign(message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    return {
        "KALSHI-ACCESS-KEY": place["key_id"],
        "KALSHI-ACCESS-TIMESTAMP": stamp,
        "KALSHI-ACCESS-SIGNATURE": base64.b64encode(signature).decode(),
    }


def ask(method, path, body=None, headers=None):
    headers = dict(signed(method, ROOT + path) if headers is None else headers)
    text = None if body is None else json.dumps(body, separators=(",", ":"))
    if text is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, ROOT + path, text, headers)
    answer = connection.getresponse()
    raw = answer.read()
    return answer.status, json.loads(raw) if raw else None


def order(price, count, life="good_till_canceled", side="bid", **more):
    return {
        "ticker": place["ticker"],
        "client_order_id": str(uuid.uuid4()),
        "side": side,
        "count": count,
        "price": price,
        "time_in_force": life,
        "self_trade_prevention_type": "taker_at_cross",
        "exchange_index": 0,
        **more,
    }


ORDERS = "/portfolio/events/orders"


def authentication():
    assert ask("GET", "/portfolio/balance")[0] == 200
    said("a signed read")
    for skew in (-60_000, 60_000):
        status, body = ask("GET", "/portfolio/balance", headers=signed("GET", ROOT + "/portfolio/balance", skew))
        assert status == 401 and body["error"]["code"] == "header_timestamp_expired", body
    said("a clock that is off")
    status, body = ask("GET", "/portfolio/balance", headers=signed("GET", ROOT + "/portfolio/fills"))
    assert status == 401 and body["error"]["code"] == "authentication_error", body
    status, body = ask("GET", "/portfolio/balance", headers={})
    assert status == 401, body
    said("another path's signature, and none")
    assert ask("GET", "/portfolio/orders?status=resting&limit=10")[0] == 200
    said("a query is not signed")


def orders():
    bid, ask_price = place["bid"], place["ask"]
    status, resting = ask("POST", ORDERS, order(bid, "10.00"))
    assert status == 201 and resting["remaining_count"] == "10.00" and resting["fill_count"] == "0.00", resting
    said("a limit order rests")
    twice = order(bid, "10.00")
    assert ask("POST", ORDERS, twice)[0] == 201
    status, body = ask("POST", ORDERS, twice)
    assert status == 409 and body["error"]["code"] == "order_already_exists", body
    said("the same client id twice")
    status, one = ask("GET", f"/portfolio/orders/{resting['order_id']}")
    assert status == 200 and one["order"]["status"] == "resting" and one["order"]["remaining_count_fp"] == "10.00", one
    assert len(ask("GET", "/portfolio/orders?status=resting")[1]["orders"]) == 2
    said("orders by id and in a list")
    status, body = ask("POST", f"{ORDERS}/{resting['order_id']}/decrease", {"reduce_by": "4.00", "exchange_index": 0})
    assert status == 200 and body["remaining_count"] == "6.00", body
    said("decrease")
    status, body = ask(
        "POST",
        f"{ORDERS}/{resting['order_id']}/amend",
        {"ticker": place["ticker"], "side": "bid", "price": bid, "count": "5.00", "exchange_index": 0},
    )
    assert status == 200, body
    said("amend")
    status, body = ask("DELETE", f"{ORDERS}/{resting['order_id']}?exchange_index=0")
    assert status == 200 and body["reduced_by"] == "5.00", body
    status, body = ask("DELETE", f"{ORDERS}/{resting['order_id']}?exchange_index=0")
    assert status == 404 and body["error"]["code"] == "not_found", body
    said("cancel, twice")
    status, taken = ask("POST", ORDERS, order(ask_price, "4.00", "immediate_or_cancel"))
    assert status == 201 and taken["fill_count"] == "4.00" and float(taken["average_fill_price"]) > 0, taken
    said("immediate or cancel")
    status, body = ask("POST", ORDERS, order(ask_price, "1000000.00", "fill_or_kill"))
    assert status in (400, 409), body
    said("fill or kill, killed")
    fills = ask("GET", f"/portfolio/fills?order_id={taken['order_id']}")[1]["fills"]
    assert sum(float(f["count_fp"]) for f in fills) == 4 and all(f["is_taker"] for f in fills), fills
    positions = ask("GET", f"/portfolio/positions?ticker={place['ticker']}")[1]["market_positions"]
    assert float(positions[0]["position_fp"]) == 4, positions
    said("fills and positions")
    status, closed = ask("POST", ORDERS, order(bid, "4.00", "immediate_or_cancel", side="ask", reduce_only=True))
    assert status == 201 and closed["fill_count"] == "4.00", closed
    said("reduce only closes")
    legs = [order(bid, "5.00"), order("0.4444", "5.00")]
    status, body = ask("POST", f"{ORDERS}/batched", {"orders": legs})
    assert status == 201 and len(body["orders"]) == 2 and "error" in body["orders"][1], body
    said("a batch, one leg refused")
    assert ask("DELETE", ORDERS)[0] == 204
    assert ask("GET", "/portfolio/orders?status=resting")[1]["orders"] == []
    said("cancel all")
    assert ask("POST", "/portfolio/orders", {})[0] == 410
    said("the endpoint of the past")


def rest():
    status, group = ask("POST", "/portfolio/order_groups/create", {"contracts_limit": 100, "exchange_index": 0})
    assert status == 201, group
    path = f"/portfolio/order_groups/{group['order_group_id']}"
    member = order(place["bid"], "5.00", order_group_id=group["order_group_id"])
    assert ask("POST", ORDERS, member)[0] == 201
    assert ask("PUT", f"{path}/trigger", {})[0] == 200
    assert ask("GET", "/portfolio/orders?status=resting")[1]["orders"] == []
    assert ask("PUT", f"{path}/reset", {})[0] == 200 and ask("DELETE", path)[0] == 200
    said("an order group as a kill switch")
    for path, name in (
        ("/account/limits", "usage_tier"),
        ("/account/endpoint_costs", "default_cost"),
        ("/exchange/status", "trading_active"),
        ("/portfolio/settlements", "settlements"),
    ):
        status, body = ask("GET", path)
        assert status == 200 and name in body, (path, body)
    said("limits, costs, status, settlements")


def channel():
    path = "/trade-api/ws/v2"

    def upgrade(headers):
        other = http.client.HTTPSConnection("127.0.0.1", place["port"], context=context, timeout=10)
        other.putrequest("GET", path)
        for name, value in {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(uuid.uuid4().bytes).decode(),
            **headers,
        }.items():
            other.putheader(name, value)
        other.endheaders()
        status = other.getresponse().status
        other.close()
        return status

    assert upgrade(signed("GET", path)) == 101
    assert upgrade(signed("GET", path + "/other")) == 401
    said("the stream, and a wrong signature")


authentication()
orders()
rest()
channel()
print(f"calls {calls}")
