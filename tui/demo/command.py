"""Runs the server as a process: the ready line, the control channel, signals."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable

from tui.demo.application import Application
from tui.demo.control import Control
from tui.demo.identity import Identity
from tui.demo.options import DEFAULT_PASSWORD, DEFAULT_USER, Options, add_options, from_namespace
from tui.demo.server import Server

__all__ = ["add_options", "run"]
_STDIN = 0


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM, SIGINT, `stop`, or the end of a control channel; the exit code."""
    try:
        chosen = from_namespace(options)
        application = Application(chosen, options.fault)
    except ValueError as error:
        print(f"The embedded server cannot start: {error}", file=sys.stderr)  # noqa: T201 - a command's output
        return 2
    identity = Identity(chosen)
    try:
        return asyncio.run(_serve(options, chosen, application, identity))
    finally:
        identity.remove()


async def _serve(
    namespace: argparse.Namespace, options: Options, application: Application, identity: Identity
) -> int:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, over.set)
    server = Server(application, identity)
    try:
        await server.start(namespace.host, namespace.port)
    except OSError as error:
        where = f"{namespace.host} port {namespace.port}"
        print(f"The embedded server cannot listen on {where}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 2
    _print_ready(server, options)
    if namespace.control:
        _read_control(loop, Control(server, over.set), over.set)
    await over.wait()
    await server.close()
    return 0


def _print_ready(server: Server, options: Options) -> None:
    ready = {
        "url": server.url, "user": DEFAULT_USER, "password": DEFAULT_PASSWORD,
        "certificate": str(server.identity.certificate_file), "fingerprint": server.identity.fingerprint,
        "api_version": options.api_version,
    }  # fmt: skip
    _print_line(json.dumps(ready).encode() + b"\n")


def _print_line(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _read_control(loop: asyncio.AbstractEventLoop, control: Control, end: Callable[[], None]) -> None:
    """Read lines in a thread, carry them out on the loop; the end of input ends the server.

    `os.read`, not `sys.stdin`: a thread waiting inside a buffered reader would hold up the exit.
    """

    def answer(line: bytes) -> None:
        try:
            _print_line(control.carry_out(line))
        except BrokenPipeError:
            end()

    def read() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is over: nobody is left to be told
            listen()

    def listen() -> None:
        pending = b""
        while chunk := os.read(_STDIN, 1 << 16):
            *lines, pending = (pending + chunk).split(b"\n")
            for line in filter(bytes.strip, lines):
                loop.call_soon_threadsafe(answer, line)
        loop.call_soon_threadsafe(end)

    threading.Thread(target=read, name="control", daemon=True).start()
