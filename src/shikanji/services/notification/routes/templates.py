"""The words of messages: for head office."""

from shikanji.contracts.notification import MessageChannel
from shikanji.kit.errors import Conflict, Invalid
from shikanji.kit.service import Room
from shikanji.kit.web.routes import Incoming, Who
from shikanji.services.notification import wording
from shikanji.services.notification.actions import choosing, people
from shikanji.services.notification.errors import TemplateNotFound, TemplateUnfit
from shikanji.services.notification.model.kinds import KINDS
from shikanji.services.notification.model.words import LANGUAGES, SAMPLE, Language, Words
from shikanji.services.notification.repository import choices
from shikanji.services.notification.routes.declared import routes
from shikanji.services.notification.routes.sending import accepted_view
from shikanji.services.notification.schemas import (
    AcceptedView,
    PreviewView,
    TemplateView,
    TestIn,
    VersionView,
    WordsIn,
    template_view,
    version_view,
)
from shikanji.services.notification.settings import NotificationSettings

VERSIONS_SHOWN = 50
BY_NAME: dict[str, Language] = {language: language for language in LANGUAGES}


@routes.get("/api/v1/notifications/templates", returns=list[TemplateView], who=Who.ADMIN)
async def list_templates(room: Room, incoming: Incoming[None, None]) -> list[TemplateView]:
    """The words that count, of every kind and language."""
    written = await room.db.read(choices.newest_words)
    versions = {(each.kind, each.language): each.version for each in written}
    words, registered = wording.chosen(written), room.settings(NotificationSettings).dlt_templates
    return [
        template_view(kind, language, words(language, kind), versions.get((kind, language), 0), registered.get(kind))
        for kind in KINDS
        for language in LANGUAGES
    ]


@routes.put(
    "/api/v1/notifications/templates/{kind}/{language}",
    body=WordsIn,
    returns=TemplateView,
    who=Who.ADMIN,
    raises=[TemplateNotFound, TemplateUnfit, Conflict, Invalid],
)
async def write_template(room: Room, incoming: Incoming[WordsIn, None]) -> TemplateView:
    """Writes a new version of these words; the ones before are kept."""
    kind, language = _named(incoming)
    words = _checked(kind, incoming.body)
    by = incoming.principal.account_id
    written = await room.db.write(choosing.write_words, kind, language, words, by)
    registered = room.settings(NotificationSettings).dlt_templates
    return template_view(kind, language, words, written.version, registered.get(kind))


@routes.get(
    "/api/v1/notifications/templates/{kind}/{language}/versions",
    returns=list[VersionView],
    who=Who.ADMIN,
    raises=[TemplateNotFound],
)
async def list_versions(room: Room, incoming: Incoming[None, None]) -> list[VersionView]:
    """What head office wrote, newest first."""
    kind, language = _named(incoming)
    found = await room.db.read(choices.versions_of, kind, language, VERSIONS_SHOWN)
    return [version_view(written) for written in found]


@routes.post(
    "/api/v1/notifications/templates/{kind}/{language}/preview",
    body=WordsIn,
    returns=PreviewView,
    who=Who.ADMIN,
    raises=[TemplateNotFound, TemplateUnfit, Invalid],
)
async def preview_template(room: Room, incoming: Incoming[WordsIn, None]) -> PreviewView:
    """These words with sample facts; nothing is kept."""
    kind, language = _named(incoming)
    rendered = wording.render(_checked(kind, incoming.body), SAMPLE)
    html = wording.render_html(rendered, SAMPLE, language)
    return PreviewView(title=rendered.title, text=rendered.text, sms=rendered.sms, html=html)


@routes.post(
    "/api/v1/notifications/templates/{kind}/test",
    body=TestIn,
    returns=AcceptedView,
    status=202,
    who=Who.ADMIN,
    raises=[TemplateNotFound, Invalid],
)
async def test_template(room: Room, incoming: Incoming[TestIn, None]) -> AcceptedView:
    """Sends a message of this kind, with sample facts and in one's own language, to oneself.

    As any other: advertising goes out with one's own consent, and not at night."""
    kind, channel = _kind(incoming), incoming.body.channel
    if channel not in _testable(kind):
        raise Invalid.field("channel", f"messages of this kind go by {', '.join(_testable(kind)) or 'no such way'}")
    account_id = incoming.principal.account_id
    return accepted_view(await room.db.write(people.send_test, account_id, kind, channel))


def _testable(kind: str) -> tuple[MessageChannel, ...]:
    return KINDS[kind].channels


def _kind(incoming: Incoming[TestIn, None] | Incoming[WordsIn, None] | Incoming[None, None]) -> str:
    kind = incoming.path["kind"]
    if kind not in KINDS:
        raise TemplateNotFound
    return kind


def _named(incoming: Incoming[WordsIn, None] | Incoming[None, None]) -> tuple[str, Language]:
    language = BY_NAME.get(incoming.path["language"])
    if language is None:
        raise TemplateNotFound
    return _kind(incoming), language


def _checked(kind: str, body: WordsIn) -> Words:
    """Raises TemplateUnfit."""
    words = body.to_words()
    wording.check_words(words)
    if kind.startswith("code-"):
        wording.check_code_words(words)
    return words
