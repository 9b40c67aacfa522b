"""When the last bytes of a connection came, however late the process got round to reading them."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

LAST_DATA_RECEIVED_AT = 52  # in struct tcp_info of linux/tcp.h, milliseconds ago in 32 bits


def seconds_ago(writer: asyncio.StreamWriter) -> float:
    """Return for how long the last bytes have been there; 0 where the kernel is not Linux, and does not say.

    It counts in its own ticks, of 4 ms or so.
    """
    connection = writer.get_extra_info("socket")
    if connection is None or not hasattr(socket, "TCP_INFO"):
        return 0.0
    known = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, LAST_DATA_RECEIVED_AT + 4)
    if len(known) < LAST_DATA_RECEIVED_AT + 4:
        return 0.0
    (milliseconds,) = struct.unpack_from("=I", known, LAST_DATA_RECEIVED_AT)
    return float(milliseconds) / 1000
