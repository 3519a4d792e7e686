"""A message by e-mail, over the SMTP server of the settings."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from app.sending.addresses import RefusedError

TIMEOUT_S = 5.0


def message(sender: str, to: str, text: str, message_id: str) -> EmailMessage:
    """Return a message. Raises RefusedError for an address or subject that would add headers."""
    mail = EmailMessage()
    subject = text.partition("\n")[0]
    try:
        mail["From"], mail["To"], mail["Subject"] = sender, to, f"[Ticketscope] {subject[:150]}"
        mail["Date"], mail["Message-ID"] = formatdate(), message_id
        mail["Auto-Submitted"] = "auto-generated"
    except ValueError as error:
        raise RefusedError(f"e-mail cannot be sent to this address or with this subject: {error}") from error
    mail.set_content(text)
    return mail


def send(smtp_url: str, sender: str, to: str, text: str, message_id: str) -> None:
    """Send by a server such as smtp://name:password@host:587; the id stays the same in each try.

    Raises RefusedError where the settings name no server, OSError or SMTPException for one that fails.
    """
    if not smtp_url or not sender:
        raise RefusedError("no e-mail is sent: set TICKETSCOPE_SMTP_URL and TICKETSCOPE_MAIL_FROM")
    parts = urlsplit(smtp_url)
    mail = message(sender, to, text, message_id)
    secure, host = parts.scheme == "smtps", parts.hostname or "localhost"
    port = parts.port or (465 if secure else 587)
    context = ssl.create_default_context()
    server = (
        smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=context)
        if secure
        else smtplib.SMTP(host, port, timeout=TIMEOUT_S)
    )
    with server:
        server.ehlo_or_helo_if_needed()
        if not secure and server.has_extn("starttls"):
            server.starttls(context=context)
        if parts.username:
            if not secure and not server.has_extn("auth"):
                raise RefusedError(f"{host} takes no login without encryption")
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(mail)
