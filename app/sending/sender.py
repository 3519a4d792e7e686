"""Sends what is due: a thread in every web process; the store gives each delivery to one of them at a time."""

import smtplib

from app.periodic import Periodic
from app.records.notices import Delivery
from app.sending import mail, webhook
from app.sending.addresses import RefusedError
from app.settings import Settings
from app.store import Store

EVERY_S = 2.0


class Sender(Periodic):
    """Every few seconds: takes what is due, sends it, and notes what became of it.

    What it took when it was killed is due again later: a message may come twice then, and none is lost.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        super().__init__("sender", self.look, EVERY_S)

    def look(self) -> None:
        """Send all that is due."""
        for delivery in self._store.due_deliveries():
            if self.stopping:
                return
            try:
                self._send(delivery)
            except RefusedError as error:
                self._store.note_delivery(delivery, str(error), final=True)
            except (OSError, smtplib.SMTPException) as error:
                self._store.note_delivery(delivery, str(error) or type(error).__name__)
            else:
                self._store.note_delivery(delivery)

    def _send(self, delivery: Delivery) -> None:
        settings, text = self._settings, delivery.text
        if settings.url and delivery.key:
            text += f"\n{settings.url.rstrip('/')}/{delivery.what}s/{delivery.key}"
        if delivery.kind == "webhook":
            # Slack reads these three as the beginnings of links and mentions.
            escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            webhook.post(delivery.target, escaped, settings.webhook_allow)
        else:
            message_id = f"<{delivery.id}.{delivery.key or 'test'}@ticketscope>"
            mail.send(settings.smtp_url.get_secret_value(), settings.mail_from, delivery.target, text, message_id)
