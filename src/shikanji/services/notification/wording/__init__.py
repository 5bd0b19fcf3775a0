"""From words and facts to what somebody reads. Facts are data: nothing in them is ever taken for a template."""

import re
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Any, Protocol

import msgspec
from jinja2 import Environment, StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import SandboxedEnvironment

from shikanji.services.notification.errors import Refused, TemplateUnfit
from shikanji.services.notification.model.words import NAMES, SAMPLE, Facts, Language, Words
from shikanji.services.notification.wording.en import EN
from shikanji.services.notification.wording.hi import HI
from shikanji.services.notification.wording.layout import html_layout

OWN: dict[Language, dict[str, Words]] = {"en": EN, "hi": HI}
FOOTER: dict[Language, str] = {
    "en": "You get this message because you have an account with Jain Shikanji. "
    "In the app you can say which messages you want.",
    "hi": "यह संदेश आपको इसलिए मिला है क्योंकि जैन शिकंजी में आपका खाता है। कौन से संदेश चाहिए, यह आप ऐप में चुन सकते हैं।",
}
SMS_FACT_CHARACTERS_MAX = 30
"""What a DLT template lets stand for one `{#var#}`."""
DEPTH_MAX = 12
_PLAIN = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.If)
_BLANKS = re.compile(r"\s+")
_PLACE = re.compile(r"\{\{.*?\}\}")


class Written(Protocol):
    """Words that somebody wrote."""

    @property
    def kind(self) -> str: ...
    @property
    def language(self) -> Language: ...
    @property
    def words(self) -> Words: ...


def chosen(written: Iterable[Written]) -> Callable[[Language, str], Words]:
    """The words that count: what head office wrote, else the platform's own."""
    edited = {(each.language, each.kind): each.words for each in written}
    return lambda language, kind: edited.get((language, kind)) or OWN[language][kind]


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """`sms` None: these words say nothing by SMS."""

    title: str
    text: str
    sms: str | None


def render(words: Words, facts: Facts) -> Rendered:
    given = msgspec.structs.asdict(facts)
    return Rendered(
        title=_BLANKS.sub(" ", _filled(words.title, given)).strip(),
        text=_filled(words.body, given).strip(),
        sms=None if words.sms is None else _sms(words.sms, facts),
    )


def render_html(rendered: Rendered, facts: Facts, language: Language) -> str:
    """A mail. Everything that is filled in is escaped."""
    return _html_template().render(
        title=rendered.title,
        paragraphs=[part for part in rendered.text.split("\n\n") if part],
        lines=facts.lines,
        sums=facts.sums,
        footer=FOOTER[language],
    )


def dlt_text(sms: str) -> str:
    """As it is registered: `Your order {#var#} is ready.`"""
    return _PLACE.sub("{#var#}", sms)


def require_registered(sms: str, text: str) -> None:
    """Raises Refused where `text` is not what `sms` is registered to say: operators would drop it."""
    fixed = (re.escape(part) for part in _PLACE.split(sms))
    if not re.fullmatch(rf"[^\n]{{0,{SMS_FACT_CHARACTERS_MAX}}}".join(fixed), text):
        raise Refused("the text does not fit its DLT template")


def check_words(words: Words) -> None:
    """Raises TemplateUnfit for what is more than names of facts and `if`, or says nothing."""
    for field in ("title", "body", "sms"):
        source = getattr(words, field)
        if source is None:
            continue
        _check(field, source)
        if not _template(source).render(msgspec.structs.asdict(SAMPLE)).strip():
            raise TemplateUnfit.field(field, "says nothing")
    if words.sms is not None:
        _check_sms(words.sms)


def check_code_words(words: Words) -> None:
    """Raises TemplateUnfit where the code does not come out, on whichever way: such a message is of use to nobody."""
    rendered = render(words, Facts(code=SAMPLE.code, minutes=SAMPLE.minutes))
    for field, text in (("body", rendered.text), ("sms", rendered.sms)):
        if text is None or SAMPLE.code not in text:
            raise TemplateUnfit.field(field, "must say the code: {{ code }}")


def _check_sms(sms: str) -> None:
    if "{%" in sms:
        raise TemplateUnfit.field("sms", "has no choices: it is registered word for word")
    try:
        require_registered(sms, _sms(sms, SAMPLE))
    except Refused:
        said = "does not come out as it is registered: text and {{ names }} only, without blanks around it"
        raise TemplateUnfit.field("sms", said) from None


def _check(field: str, source: str) -> None:
    try:
        tree = _environment().parse(source)
    except (TemplateError, RecursionError) as wrong:
        raise TemplateUnfit.field(field, f"is no template: {wrong}") from None
    for node in _all(field, tree, 0):
        if not isinstance(node, _PLAIN):
            raise TemplateUnfit.field(field, f"may hold names and `if` only, not {type(node).__name__.lower()}")
        if isinstance(node, nodes.Name) and node.name not in NAMES:
            raise TemplateUnfit.field(field, f"{node.name} is not among {', '.join(sorted(NAMES))}")


def _all(field: str, node: nodes.Node, depth: int) -> Iterable[nodes.Node]:
    if depth > DEPTH_MAX:
        raise TemplateUnfit.field(field, "has too many choices within choices")
    yield node
    for child in node.iter_child_nodes():
        yield from _all(field, child, depth + 1)


def _sms(source: str, facts: Facts) -> str:
    """Facts are cut to what may stand for one place, and to one line."""
    given = {
        name: _BLANKS.sub(" ", value)[:SMS_FACT_CHARACTERS_MAX] if isinstance(value, str) else value
        for name, value in msgspec.structs.asdict(facts).items()
    }
    return _filled(source, given).strip()


def _filled(source: str, given: dict[str, Any]) -> str:
    """As `Template.render` does, without copying what is global in Jinja: words name nothing of it. A third of the
    cost."""
    template = _template(source)
    return "".join(template.root_render_func(template.new_context(given, shared=True)))


@cache
def _environment() -> Environment:
    return SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


@lru_cache(maxsize=512)
def _template(source: str) -> Template:
    return _environment().from_string(source)


@cache
def _html_template() -> Template:
    return SandboxedEnvironment(undefined=StrictUndefined, autoescape=True).from_string(html_layout())
