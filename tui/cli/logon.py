"""Logging a command on and off: the session of the keyring first, else a password, from where it is said.

Nothing is asked where there is no terminal, and a password is never an argument.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tui.api.errors import BadLogin, CertificateChanged, NameNotFound, UnknownCertificate
from tui.api.models import ServerAddress
from tui.cli.exit_codes import CommandError, ExitCode
from tui.cli.output import Output, Terminal
from tui.crash_report import report_crash
from tui.errors import VbemError, describe
from tui.services import Services
from tui.session import Connection
from tui.store.last_logon import remember_logon

if TYPE_CHECKING:
    from tui.config import StartOptions
    from tui.recovery.service import RecoveryService
    from tui.restores.service import RestoreService

PASSWORD_COMMAND_S = 60.0
"""How long the operator's command for the password may take: it may ask for a touch of a key."""
MOST_PASSWORD_BYTES = 10_000
PIPE_S = 2.0
"""How long the pipe of a command is emptied at most, once its password was read."""


@dataclass(kw_only=True)
class Command:
    """One command as it was given."""

    options: argparse.Namespace
    start: StartOptions
    out: Output
    terminal: Terminal
    sent: list[dict[str, object]] = field(default_factory=list)
    """Restores that were sent before the command was stopped, for its JSON."""
    logon: LoggedOn | None = None
    """A logon that others use as well; None: the command logs on itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOn:
    """What a logon gives a command."""

    services: Services
    connection: Connection
    restores: RestoreService
    recovery: RecoveryService


@asynccontextmanager
async def logged_on(command: Command) -> AsyncIterator[LoggedOn]:
    """Log on, and off again at the end where this command logged on itself.

    A restore that is in flight when the command ends, by Ctrl+C too, goes on at the server, and that is said.
    Its task belongs to the logon session, so this is kept while a launch is not over.

    Raises:
        CommandError: there is no password, the server is not named, or the certificate is not accepted.
        ManagerError: as logging on raises.
    """
    if command.logon is not None:
        yield command.logon
        return
    services = Services(command.start)
    services.on_failure = lambda doing, error: _report(command, services, doing, error)
    services.watch_again = "vbem tasks --watch follows"
    services.on_notice = lambda text, kind: command.out.say(text) if kind == "bad" else None
    connection = services.connect(_address(command))
    try:
        is_resumed = await _enter(command, connection)
        await services.make_ready()
    except NameNotFound as error:
        await connection.leave()
        names = ", ".join(command.start.settings.servers)
        hint = f"Check the name; the settings have: {names}." if names else ""
        raise NameNotFound(error.detail, hint=hint) from error
    except BaseException:
        await connection.leave()
        raise
    services.ask_for_password = partial(_log_on_again, command, connection)
    services.admit(connection)
    restores, recovery = services.restores, services.recovery
    for notice in services.notices:
        command.out.say(notice)
    try:
        if restores is None or recovery is None:
            raise CommandError("", code=ExitCode.FAILED, title="There is nothing to restore with")
        if words := await recovery.load():
            command.out.say(
                f"{words}: Tasks on the screens offers them again, and vbem plan run with --rest."
            )
        yield LoggedOn(services=services, connection=connection, restores=restores, recovery=recovery)
    finally:
        await _leave(command, services, is_resumed=is_resumed)


async def _log_on_again(command: Command, connection: Connection) -> bool:
    """Log on again where the session has ended in the middle; return whether there is one."""
    command.out.say("The logon session has ended.")
    try:
        await connection.log_on_again(await password_of(command))
    except VbemError as error:
        command.out.say(describe("log on again", error))
        return False
    return True


def _report(command: Command, services: Services, doing: str, error: BaseException) -> None:
    path = report_crash(services.folders.state, error, services.secrets)
    command.out.say(f"An unexpected error occurred while trying to {doing}. Report: {path}")


def _address(command: Command) -> ServerAddress:
    if not command.start.server:
        raise CommandError(
            "",
            code=ExitCode.USAGE,
            title="No server is named",
            hint="Name one with --server HOST, VBEM_SERVER or the settings.",
        )
    try:
        return ServerAddress.parse(command.start.server)
    except ValueError as error:
        raise CommandError(str(error), code=ExitCode.USAGE, title="This is no address of a server") from error


async def _enter(command: Command, connection: Connection) -> bool:
    """Settle trust, then log on; return whether the session is one that was kept."""
    out, user = command.out, command.start.user
    out.progress(f"Connecting to {connection.address} ...")
    await _settle_trust(command, connection)
    if await connection.has_kept_session(user if command.start.sources.get("user") else ""):
        out.progress(f"Checking the saved logon session on {connection.address} ...")
        if await connection.resume():
            out.clear_progress()
            return True
        out.say("The saved logon session has ended.")
    elif connection.unread:
        out.say(f"The saved logon session could not be read: {connection.unread}.")
    if not user:
        user = command.terminal.ask("User: ") if command.terminal.can_ask else ""
    if not user:
        raise CommandError(
            "",
            code=ExitCode.USAGE,
            title="No user is named",
            hint="Name one with --user, VBEM_USER or the settings.",
        )
    password = await password_of(command)
    out.progress(f"Logging on to {connection.address} ...")
    try:
        await connection.log_on(user, password)
    except BadLogin as error:
        raise CommandError(
            f"{error.detail} Nothing is tried a second time.", code=ExitCode.NOT_ALLOWED, title=error.title
        ) from error
    out.clear_progress()
    return False


async def _settle_trust(command: Command, connection: Connection) -> None:
    """Let only a certificate through that is known, or that a person at the terminal compares.

    Raises:
        CommandError: it is not accepted.
    """
    try:
        certificate = await connection.look()
    except CertificateChanged as error:
        if command.start.fingerprint:
            raise CommandError(
                f"It is {error.certificate.fingerprint}, and not the one of --fingerprint.",
                code=ExitCode.NOT_ALLOWED,
                title="The server's certificate is another one",
                hint="Compare it with what the administrator of the server says.",
            ) from error
        raise
    if certificate is None:
        return
    unknown = CommandError(
        f"{certificate.problem} Its SHA-256 fingerprint is {certificate.fingerprint}.",
        code=ExitCode.NOT_ALLOWED,
        title=UnknownCertificate.title,
        hint="Compare it, then give it with --fingerprint, or trust it once in the screens.",
    )
    if not command.terminal.can_ask:
        raise unknown
    command.out.say(f"{UnknownCertificate.title}: {unknown.detail}")
    if command.terminal.ask("Compare the fingerprint. Trust it from now on? Type trust: ") != "trust":
        raise unknown
    connection.trust(certificate)


async def password_of(command: Command) -> str:
    """Return the password, from the one source that is named, else from the terminal.

    Raises:
        CommandError: there is none.
    """
    start = command.start
    if start.password_hint:
        return start.password_hint
    if start.password_fd is not None:
        return _first_line(await asyncio.to_thread(_read_fd, start.password_fd), "--password-fd")
    if start.password_command:
        return await _password_by_command(start.password_command, start.sources["password_command"])
    if not command.terminal.can_ask:
        raise CommandError(
            "There is no saved logon session, no password and no terminal to ask for one.",
            code=ExitCode.NOT_ALLOWED,
            title="Nobody is logged on",
            hint="Give --password-command or --password-fd, or log on once in the screens.",
        )
    return command.terminal.ask_secret("Password: ")


def _read_fd(descriptor: int) -> bytes:
    parts, size = [], 0
    while size <= MOST_PASSWORD_BYTES and (part := os.read(descriptor, 4096)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


async def _password_by_command(text: str, source: str) -> str:
    """Run the operator's command, without a shell, and return the first line it prints."""
    failed = f"The command of {source}"
    try:
        words = shlex.split(text) or [""]
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            # Its own questions and errors reach the operator; what it prints does not.
            stderr=None,
        )
    except (ValueError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise _no_password(f"{failed} cannot be run: {why}.") from error
    try:
        async with asyncio.timeout(PASSWORD_COMMAND_S):
            printed = await _read_out(process)
            if len(printed) <= MOST_PASSWORD_BYTES:
                await process.wait()
    except TimeoutError as error:
        raise _no_password(f"{failed} did not end in {PASSWORD_COMMAND_S:.0f} s.") from error
    finally:
        if process.returncode is None:
            process.kill()
        # What nobody has read keeps the pipe open; a child of the command may go on filling it.
        with suppress(TimeoutError):
            async with asyncio.timeout(PIPE_S):
                await process.communicate()
    if process.returncode and len(printed) <= MOST_PASSWORD_BYTES:
        raise _no_password(f"{failed} ended with {process.returncode}.")
    return _first_line(printed, failed)


async def _read_out(process: asyncio.subprocess.Process) -> bytes:
    """Return what a command prints up to its end, or somewhat more than any password has."""
    printed = b""
    while (
        process.stdout and len(printed) <= MOST_PASSWORD_BYTES and (part := await process.stdout.read(4096))
    ):
        printed += part
    return printed


def _first_line(content: bytes, source: str) -> str:
    if len(content) > MOST_PASSWORD_BYTES:
        raise _no_password(f"{source} gives too much.")
    try:
        password = content.decode().partition("\n")[0].removesuffix("\r")
    except UnicodeDecodeError as error:
        raise _no_password(f"{source} gives no UTF-8.") from error
    if not password:
        raise _no_password(f"{source} gives nothing.")
    return password


def _no_password(why: str) -> CommandError:
    return CommandError(
        why,
        code=ExitCode.NOT_ALLOWED,
        title="There is no password",
        hint="Check what gives the password.",
    )


async def _leave(command: Command, services: Services, *, is_resumed: bool) -> None:
    """Say what goes on, and end the logon session where this command began it and nothing needs it."""
    if words := services.what_goes_on:
        command.out.say(words)
    is_launching = any(not one.session_uid for one in services.in_flight)
    if is_resumed or is_launching:
        if services.connection is not None:
            # The next command finds the session by who logged on last.
            server, user = services.connection.server, services.connection.user
            with suppress(VbemError):
                await asyncio.to_thread(remember_logon, services.folders.state, server, user)
        note = await services.close()
        if is_launching and not is_resumed:
            note = (
                note or "The logon session is left alive: the task that launches the restore belongs to it."
            )
    else:
        note = await services.log_off()
        note = "" if note == "Logged off." else note
    if note:
        command.out.say(note)


async def log_off(command: Command) -> ExitCode:
    """End the logon session that the keyring holds, at the server and here."""
    services = Services(command.start)
    connection = services.connect(_address(command))
    code = ExitCode.DONE
    try:
        await _settle_trust(command, connection)
        if not await connection.has_kept_session():
            if connection.unread:
                raise CommandError(
                    f"{connection.unread}.",
                    code=ExitCode.FAILED,
                    title="The keyring cannot be read",
                )
            words = f"The keyring holds no logon session for {connection.server}."
        elif not await connection.resume():
            words = "The saved logon session had ended already; its copy was deleted."
        else:
            try:
                await connection.log_off()
                words = connection.log_off_note or "Logged off."
            except VbemError as error:
                words = f"{describe('log off cleanly', error)} {connection.log_off_note}".strip()
                code = ExitCode.FAILED
    finally:
        await connection.leave()
    command.out.lines([words])
    command.out.document("log_off", [{"server": connection.server, "words": words}])
    return code
