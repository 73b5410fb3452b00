"""Alerts by mail: one to each receiver, plain text, TLS or nothing, and no word about us.

aiosmtplib takes TLS only if it is told to insist (`start_tls=True`), and greets with the name of
this machine unless it is given another.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as MAIL_LINES
from email.utils import formatdate
from pathlib import Path
from typing import NamedTuple

import aiosmtplib
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
)

from service.domain.alert import Ending
from service.domain.errors import InvalidRequest
from service.domain.outgoing import Attempt, Outgoing
from service.settings import Settings

SECONDS = 20.0
"""For each answer of the server."""
MAX_ADDRESS = 254
"""Characters (RFC 5321, 4.5.3.1)."""
_ADDRESS = re.compile(r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64})@([^@\s]{1,253})")
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+")
_PERMANENT = 500
_CLOSING = 421
"""The server ends the connection (RFC 5321, 3.8)."""


class MailServer(NamedTuple):
    """The operator's mail server."""

    host: str
    port: int
    implicit_tls: bool
    """TLS from the first byte; else STARTTLS, without which nothing is sent."""
    user: str
    password_file: str
    sender: str


def server_of(settings: Settings) -> MailServer | None:
    """Return the server that takes mails, None if the operator has named none."""
    if not settings.mail_host:
        return None
    return MailServer(
        settings.mail_host,
        settings.mail_port,
        settings.mail_tls == "implicit",
        settings.mail_user,
        settings.mail_password_file,
        settings.mail_sender,
    )


def address(untrusted: str) -> str:
    """Return a mail address with its domain in ASCII. Raises InvalidRequest."""
    found = _ADDRESS.fullmatch(untrusted.strip())
    try:
        domain = found[2].encode("idna").decode().lower() if found else ""
    except UnicodeError:
        domain = ""
    if not found or not _HOST.fullmatch(domain) or len(found[1]) + len(domain) >= MAX_ADDRESS:
        raise InvalidRequest("This is not a mail address. It is like name@example.org.")
    return f"{found[1]}@{domain}"


def mailbox(known: str) -> str:
    """Return what several spellings of one mailbox have in common, to count what is sent there."""
    name, _, domain = known.lower().rpartition("@")
    return f"{name.partition('+')[0].replace('.', '')}@{domain}"


async def send(server: MailServer, messages: Sequence[Outgoing]) -> list[Attempt]:
    """Send each message; return how each ended, in order. They share connections to the server."""
    attempts: list[Attempt] = []
    client: aiosmtplib.SMTP | None = None
    try:
        for one in messages:
            if client is None or not client.is_connected:
                client, failed = await _connected(server)
                if client is None:
                    left = len(messages) - len(attempts)
                    return attempts + [failed] * left
            attempts.append(await _send(client, server.sender, one))
    finally:
        if client is not None and client.is_connected:
            await _leave(client)
    return attempts


async def _connected(server: MailServer) -> tuple[aiosmtplib.SMTP | None, Attempt]:
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.implicit_tls,
        start_tls=not server.implicit_tls,
        tls_context=ssl.create_default_context(),
        username=server.user or None,
        password=_password(server) if server.user else None,
        local_hostname=server.sender.rpartition("@")[2],
        timeout=SECONDS,
    )
    try:
        await client.connect()
    except SMTPAuthenticationError:
        return None, Attempt(Ending.FAILED, "login")
    except (SMTPException, OSError, ValueError) as err:
        return None, Attempt(Ending.FAILED, _unconnected(err))
    return client, Attempt(Ending.SENT)


def _unconnected(err: Exception) -> str:
    """Return why there is no connection, for the operator."""
    if isinstance(err, ssl.SSLError) or isinstance(err.__cause__, ssl.SSLError):
        return "certificate"
    return "no TLS there" if type(err) is SMTPException else "server"  # of what aiosmtplib lacks


def _password(server: MailServer) -> str:
    try:
        return Path(server.password_file).read_text().strip()
    except OSError:
        return ""  # the server then refuses, which the operator reads


async def _send(client: aiosmtplib.SMTP, sender: str, one: Outgoing) -> Attempt:
    """Send one message by itself, so that it is known how far it came."""
    is_begun = False
    try:
        await client.mail(sender)
        await client.rcpt(one.address)
        is_begun = True
        await client.data(_written(sender, one))
    except SMTPResponseException as err:
        return await _refused(client, err, is_begun=is_begun)
    except (SMTPException, OSError):
        client.close()
        return Attempt(Ending.UNKNOWN if is_begun else Ending.FAILED, "server")
    return Attempt(Ending.SENT)


async def _refused(
    client: aiosmtplib.SMTP, err: SMTPResponseException, *, is_begun: bool
) -> Attempt:
    """What the server's refusal means: only one of this receiver is for good."""
    if err.code == _CLOSING or err.code < 0:
        client.close()
    else:
        with contextlib.suppress(SMTPException, OSError):
            await client.rset()
    of_receiver = is_begun or isinstance(err, SMTPRecipientRefused)
    ending = Ending.REFUSED if of_receiver and err.code >= _PERMANENT else Ending.FAILED
    return Attempt(ending, f"answer {err.code}")


async def _leave(client: aiosmtplib.SMTP) -> None:
    with contextlib.suppress(SMTPException, OSError):
        async with asyncio.timeout(2):
            await client.quit()
    client.close()


def _written(sender: str, one: Outgoing) -> bytes:
    """Return a mail that says nothing of us but the address that the operator has chosen."""
    mail = EmailMessage(MAIL_LINES)
    name, _, domain = sender.rpartition("@")
    mail["From"] = Address(username=name, domain=domain)
    mail["To"] = Address(addr_spec=one.address)
    mail["Subject"] = one.message.subject
    mail["Date"] = formatdate(usegmt=True)
    mail["Message-ID"] = f"<{one.reference}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: so no machine answers
    mail.set_content(one.message.text + "\n", cte="quoted-printable")
    return mail.as_bytes()
