"""Polymarket's own `py-clob-client-v2` against the loopback venue: every call that a trader makes.

usage: polymarket_clob_v2.py PLACE      PLACE: JSON with host, key, wallets and tokens; prints one line a call, exits 1 at the
first that is not answered as the client expects
"""
import json
import sys
import time

from py_clob_client_v2.client import ClobClient
from py_clob_client_v2.clob_types import (
    BalanceAllowanceParams,
    BookParams,
    DropNotificationParams,
    MarketOrderArgsV2,
    OpenOrderParams,
    OrderArgsV2,
    OrderMarketCancelParams,
    OrderPayload,
    OrderScoringParams,
    OrdersScoringParams,
    OrderType,
    PartialCreateOrderOptions,
    PostOrdersV2Args,
    TradeParams,
)
from py_clob_client_v2.exceptions import PolyApiException

place = json.load(open(sys.argv[1]))
calls = 0


def said(name):
    global calls
    calls += 1
    print(f"ok {name}", flush=True)


def refused(name, words, call):
    try:
        answer = call()
    except PolyApiException as error:
        assert words in str(error.error_msg), f"{name}: {error}"
        return said(f"{name} refused")
    raise AssertionError(f"{name}: {answer}")


def best(client, token):
    book = client.get_order_book(token)
    return max(float(l["price"]) for l in book["bids"]), min(float(l["price"]) for l in book["asks"])


def public(client):
    token, condition = place["yes"], place["condition"]
    assert client.get_ok() == "OK"
    said("ok")
    assert abs(int(client.get_server_time()) - time.time()) < 5
    said("time")
    assert client.get_version() == 2
    said("version")
    for name in ("yes", "no", "fine_yes"):
        book = client.get_order_book(place[name])
        wanted = book["hash"]
        assert client.get_order_book_hash(book) == wanted, "book hash"
    said("book and its hash")
    books = client.get_order_books([BookParams(token_id=token), BookParams(token_id=place["no"])])
    assert len(books) == 2
    said("books")
    assert float(client.get_tick_size(token)) == 0.01 and client.get_neg_risk(place["neg_yes"]) is True
    assert float(client.get_tick_size(place["fine_yes"])) == 0.0025
    said("tick size and neg risk")
    assert client.get_fee_rate_bps(token) == 1000
    said("fee rate")
    bid, ask = best(client, token)
    assert float(client.get_price(token, "BUY")["price"]) == ask
    assert abs(float(client.get_midpoint(token)["mid"]) - (bid + ask) / 2) < 1e-9
    assert abs(float(client.get_spread(token)["spread"]) - (ask - bid)) < 1e-9
    client.get_last_trade_price(token)
    said("price, midpoint, spread, last trade")
    asked = [BookParams(token_id=token, side="BUY")]
    for name in ("get_midpoints", "get_prices", "get_spreads"):
        assert token in getattr(client, name)(asked)
    assert client.get_last_trades_prices(asked) == []
    said("the same in lists")
    for name in ("get_markets", "get_simplified_markets", "get_sampling_markets", "get_sampling_simplified_markets"):
        assert getattr(client, name)()["next_cursor"] == "LTE="
    assert client.get_market(condition)["condition_id"] == condition
    info = client.get_clob_market_info(condition)
    assert info["fd"]["r"] == 0.04 and [t["t"] for t in info["t"]] == [place["yes"], place["no"]]
    said("markets")


def rest(client):
    token = place["yes"]
    bid, _ = best(client, token)
    order = client.create_order(OrderArgsV2(token_id=token, price=bid, size=12.34, side="BUY"))
    answer = client.post_order(order, OrderType.GTC)
    assert answer["success"] and answer["status"] == "live", answer
    said("limit GTC")
    refused("duplicate", "Duplicated", lambda: client.post_order(order, OrderType.GTC))
    one = client.get_order(answer["orderID"])
    assert one["original_size"] == "12.34" and one["side"] == "BUY" and "LIVE" in one["status"]
    said("order by id")
    later = int(time.time()) + 600
    dated = client.create_order(OrderArgsV2(token_id=token, price=bid, size=5, side="BUY", expiration=later))
    assert client.post_order(dated, OrderType.GTD)["status"] == "live"
    said("limit GTD")
    soon = client.create_order(
        OrderArgsV2(token_id=token, price=bid, size=5, side="BUY", expiration=int(time.time()) + 100)
    )
    refused("GTD too near", "invalid expiration", lambda: client.post_order(soon, OrderType.GTD))
    patient = client.create_order(OrderArgsV2(token_id=place["no"], price=0.01, size=5, side="BUY"))
    assert client.post_order(patient, OrderType.GTC, post_only=True)["status"] == "live"
    said("post-only")
    crossing = client.create_order(OrderArgsV2(token_id=token, price=0.99, size=5, side="BUY"))
    refused("post-only that crosses", "crosses book", lambda: client.post_order(crossing, OrderType.GTC, post_only=True))
    pair = [
        PostOrdersV2Args(client.create_order(OrderArgsV2(token_id=token, price=bid, size=6, side="BUY")), OrderType.GTC),
        PostOrdersV2Args(client.create_order(OrderArgsV2(token_id=token, price=bid, size=4, side="BUY")), OrderType.GTC),
    ]
    legs = client.post_orders(pair)
    assert legs[0]["status"] == "live" and "lower than the minimum" in legs[1]["errorMsg"], legs
    said("batch")
    orders = client.get_open_orders()
    assert len(orders) == 4 and len(client.get_open_orders(OpenOrderParams(asset_id=place["no"]))) == 1
    said("open orders")
    assert client.is_order_scoring(OrderScoringParams(answer["orderID"]))["scoring"] is False
    assert client.are_orders_scoring(OrdersScoringParams([answer["orderID"]])) == {answer["orderID"]: False}
    said("scoring")
    assert client.cancel_order(OrderPayload(answer["orderID"]))["canceled"] == [answer["orderID"]]
    again = client.cancel_order(OrderPayload(answer["orderID"]))
    assert again["not_canceled"] == {answer["orderID"]: "already canceled or matched"}
    said("cancel, twice")
    assert len(client.cancel_orders([legs[0]["orderID"]])["canceled"]) == 1
    assert len(client.cancel_market_orders(OrderMarketCancelParams(asset_id=place["no"]))["canceled"]) == 1
    assert len(client.cancel_all()["canceled"]) == 1 and client.get_open_orders() == []
    said("cancel several, a market's, all")


