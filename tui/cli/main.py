"""The command line: it decides whether the screens open or a command runs, and what the process ends with.

Imports are local on purpose: `vbem --help` and the first painted login load nothing they do not need.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING

from tui import sanitize
from tui.cli.commands import build_parser, command_named
from tui.cli.exit_codes import ExitCode, code_of_error
from tui.cli.options import Parser, start_options, usage_error_json, with_times_joined
from tui.config import StartOptions, bare_fingerprint
from tui.errors import VbemError, sentences_of
from tui.terminal.capabilities import show_what_the_terminal_has, why_no_screens

if TYPE_CHECKING:
    from tui.cli.logon import Command

_WATCHING = ("TEXTUAL", "TEXTUAL_DEBUG", "TEXTUAL_LOG", "SSLKEYLOGFILE", "PYTHONASYNCIODEBUG")
"""With these, Textual logs each key pressed, the password's too; ssl and asyncio log even more."""
LEAVE_S = 2.0
"""How long the end waits for what does not end by itself."""
_SIGNALS = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


def _open_standard_streams() -> None:
    """Let a stream that is closed lead nowhere: the next file that is opened would take its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # takes the lowest number, this one
        if getattr(sys, name) is None:
            stream = os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False)
            setattr(sys, name, stream)


def _keep_secrets_in() -> None:
    """Switch off debugging aids and core files: both could write a password down."""
    for name in _WATCHING:
        os.environ.pop(name, None)
    with suppress(OSError, ValueError):  # a hard limit may be lower than what is asked for
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run_screens(start: StartOptions, *, mouse: bool) -> int:
    """Run the screens until somebody leaves; return the exit code."""
    gc.disable()  # until the first frame: a tenth of the time to it goes into looking at modules for garbage
    from tui.app import VbemApp

    app = VbemApp(start)
    # A loop of our own: `asyncio.run` waits for every thread at the end, five minutes long.
    loop = asyncio.new_event_loop()
    try:
        app.run(mouse=mouse, loop=loop)
    finally:
        _close(loop)
    _last_word(app.farewell)
    return app.exit_code


def _last_word(words: str) -> None:
    """Say it where the screens were, if that terminal is still there."""
    try:
        if words:
            shown = "\n".join(map(sanitize.safe, words.splitlines()))
            print(shown, file=sys.stderr)  # noqa: T201 - the last word after the screens are gone
        sys.stderr.flush()
    except OSError:
        # What is still in the buffer would turn the exit code into Python's own 120.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stderr.fileno())
        os.close(nowhere)


@contextmanager
def _embedded(start: StartOptions, *, incident: bool) -> Iterator[str]:
    """Run the embedded server beside what is inside, and make it the one to log on to; give its fingerprint.

    Raises:
        DemoUnavailable: it did not start.
    """
    from tui import timefmt
    from tui.demo.child import embedded_server

    switches = ("--incident",) if incident else ()
    with embedded_server(identity_folder=start.folders.state / "server", options=switches) as ready:
        start.proxy = ""  # nobody's proxy leads to this host's loopback interface
        start.ca_file = None
        start.server = ready["url"].removeprefix("https://").rstrip("/")
        start.user = ready["user"]
        start.password_hint = ready["password"]
        start.note = (
            "This is the embedded demo server: nothing here is real.\n"
            f"Its password, {ready['password']}, is filled in. Press Enter to log on.\n"
            f"Its certificate's fingerprint begins with {ready['fingerprint'][:23]}: compare, then trust."
        )
        if incident:
            moment = datetime.fromisoformat(ready["incident"])
            start.note += f"\nAn incident to play: since {timefmt.both(moment)} all is encrypted."
        yield ready["fingerprint"]


def _refuse(sentence: str) -> int:
    if Parser.wants_json:
        print(usage_error_json(sentence))  # noqa: T201 - there is no output yet
    print(f"vbem: {sanitize.safe(sentence)}", file=sys.stderr)  # noqa: T201 - the command line speaks on stderr
    return ExitCode.USAGE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Args:
        arguments: None for those of this process, which then ends even if one of its threads hangs.
    """
    _open_standard_streams()
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:  # while it starts; later Ctrl+C is a key, or a signal that a command handles
        _last_word("vbem: Stopped by Ctrl+C. Nothing was sent.")
        code = ExitCode.INTERRUPTED
    if arguments is None:
        _end_threads(code)
    return code


def _run(words: list[str]) -> int:
    show_what_the_terminal_has()
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    if words[:1] == ["demo-server"]:
        return _demo_server(words[1:])
    Parser.wants_json = "--json" in words
    options = build_parser().parse_args(with_times_joined(words))
    _keep_secrets_in()
    try:
        start = start_options(options)
        _open_log(start)
        if options.command is not None or options.plain:
            return _run_command(options, start)
        return _open_screens(options, start)
    except VbemError as error:
        return _refuse(sentences_of(error))
    except ValueError as error:
        return _refuse(str(error))


