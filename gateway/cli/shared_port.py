"""One port, and a listening socket for each process that serves it.

A process that shares a socket with others takes everything that waits there when it wakes: of sixteen connections that
come at once, it gets all. Linux divides connections among sockets that are bound alike, so each process has its own
there; elsewhere they share one. The parent holds them all, so that what waits at one survives its process.
"""

import socket
import sys

_BACKLOG = 2048


class SharedPort:
    """The address of a listening socket, which this takes over."""

    def __init__(self, listener: socket.socket, number: int) -> None:
        self._family = listener.family
        self._address = listener.getsockname()
        self._only = None if sys.platform == "linux" else listener
        self._each: list[socket.socket | None] = [None] * number
        if self._only is None:
            # It has shown that nobody else is there; one who does not share his address keeps sharers out.
            listener.close()
            for place in range(number):
                self.socket(place)

    def socket(self, place: int) -> socket.socket:
        """The socket of a process."""
        if self._only is not None:
            return self._only
        own = self._each[place]
        if own is None:
            own = self._each[place] = socket.socket(self._family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            own.bind(self._address)
            own.listen(_BACKLOG)
        return own

    def keep_only(self, place: int) -> None:
        """In a process of its own: hold no socket that is served elsewhere."""
        for other in range(len(self._each)):
            if other != place:
                self.leave(other)

    def leave(self, place: int) -> None:
        """Nobody will serve this socket for a while: let the others have its share."""
        own = self._each[place]
        if own is not None:
            own.close()
            self._each[place] = None

    def close(self) -> None:
        """Let go of the address."""
        for place in range(len(self._each)):
            self.leave(place)
