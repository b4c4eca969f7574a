"""What must be seen nowhere: not in a log, a receipt, an error or the warehouse."""

from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus


@dataclass
class Secrets:
    """The secrets of a source.

    sent:   what goes with each request; '' where nothing does, or nothing yet.
    others: what is as secret: of an OAuth client its own secret, and the tokens of before.
    """

    sent: str = field(default="", repr=False)
    others: set[str] = field(default_factory=set, repr=False)

    def send(self, secret: str) -> None:
        """Let another secret go with the requests; the one before stays secret."""
        self.others.add(self.sent)
        self.sent = secret

    def redact(self, text: str) -> str:
        """`text` with *** instead of each secret."""
        for form in self._forms():
            text = text.replace(form, "***")
        return text

    def stand_in(self, text: str) -> bool:
        """Whether one of them stands in `text`."""
        return self.redact(text) != text

    def _forms(self) -> list[str]:
        """The secrets as they may stand in a text: as they are, and in an address; the longest
        first."""
        forms = {
            form
            for secret in {self.sent, *self.others}
            for form in (secret, quote(secret, safe=""), quote(secret), quote_plus(secret))
        }
        return sorted(forms - {""}, key=len, reverse=True)