def _open_log(start: StartOptions) -> None:
    """Raise ValueError where the log cannot be written: that is better known before the password is typed."""
    if start.log_file is None:
        return
    from tui.crash_report import open_log

    def secrets() -> list[str]:
        found = [*start.secrets, start.password_hint]
        return [*found, *(secret for source in start.secret_sources for secret in source())]

    try:
        open_log(start.log_file, start.log_level, secrets)
    except OSError as error:
        raise ValueError(f"The log {start.log_file} cannot be written: {error.strerror or error}.") from error


def _open_screens(options: argparse.Namespace, start: StartOptions) -> int:
    if reason := _why_no_screens():
        return _refuse(reason)
    return _run_demo(options, start) if start.folders.demo else run_screens(start, mouse=options.mouse)


def _why_no_screens() -> str:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):  # Textual draws on standard error
        return "The screens need a terminal: run vbem in one (over SSH: ssh -t), or see vbem --help."
    return why_no_screens(os.environ)


def _run_demo(options: argparse.Namespace, start: StartOptions) -> int:
    from tui.demo.child import DemoUnavailable

    try:
        with _embedded(start, incident=getattr(options, "incident", False)):
            return run_screens(start, mouse=options.mouse)
    except (DemoUnavailable, OSError) as error:
        return _refuse(f"The embedded server did not start. {error}")


def _run_command(options: argparse.Namespace, start: StartOptions) -> int:
    """Run one command to its end; whatever ends it, it ends with its code and a sentence."""
    from tui.cli.logon import Command
    from tui.cli.output import Output, Terminal

    out = Output(is_json=getattr(options, "json", False))
    terminal = Terminal(sys.stdin.isatty() and sys.stderr.isatty())
    command = Command(options=options, start=start, out=out, terminal=terminal)
    code = _on_demo(command) if start.folders.demo else _until_ended(command)
    out.clear_progress()
    if out.why_lost:
        out.say(f"The output could not be written: {out.why_lost}.")
        return max(code, ExitCode.FAILED)
    return code


def _on_demo(command: Command) -> int:
    from tui.demo.child import DemoUnavailable

    try:
        with _embedded(command.start, incident=getattr(command.options, "incident", False)) as fingerprint:
            command.start.fingerprint = bare_fingerprint(fingerprint)
            return _until_ended(command)
    except (DemoUnavailable, OSError) as error:
        return _refuse(f"The embedded server did not start. {error}")


def _until_ended(command: Command) -> int:
    name = command.options.command or "plain"
    known = command_named(name)
    loop = asyncio.new_event_loop()
    stopped: list[signal.Signals] = []
    try:
        function = getattr(import_module(f"tui.cli.{known.module}"), known.function)
        task = loop.create_task(function(command))

        def stop(number: signal.Signals) -> None:
            stopped.append(number)
            task.cancel()

        for number in _SIGNALS:
            loop.add_signal_handler(number, stop, number)
        return int(loop.run_until_complete(task))
    except asyncio.CancelledError:
        number = stopped[0] if stopped else signal.SIGTERM
        words = "Ctrl+C" if number is signal.SIGINT else "a signal to end"
        return _ended_by(command, VbemError("", title=f"Stopped by {words}"), _SIGNALS[number])
    except VbemError as error:
        return _ended_by(command, error, code_of_error(error))
    except Exception as error:  # noqa: BLE001 - the outer edge: a crash is never 0, and leaves a report
        from tui.crash_report import report_crash

        secrets = (*command.start.secrets, command.start.password_hint)
        path = report_crash(command.start.folders.state, error, filter(None, secrets))
        words = f"vbem stopped because of a bug. Report: {path}"
        return _ended_by(command, VbemError("", title=words), ExitCode.CRASH)
    finally:
        _close(loop)


def _ended_by(command: Command, error: VbemError, code: ExitCode) -> int:
    """Say what ended a command, as JSON, too, where that is wanted and nothing was written yet."""
    command.out.say(f"vbem: {sentences_of(error)}")
    if not command.out.has_document:
        facts = {"title": error.title, "detail": error.detail, "hint": error.hint, "exit_code": int(code)}
        array = command_named(command.options.command or "plain").array
        command.out.document(array, command.sent, error=facts)
    return code


def _close(loop: asyncio.AbstractEventLoop) -> None:
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.wait(left, timeout=LEAVE_S) if left else asyncio.sleep(0))
    loop.close()


def _end_threads(code: int) -> None:
    """End the process where a thread does not end: one that asks a resolver can wait for minutes."""
    deadline = time.monotonic() + LEAVE_S
    others = [one for one in threading.enumerate() if one is not threading.main_thread() and not one.daemon]
    for thread in others:
        thread.join(max(0.0, deadline - time.monotonic()))
    if any(thread.is_alive() for thread in others):
        _last_word("The system did not answer, to a name lookup most likely; that was not waited for.")
        os._exit(code)


def _demo_server(words: list[str]) -> int:
    from tui.demo import command

    parser = Parser(prog="vbem demo-server", description="Run the embedded Enterprise Manager alone.")
    command.add_options(parser)
    return command.run(parser.parse_args(words))
