"""The barest servers there are, to measure against: asyncio sends all back. It prints two ports, and serves."""

import asyncio
import sys
from typing import cast

__all__ = ["serve"]


class _Echo(asyncio.Protocol):
    """Send back what comes, as it comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)


async def _by_lines(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back line by line, through asyncio's streams."""
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()


async def serve() -> None:
    """Serve both at loopback until the process is killed."""
    loop = asyncio.get_running_loop()
    barest = await loop.create_server(_Echo, "127.0.0.1", 0)
    streams = await asyncio.start_server(_by_lines, "127.0.0.1", 0)
    ports = [server.sockets[0].getsockname()[1] for server in (barest, streams)]
    sys.stdout.write(f"{ports[0]} {ports[1]}\n")
    sys.stdout.flush()
    async with barest, streams:
        await asyncio.gather(barest.serve_forever(), streams.serve_forever())


if __name__ == "__main__":
    asyncio.run(serve())