def take(client, token, name, options=None):
    bought = client.create_market_order(
        MarketOrderArgsV2(token_id=token, amount=7.5, side="BUY", order_type=OrderType.FOK), options
    )
    answer = client.post_order(bought, OrderType.FOK)
    assert answer["status"] == "matched" and float(answer["takingAmount"]) > 0, answer
    assert answer["transactionsHashes"] and len(answer["tradeIDs"]) == len(answer["transactionsHashes"]), answer
    said(f"{name}: market FOK buy")
    part = client.create_market_order(
        MarketOrderArgsV2(token_id=token, amount=3, side="BUY", order_type=OrderType.FAK), options
    )
    assert client.post_order(part, OrderType.FAK)["status"] == "matched"
    said(f"{name}: market FAK buy")
    sold = client.create_market_order(
        MarketOrderArgsV2(token_id=token, amount=6, side="SELL", order_type=OrderType.FOK), options
    )
    assert client.post_order(sold, OrderType.FOK)["makingAmount"] == "6"
    assert client.get_last_trades_prices([BookParams(token_id=token)])[0]["token_id"] == token
    said(f"{name}: market FOK sell")
    trades = client.get_trades(TradeParams(id=answer["tradeIDs"][0]))
    assert len(trades) == 1 and trades[0]["trader_side"] == "TAKER" and trades[0]["asset_id"] == token
    assert len(client.get_trades(TradeParams(asset_id=token))) >= 3
    said(f"{name}: trades")


def kills(client):
    token = place["yes"]
    bid, ask = best(client, token)
    huge = client.create_order(OrderArgsV2(token_id=token, price=ask, size=100000, side="SELL"))
    refused("sale of what is not there", "not enough balance / allowance", lambda: client.post_order(huge, OrderType.GTC))
    miss = client.create_order(OrderArgsV2(token_id=token, price=bid, size=10, side="BUY"))
    refused("FAK without a match", "no orders found to match with FAK order", lambda: client.post_order(miss, OrderType.FAK))
    cheap = client.create_order(OrderArgsV2(token_id=token, price=bid, size=20, side="BUY"))
    refused("FOK that cannot fill", "FOK orders are fully filled or killed", lambda: client.post_order(cheap, OrderType.FOK))


def account(client):
    before = client.get_balance_allowance(BalanceAllowanceParams(asset_type="COLLATERAL"))
    assert int(before["balance"]) > 10**9 and len(before["allowances"]) == 3
    held = client.get_balance_allowance(BalanceAllowanceParams(asset_type="CONDITIONAL", token_id=place["yes"]))
    assert int(held["balance"]) > 10**9
    client.update_balance_allowance(BalanceAllowanceParams(asset_type="COLLATERAL"))
    said("balances and allowances")
    assert client.get_closed_only_mode() == {"closed_only": False}
    assert client.creds.api_key in client.get_api_keys()["apiKeys"]
    said("closed-only and api keys")
    beat = client.post_heartbeat()
    assert client.post_heartbeat(beat["heartbeat_id"])["heartbeat_id"] != beat["heartbeat_id"]
    refused("wrong heartbeat", "Invalid Heartbeat ID", lambda: client.post_heartbeat("x"))
    notes = client.get_notifications()
    assert notes and notes[0]["payload"]["order_id"].startswith("0x")
    client.drop_notifications(DropNotificationParams(ids=[str(notes[0]["id"])]))
    assert len(client.get_notifications()) == len(notes) - 1
    said("notifications")


def main():
    client = ClobClient(place["host"], 137, key=place["key"])
    public(client)
    creds = client.create_or_derive_api_key()
    assert client.derive_api_key() == creds
    said("derive keys")
    refused("second key", "Could not create api key", client.create_api_key)
    client.set_api_creds(creds)
    rest(client)
    take(client, place["yes"], "YES")
    take(client, place["no"], "NO")
    take(client, place["neg_yes"], "neg-risk")
    take(client, place["fine_yes"], "tick 0.0025")
    kills(client)
    account(client)
    for kind, wallet in sorted(place["wallets"].items()):
        other = ClobClient(place["host"], 137, key=place["key"], creds=creds, signature_type=int(kind), funder=wallet)
        take(other, place["yes"], f"signature type {kind}")
    extra = client.create_api_key(nonce=7)
    spare = ClobClient(place["host"], 137, key=place["key"], creds=extra)
    assert spare.delete_api_key() == "OK"
    refused("deleted key", "Unauthorized/Invalid api key", spare.get_api_keys)
    print(f"calls {calls}")


main()
