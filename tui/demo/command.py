"""Runs the server as a process: the ready line, signals, the control channel.

The control channel takes JSON lines on standard input and gives one answer line each, for tests.

| {"do": ...} | answer |
|---|---|
| advance, seconds | now |
| now | now |
| fault, spec / clear-faults / faults-fired | fired: {spec: times}, total |
| requests / clear-requests | requests: what was asked, without secrets |
| restores | restores: what each restore does, as a person on site would see it |
| reset, any options | a fresh world on the same port |
| set, option, value | one switch changed |
| expire-sessions | expired: how many logon sessions there were |
| forget-tasks | forgotten: how many tasks there were |
| remove-point, uid | removed |
| add-point, vm (name), [server] | uid of the new point, made now |
| hold-connections / release-connections | no connection is accepted, open ones end with their reply; again |
| new-certificate, [certificate: good, expired, wrong-name, hostile-name] | fingerprint |
| stop | and the process ends |

Every answer has `ok`; a failed one has `error`.
"""

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
from dataclasses import replace

from tui.demo import options as switches
from tui.demo.colleague import catch_up
from tui.demo.fault_table import epilog, parse
from tui.demo.identity import Identity
from tui.demo.options import (
    CHOICES,
    DEFAULT_USER,
    PASSWORD_VARIABLE,
    Options,
    from_namespace,
    is_loopback,
    own_password,
)
from tui.demo.server import Application, Server
from tui.demo.write_calls import effects

Message = dict[str, object]


class Control:
    """Carries out the lines of the control channel."""

    def __init__(self, server: Server, stop: Callable[[], None]) -> None:
        self._server = server
        self._app = server.application
        self._stop = stop
        self._actions: dict[str, Callable[[Message], Message]] = {
            "advance": self._advance,
            "now": lambda _: self._now(),
            "fault": self._fault,
            "clear-faults": self._clear_faults,
            "faults-fired": lambda _: self._fired(),
            "requests": lambda _: {"requests": list(self._app.requests)},
            "clear-requests": self._clear_requests,
            "restores": lambda _: self._restores(),
            "reset": self._reset,
            "set": self._set,
            "expire-sessions": lambda _: {"expired": self._app.site.logons.expire()},
            "forget-tasks": self._forget_tasks,
            "remove-point": self._remove_point,
            "add-point": self._add_point,
            "new-certificate": self._new_certificate,
            "hold-connections": self._hold_connections,
            "release-connections": self._release_connections,
            "stop": self._end,
        }

    def carry_out(self, line: bytes) -> bytes:
        """Do what one line says; the answer line."""
        try:
            message: object = json.loads(line)
            if not isinstance(message, dict):
                raise ValueError("a line is one JSON object")  # noqa: TRY301, TRY004 - answered just below
            action = self._actions.get(str(message.get("do")))
            if action is None:
                raise ValueError(f"there is no {message.get('do')!r}")  # noqa: TRY301 - answered just below
            answer: Message = {"ok": True, **action(message)}
        except (ValueError, TypeError, KeyError) as error:
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        return json.dumps(answer).encode() + b"\n"

    def _now(self) -> Message:
        return {"now": self._app.site.clock.now().isoformat()}

    def _restores(self) -> Message:
        catch_up(self._app.site)
        return {"restores": effects(self._app.site)}

    def _advance(self, message: Message) -> Message:
        self._app.site.clock.advance(float(str(message["seconds"])))
        return self._now()

    def _fault(self, message: Message) -> Message:
        self._app.faults.add(parse(str(message["spec"])))
        return {}

    def _clear_faults(self, _message: Message) -> Message:
        self._app.faults.clear()
        return {}

    def _fired(self) -> Message:
        fired = self._app.faults.fired()
        return {"fired": fired, "total": sum(fired.values())}

    def _clear_requests(self, _message: Message) -> Message:
        self._app.requests.clear()
        return {}

    def _reset(self, message: Message) -> Message:
        options = self._app.site.options
        for name, value in message.items():
            if name not in {"do", "fault"}:
                options = options.changed(name, value)
        self._app.reset(options)
        faults = message.get("fault", [])
        for spec in faults if isinstance(faults, list) else [faults]:
            self._app.faults.add(parse(str(spec)))
        return self._now()

    def _set(self, message: Message) -> Message:
        self._app.set_option(str(message["option"]), message["value"])
        return {}

    def _forget_tasks(self, _message: Message) -> Message:
        tasks = self._app.site.restores.tasks
        count = len(tasks)
        tasks.clear()
        return {"forgotten": count}

    def _remove_point(self, message: Message) -> Message:
        points = self._app.site.world.points
        number = points.find(str(message["uid"]).rpartition(":")[2].lower())
        if number is None:
            raise ValueError("there is no such point")
        points.remove(number)
        return {"removed": message["uid"]}

    def _add_point(self, message: Message) -> Message:
        site, server = self._app.site, str(message.get("server", ""))
        for vm in site.world.vms:
            if vm.name == message["vm"] and vm.root.server.name.startswith(server):
                number = site.world.points.add(vm, int(site.clock.now().timestamp() * 1_000_000))
                return {"uid": f"urn:veeam:VmRestorePoint:{site.world.points.ids.guid(number)}"}
        raise ValueError("there is no such VM")

    def _new_certificate(self, message: Message) -> Message:
        kind = str(message.get("certificate", "good"))
        if kind not in CHOICES["certificate"]:
            raise ValueError(f"certificate is one of {', '.join(CHOICES['certificate'])}")
        options = self._app.site.options.changed("certificate", kind)
        return {"fingerprint": self._server.renew_certificate(options)}

    def _hold_connections(self, _message: Message) -> Message:
        self._server.hold_connections()
        return {}

    def _release_connections(self, _message: Message) -> Message:
        self._server.release_connections()
        return {}

    def _end(self, _message: Message) -> Message:
        self._stop()
        return {}


