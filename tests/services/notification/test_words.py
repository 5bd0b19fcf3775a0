"""Words: whole in both languages, and facts that never become templates."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import msgspec
import pytest

from shikanji.kit.clock import from_datetime
from shikanji.services.notification import wording
from shikanji.services.notification.errors import Refused, TemplateUnfit
from shikanji.services.notification.model.kinds import KINDS, may_decline
from shikanji.services.notification.model.masks import masked
from shikanji.services.notification.model.quiet import QuietHours
from shikanji.services.notification.model.words import SAMPLE, Facts, Language, Words
from shikanji.services.notification.wording.facts import first_name, rupees

ATTACKS = [
    "{{ 7 * 7 }}",
    "{% for x in range(10**9) %}x{% endfor %}",
    "{{ ''.__class__.__mro__ }}",
    "</p><script>alert(1)</script>",
    "{# comment #}",
]


@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_that_can_be_sent(kind: str, language: Language) -> None:
    words = wording.OWN[language][kind]
    wording.check_words(words)

    rendered = wording.render(words, SAMPLE)

    assert rendered.title
    assert rendered.text
    if words.sms is not None and rendered.sms is not None:
        wording.require_registered(words.sms, rendered.sms)
    plain = wording.render(words, Facts())
    assert "{" not in plain.title + plain.text


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_fact_is_never_a_template_and_in_a_mail_never_markup(attack: str) -> None:
    facts = msgspec.structs.replace(SAMPLE, name=attack, title=attack, text=attack, lines=((attack, 1, "₹1.00"),))

    for kind in ("welcome", "announcement"):
        rendered = wording.render(wording.OWN["en"][kind], facts)
        assert attack in rendered.title + rendered.text
        html = wording.render_html(rendered, facts, "en")
        assert "<script>" not in html
        assert "49" not in rendered.title


@pytest.mark.parametrize(
    "source",
    [
        "{{ name.__class__ }}",
        "{{ name|upper }}",
        "{{ name() }}",
        "{{ password }}",
        "{{ lines }}",
        "{% for x in name %}{{ x }}{% endfor %}",
        "{% set x = 1 %}hello",
        "{% include 'x' %}",
        "{% import 'os' as os %}",
        "{{ 7 * 7 }}",
        "{{ name",
        "{% if name == 1 %}x{% endif %}",
        " ",
    ],
)
def test_words_that_do_more_than_name_facts_are_refused(source: str) -> None:
    with pytest.raises(TemplateUnfit):
        wording.check_words(Words(title="Hello", body=source))


@pytest.mark.parametrize(
    "sms",
    [
        "Your order {#var#} is ready.",
        " Your order {{ order }} is ready.",
        "Order {{ order }} is ready.{# soon #}",
        "Your order {{- order }} is ready.",
        "Your order {{\norder }} is ready.",
        "{% if order %}Your order is ready.{% endif %}",
    ],
)
def test_an_sms_that_would_never_fit_its_registered_text_is_refused(sms: str) -> None:
    with pytest.raises(TemplateUnfit) as refused:
        wording.check_words(Words(title="x", body="x", sms=sms))

    assert [error.field for error in refused.value.errors] == ["sms"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Asha Mehta", "Asha"),
        ("आशा मेहता", "आशा"),
        ("Dr. Rao", "Dr"),
        ("D’Souza", "D’Souza"),
        ("क्\u200dयारा", "क्\u200dयारा"),
        ("https://win.example/prize now", ""),
        ("www.win.example", ""),
        ("WIN₹1000", ""),
        ("A" * 31, ""),
        ("", ""),
    ],
)
def test_only_what_can_be_a_name_is_called_out(name: str, shown: str) -> None:
    """Anybody may register anything under somebody else's address, and we would write it there."""
    assert first_name(name) == shown


def test_an_sms_is_one_line_with_short_facts_as_it_is_registered() -> None:
    words = Words(title="x", body="x", sms="Order {{ order }} for {{ name }} is ready.")
    facts = msgspec.structs.replace(SAMPLE, name="A\nvery " + "long " * 20)

    rendered = wording.render(words, facts)

    assert wording.dlt_text(words.sms or "") == "Order {#var#} for {#var#} is ready."
    assert "\n" not in (rendered.sms or "")
    wording.require_registered(words.sms or "", rendered.sms or "")
    with pytest.raises(Refused):
        wording.require_registered(words.sms or "", "Order 7 for Asha is ready. Buy more!")
    with pytest.raises(Refused):
        wording.require_registered("{{ code }} is it.", f"{'9' * 31} is it.")


@pytest.mark.parametrize(
    ("paise", "text"),
    [(0, "₹0.00"), (5, "₹0.05"), (99_900, "₹999.00"), (12_345_678, "₹1,23,456.78"), (-100, "−₹1.00")],
)
def test_amounts_are_written_as_in_india(paise: int, text: str) -> None:
    assert rupees(paise) == text


@pytest.mark.parametrize(
    ("recipient", "shown"),
    [("asha@shop.test", "as…@shop.test"), ("a@b.test", "…@b.test"), ("+919876543210", "+91…10"), ("token", "…")],
)
def test_little_is_kept_of_an_address(recipient: str, shown: str) -> None:
    assert masked(recipient) == shown


@pytest.mark.parametrize(
    ("begins", "ends", "now", "over"),
    [
        ("21:00", "10:00", "20:59", "20:59"),
        ("21:00", "10:00", "21:00", "next 10:00"),
        ("21:00", "10:00", "03:00", "10:00"),
        ("21:00", "10:00", "10:00", "10:00"),
        ("13:00", "15:00", "14:00", "15:00"),
        ("00:00", "00:00", "03:00", "03:00"),
    ],
)
def test_quiet_hours_end_in_the_morning(begins: str, ends: str, now: str, over: str) -> None:
    zone = ZoneInfo("Asia/Kolkata")

    def at(clock: str) -> int:
        day, _, hour = clock.rpartition(" ")
        local = datetime.combine(datetime(2026, 11, 23 if day else 22, tzinfo=zone), time.fromisoformat(hour), zone)
        return from_datetime(local)

    quiet = QuietHours(time.fromisoformat(begins), time.fromisoformat(ends))

    assert quiet.over_at(at(now), zone) == at(over)


def test_what_must_be_heard_cannot_be_declined() -> None:
    assert not may_decline("email", "account")
    assert not may_decline("in-app", "orders")
    assert may_decline("email", "orders")
    assert may_decline("in-app", "marketing")
