"""What tests of pages share: a page is sound, a run with measurements, and hostile text."""

from html.parser import HTMLParser

from app.kinds.lottery.spec import LotteryKey
from tests.app.conftest import Hand

PAGES = ("/", "/new", "/new?preset=lenet-quick", "/presets", "/workers", "/bin", "/protocol", "/glossary")
TABS = ("curves", "training", "movement", "spec", "log")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> &amp; 🎟️ {{ 7 * 7 }}"
HTML = {"Accept": "text/html"}


class Markup(HTMLParser):
    """What a page is made of: ids, inline code, outside addresses, and the names that inputs go by."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.inline: list[str] = []
        self.outside: list[str] = []
        self.open: list[str] = []
        self.labelled: set[str] = set()
        self.inputs: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids += [values["id"] or ""] if "id" in values else []
        self.inline += [name for name in values if name == "style" or name.startswith("on")]
        if (tag == "script" and "src" not in values) or tag == "style":
            self.inline.append(tag)
        source = values.get("src") or (values.get("href") if tag == "link" else None) or ""
        if source and not source.startswith("/"):
            self.outside.append(source)
        if tag == "label":
            self.labelled.add(values.get("for") or "")
        if tag in ("input", "textarea", "select") and values.get("type") != "hidden":
            self.inputs.append({**values, "inside": "label" if "label" in self.open else None})
        if tag not in ("input", "link", "meta", "br", "img", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass


def sound(text: str) -> None:
    """A page holds nothing inline, nothing from elsewhere, no id twice and no input without a label."""
    page = Markup(text)
    assert page.inline == []
    assert page.outside == []
    assert sorted(page.ids) == sorted(set(page.ids))
    for field in page.inputs:
        assert field["inside"] or field.get("aria-label") or field.get("id") in page.labelled, field


def measured(hand: Hand) -> str:
    """A run with a dense network, two levels of tickets and a control; returns its id."""
    run = hand.run(branches=[{"kind": "reinit"}])
    for level, density, accuracy in ((0, 1.0, 0.91), (1, 0.64, 0.92), (2, 0.41, 0.90)):
        hand.outcome(level, density, accuracy)
        hand.measure(
            "layers", LotteryKey(level=level), layer=[0.0, 1.0], kept=[12 * density, 6 * density], total=[12.0, 6.0]
        )
        hand.measure(
            "evaluation", LotteryKey(level=level), step=[0.0, 1000.0], train_loss=[float("nan"), 0.1],
            validation_loss=[2.3, 0.3], validation_accuracy=[0.1, accuracy], test_loss=[2.3, 0.3],
            test_accuracy=[0.1, accuracy],
        )  # fmt: skip
    return run.id