_STDIN = 0
_HOST_HELP = f"""host: on another address than loopback the server has a password of its own,
  made anew at each start and printed, or the one in {PASSWORD_VARIABLE}."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the server's switches to a command line, and a list of its faults to the help."""
    switches.add_options(parser)
    parser.epilog, parser.formatter_class = (
        f"{_HOST_HELP}\n\n{epilog()}",
        argparse.RawDescriptionHelpFormatter,
    )


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM, SIGINT, `stop`, or the end of a control channel; the exit code."""
    try:
        chosen = replace(from_namespace(options), password=own_password(options.host, os.environ))
        application = Application(chosen, options.fault)
    except ValueError as error:
        _complain(f"start: {error}")
        return 2
    try:
        identity = Identity(chosen)
    except OSError as error:
        _complain(f"start: {error}")
        return 2
    try:
        return asyncio.run(_serve(options, chosen, application, identity))
    finally:
        identity.remove()


def _complain(what: str) -> None:
    """Say what the server cannot do; what was typed may hold controls of the terminal."""
    shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in what)
    print(f"The embedded server cannot {shown}", file=sys.stderr)  # noqa: T201 - a command's output


_OPEN = (
    "Others can reach this server on {}. Its password is its own: it stands in the line above. "
    f"Set {PASSWORD_VARIABLE} to choose it."
)


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
    except (OSError, OverflowError, TypeError, ValueError) as error:
        where = f"{namespace.host} port {namespace.port}"
        why = error.strerror if isinstance(error, OSError) else error
        _complain(f"listen on {where}: {why}")
        return 2
    _print_ready(server, options)
    if not is_loopback(namespace.host):
        print(_OPEN.format(namespace.host or "every address"), file=sys.stderr)  # noqa: T201 - as above
    if namespace.control:
        _read_control(loop, Control(server, over.set), over.set)
    await over.wait()
    await server.close()
    return 0


def _print_ready(server: Server, options: Options) -> None:
    ready = {
        "url": server.url, "user": DEFAULT_USER, "password": options.password,
        "certificate": str(server.identity.certificate_file), "fingerprint": server.identity.fingerprint,
        "api_version": options.api_version,
    }  # fmt: skip
    if (incident := server.application.site.world.incident) is not None:
        ready["incident"] = incident.isoformat()
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
