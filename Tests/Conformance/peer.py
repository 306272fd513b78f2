"""A WebSocket server on Python's `websockets`: an independent reading of RFC 6455 for our client.

usage: peer.py CERTIFICATE KEY      prints the port, then serves until standard input ends

Text is echoed. `frames:N` is answered with N fragments, `ping` with a ping whose pong is awaited, `close` with code 4001.
"""
import asyncio
import ssl
import sys

import websockets


async def serve(connection):
    try:
        await talk(connection)
    except websockets.exceptions.ConnectionClosed:
        pass


async def talk(connection):
    async for message in connection:
        if message == "close":
            await connection.close(4001, "as asked")
        elif message == "ping":
            waiter = await connection.ping("heartbeat")
            await asyncio.wait_for(waiter, 5)
            await connection.send("pong seen")
        elif message.startswith("frames:"):
            await connection.send([f"part {index};" for index in range(int(message[7:]))])
        else:
            await connection.send(message)


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    async with websockets.serve(serve, "127.0.0.1", 0, ssl=context, max_size=2**22) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
