"""Polymarket's newest official client, `polymarket-client`, against the loopback venue: REST and the user channel.

usage: polymarket_unified.py PLACE      PLACE: JSON with host, key, wallets and tokens; prints one line a call, exits 1 at the
first that is not answered as the client expects
"""
import asyncio
import dataclasses
import json
import sys
import time
from decimal import Decimal

from polymarket import AsyncSecureClient, SecureClient
from polymarket.environments import PRODUCTION, _create_environment
from polymarket.errors import RequestRejectedError
from polymarket.models.clob.requests import PriceRequest
from polymarket.streams._specs import UserSpec

place = json.load(open(sys.argv[1]))
calls = 0
ENVIRONMENT = _create_environment(
    name="loopback",
    config=dataclasses.replace(
        PRODUCTION._config,
        clob_url=place["host"],
        gamma_url=place["host"],
        data_url=place["host"],
        relayer_url=place["host"],
        clob_user_ws_url=place["ws"],
    ),
)


def said(name):
    global calls
    calls += 1
    print(f"ok {name}", flush=True)


def refused(name, words, call):
    try:
        answer = call()
    except RequestRejectedError as error:
        assert words in str(error), f"{name}: {error}"
        return said(f"{name} refused")
    raise AssertionError(f"{name}: {answer}")


def public(client):
    token = place["yes"]
    book = client.get_order_book(asset_id=token)
    assert book.bids[-1].price > book.bids[0].price and book.asks[-1].price < book.asks[0].price
    assert len(client.get_order_books(asset_ids=[token, place["no"]])) == 2
    said("books")
    ask = book.asks[-1].price
    assert client.get_price(asset_id=token, side="BUY") == ask
    assert client.get_midpoint(asset_id=token) == (ask + book.bids[-1].price) / 2
    assert client.get_spread(asset_id=token) == ask - book.bids[-1].price
    assert client.get_midpoints(asset_ids=[token]) and client.get_spreads(asset_ids=[token])
    assert client.get_prices(requests=[PriceRequest(token, "BUY")])[token]["BUY"] == ask
    client.get_last_trade_price(asset_id=token)
    client.get_last_trade_prices(asset_ids=[token])
    said("prices")
    markets = client.list_markets(condition_ids=[place["condition"]], page_size=1).first_page()
    assert len(markets.items) == 1
    said("markets of the metadata server")


def trade(client, token, name):
    book = client.get_order_book(asset_id=token)
    bid, ask = book.bids[-1].price, book.asks[-1].price
    rest = client.place_limit_order(asset_id=token, side="BUY", price=bid, size="12.34", post_only=True)
    assert rest.ok and rest.status == "live", rest
    dated = client.place_limit_order(
        asset_id=token, side="BUY", price=bid, size=5, expiration=int(time.time()) + 400
    )
    assert dated.ok and dated.status == "live", dated
    said(f"{name}: limit GTC and GTD")
    order = client.get_order(order_id=rest.order_id)
    assert order.original_size == Decimal("12.34") and order.price == bid
    assert len(client.list_open_orders(asset_id=token).first_page().items) == 2
    said(f"{name}: orders")
    assert client.cancel_order(order_id=rest.order_id).canceled == (rest.order_id,)
    assert client.cancel_orders(order_ids=[rest.order_id]).not_canceled
    assert client.cancel_market_orders(asset_id=token).canceled == (dated.order_id,)
    said(f"{name}: cancels")
    bought = client.place_market_order(asset_id=token, side="BUY", amount="7.50", max_price=ask, order_type="FOK")
    assert bought.ok and bought.status == "matched" and bought.taking_amount > 0, bought
    settled = client.wait_for_order_fill_settlement(bought)
    assert settled is not None
    said(f"{name}: protected FOK buy and its settlement")
    more = client.place_market_order(asset_id=token, side="BUY", amount=3, order_type="FAK")
    sold = client.place_market_order(asset_id=token, side="SELL", shares=6, order_type="FAK")
    assert more.ok and sold.ok and sold.making_amount == 6, (more, sold)
    said(f"{name}: FAK buy and sell")
    trades = client.list_account_trades(asset_id=token).first_page().items
    assert {t.id for t in trades} >= set(bought.trade_ids) and trades[0].trader_side == "TAKER"
    said(f"{name}: trades")
    held = client.get_balance_allowance(asset_type="COLLATERAL")
    assert held.balance > 10**9 and len(held.allowances) == 3
    said(f"{name}: balance")
    batch = client.post_orders(
        [
            client.create_limit_order(asset_id=token, side="BUY", price=bid, size=6),
            client.create_limit_order(asset_id=token, side="BUY", price=bid, size=4),
        ]
    )
    assert batch[0].ok and not batch[1].ok and "lower than the minimum" in batch[1].message, batch
    assert len(client.cancel_all().canceled) == 1
    said(f"{name}: batch and cancel-all")
    positions = client.list_positions(status="OPEN").first_page().items
    assert any(p.token_id == token for p in positions)
    said(f"{name}: positions")


def account(client):
    assert client.get_closed_only_mode() is False
    assert client.credentials.key in client.fetch_api_keys()
    beat = client.send_order_heartbeat()
    assert client.send_order_heartbeat(heartbeat_id=beat.heartbeat_id).heartbeat_id
    notes = client.get_notifications()
    assert notes
    client.drop_notifications(ids=[notes[0].id])
    assert client.get_order_scoring(order_id=notes[0].payload.order_id) is False
    said("account")
    refused(
        "kill",
        "no orders found to match with FAK order",
        lambda: client.place_market_order(
            asset_id=place["yes"], side="BUY", amount=2, max_price="0.01", order_type="FAK"
        ),
    )


async def channel():
    client = await AsyncSecureClient.create(
        private_key=place["key"], wallet=place["address"], environment=ENVIRONMENT
    )
    handle = await client.subscribe(UserSpec(markets=[place["condition"]]))
    bought = await client.place_market_order(asset_id=place["yes"], side="BUY", amount=4, order_type="FOK")
    assert bought.ok, bought
    seen = []

    async def read():
        async for event in handle:
            if event.type == "trade" and event.payload.id in bought.trade_ids:
                seen.append(event.payload.status)
                if seen[-1] == "CONFIRMED":
                    return

    await asyncio.wait_for(read(), 20)
    assert seen == ["MATCHED", "MINED", "CONFIRMED"], seen
    said("user channel: a trade from match to confirmation")
    await client.close()


def main():
    client = SecureClient.create(private_key=place["key"], wallet=place["address"], environment=ENVIRONMENT)
    said("create keys")
    public(client)
    for name in ("yes", "no", "neg_yes", "fine_yes", "third_yes"):
        trade(client, place[name], name)
    account(client)
    for kind, wallet in sorted(place["wallets"].items()):
        other = SecureClient.create(private_key=place["key"], wallet=wallet, environment=ENVIRONMENT)
        trade(other, place["yes"], f"signature type {kind}")
        other.close()
    client.close()
    asyncio.run(channel())
    print(f"calls {calls}")


main()
