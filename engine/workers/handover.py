"""How a worker process gets its connection to the server: a socket that has no address.

So nobody else can connect. POSIX inherits the socket by its number; Windows has no such thing and
duplicates it for the child's process id, which travels over standard input.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def socket_arguments(child_end: socket.socket) -> tuple[list[str], tuple[int, ...]]:
    """Return what to add to a worker's command line, and which descriptors it must inherit."""
    if sys.platform == "win32":
        return [], ()
    return [str(child_end.fileno())], (child_end.fileno(),)


def socket_bytes(child_end: socket.socket, pid: int) -> bytes:
    """Return what to write to a worker's standard input."""
    if sys.platform == "win32":
        return child_end.share(pid)
    return b""


def received_socket(arguments: list[str]) -> socket.socket:
    """Return the connection, in the worker."""
    if sys.platform == "win32":
        return socket.fromshare(sys.stdin.buffer.read())
    return socket.socket(fileno=int(arguments[0]))


def die_with(parent_pid: int) -> None:
    """Let the system end this process with the one that started it, where it can (Linux)."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it had died before
        os._exit(1)
