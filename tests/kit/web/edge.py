"""A small tea shop behind the HTTP edge, and a client that speaks ASGI to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
import sqlalchemy as sa

from shikanji.kit.auth import Principal
from shikanji.kit.calls_local import LocalCalls
from shikanji.kit.clock import ManualClock
from shikanji.kit.db.port import Database
from shikanji.kit.errors import Conflict
from shikanji.kit.ids import Ids
from shikanji.kit.service import Room, Service
from shikanji.kit.web.app import service_app
from shikanji.kit.web.etags import etag, require_match
from shikanji.kit.web.negotiation import prefers_json
from shikanji.kit.web.pages import PageQuery, decode_cursor, page
from shikanji.kit.web.routes import Idempotency, Incoming, RateClass, Reply, Routes, Who
from tests.makers import KnownTokens, make_room

NOON = 1_795_000_000_000_000
CUP = "0199d2a0-0000-7000-8000-000000000001"
PUBLIC_URL = "http://shop.test"


class Topping(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    kind: Literal["mint", "lemon"]
    spoon_count: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1


class BrewTea(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    cups: Annotated[int, msgspec.Meta(ge=1)]
    toppings: Annotated[list[Topping], msgspec.Meta(max_length=3)] = []
    warmth: float | None = None
    label: Annotated[str, msgspec.Meta(pattern="^[a-z]+$", max_length=5)] | None = None


class RenameTea(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    name: str | None = None


class ListTeas(PageQuery, forbid_unknown_fields=True, rename="camel", kw_only=True, frozen=True):
    kind: Literal["green", "black"] | None = None
    is_hot: bool | None = None
    tag: list[str] = msgspec.field(default_factory=list)
    warmer_than: float | None = None
    brewed_after: datetime | None = None
    shelf: int | None = None
    size: Literal[1, 2] | None = None
    q: Annotated[str, msgspec.Meta(max_length=10)] | None = None


class Tea(msgspec.Struct, rename="camel"):
    id: str
    cup_count: int


class TeapotBroken(Conflict):
    type, title = "teapot-broken", "The teapot is broken"


routes = Routes("teas")


@routes.post(
    "/teas",
    body=BrewTea,
    returns=Tea,
    status=201,
    who=Who.SIGNED_IN,
    raises=[TeapotBroken],
    idempotency=Idempotency.REQUIRED,
)
async def brew(room: Room, incoming: Incoming[BrewTea, None]) -> Tea:
    """Brew a tea.

    Takes its time."""
    if incoming.body.name == "broken":
        raise TeapotBroken(retry_after_seconds=7)
    return Tea(CUP, incoming.body.cups)


@routes.get("/teas", query=ListTeas, returns=list[Tea], who=Who.ANYONE, page=True, cache_seconds=5)
async def list_teas(room: Room, incoming: Incoming[None, ListTeas]) -> Reply:
    """List teas."""
    after = decode_cursor(incoming.query.cursor, int)
    first = after[0] + 1 if after else 0
    shelf = range(first, 5)
    return page(list(shelf), incoming.query.limit, key=lambda n: (n,), view=lambda n: Tea(CUP, n))


@routes.get("/teas/favourite", returns=Tea, who=Who.SIGNED_IN)
async def favourite(room: Room, incoming: Incoming[None, None]) -> Tea:
    """The caller's favourite tea."""
    return Tea(incoming.principal.account_id, 1)


@routes.get("/teas/{id}", returns=Tea, who=Who.ANYONE, editable=True)
async def show(room: Room, incoming: Incoming[None, None]) -> Reply:
    """Show a tea."""
    return Reply(data=Tea(incoming.path["id"], 3), etag=etag(3))


@routes.put("/teas/{id}", body=RenameTea, returns=Tea, who=Who.STAFF, editable=True, idempotency=Idempotency.OPTIONAL)
async def rename(room: Room, incoming: Incoming[RenameTea, None]) -> Reply:
    """Rename a tea."""
    require_match(incoming.if_match, etag(3))
    return Reply(data=Tea(incoming.path["id"], 4), etag=etag(4), headers={"X-Body-Hash": incoming.body_hash})


@routes.delete("/teas/{id}", who=Who.ADMIN, status=204)
async def pour_away(room: Room, incoming: Incoming[None, None]) -> None:
    """Pour a tea away."""


@routes.get("/shelves/{shelfId:text}/teas/{teaId}", returns=Tea, who=Who.ANYONE)
async def on_shelf(room: Room, incoming: Incoming[None, None]) -> Tea:
    """A tea on a shelf."""
    return Tea(f"{incoming.path['shelfId']}/{incoming.path['teaId']}", 1)


@routes.post("/teas/sign-in", body=RenameTea, returns=Tea, who=Who.ANYONE, rate=RateClass.AUTH)
async def sign_in(room: Room, incoming: Incoming[RenameTea, None]) -> Reply:
    """Sign in."""
    return Reply(data=Tea(incoming.principal.key, 0), cookies=["a=1; HttpOnly", "b=2"])


@routes.post("/hooks/{provider}", who=Who.ANYONE, rate=RateClass.WEBHOOK, raw_body=True, returns=Tea)
async def hook(room: Room, incoming: Incoming[None, None]) -> Tea:
    """Take a webhook."""
    return Tea(incoming.client_ip, len(incoming.raw))


@routes.post(
    "/teas/{id}/picture",
    who=Who.ANYONE,
    raw_body=True,
    consumes=("image/png", "image/jpeg"),
    body_bytes_max=1_500_000,
    returns=Tea,
)
async def picture(room: Room, incoming: Incoming[None, None]) -> Tea:
    """Hang a picture on a tea."""
    return Tea(incoming.path["id"], len(incoming.raw))


@routes.get("/keys.json", returns=dict[str, int], who=Who.ANYONE, bare=True)
async def keys(room: Room, incoming: Incoming[None, None]) -> dict[str, int]:
    """Public keys."""
    return {"keys": 1}


@routes.get("/leaflet", who=Who.ANYONE, produces="text/html; charset=utf-8")
async def leaflet(room: Room, incoming: Incoming[None, None]) -> Reply:
    """A leaflet to print."""
    return Reply(data=b"<h1>Tea</h1>", content_type="text/html; charset=utf-8")


@routes.get("/card", who=Who.ANYONE, returns=dict[str, int], produces="application/pdf", or_json=True)
async def card(room: Room, incoming: Incoming[None, None]) -> Reply:
    """The card, on paper or as figures."""
    if prefers_json(incoming.headers.get("accept"), "application/pdf"):
        return Reply(data={"teas": 1})
    return Reply(data=b"%PDF", content_type="application/pdf")


@routes.get("/crash", who=Who.ANYONE)
async def crash(room: Room, incoming: Incoming[None, None]) -> None:
    """Crash."""
    raise RuntimeError("boiling over")


service = Service(
    name="teashop",
    metadata=sa.MetaData(),
    migrations="",
    routes=routes,
    publishes=(),
    settings=RenameTea,
)

GUEST = Principal(account_id="guest", session_id="s1")
COOK = Principal(account_id="cook", session_id="s2", roles={"store": "chef"})
BOSS = Principal(account_id="boss", session_id="s3", admin=True)


def make_teashop(name: str = "teashop", db: Database | None = None, clock: ManualClock | None = None) -> Room:
    """Without a database, for whoever needs none."""
    clock = clock or ManualClock(NOON)
    tokens = KnownTokens({"guest": GUEST, "cook": COOK, "boss": BOSS})
    return make_room(name, clock, Ids(clock), db=db, calls=LocalCalls(), verifier=tokens, public_url=PUBLIC_URL)


@dataclass
class Answer:
    status: int
    pairs: list[tuple[str, str]]
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.pairs)

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def data(self) -> Any:
        assert self.json["success"] is True, self.body
        return self.json["data"]

    @property
    def field(self) -> str:
        """The field that a refusal names."""
        (error,) = self.json["errors"]
        return str(error["field"])


class Client:
    def __init__(self, app: Any) -> None:
        self._app = app

    async def ask(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        chunks: list[bytes] | None = None,
        hang_up: bool = False,
    ) -> Answer:
        """`body` is JSON unless it is bytes; `chunks` come one by one; `hang_up` leaves before the last."""
        raw = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        sent = {"host": "shop.test"}
        if raw:
            sent |= {"content-type": "application/json", "content-length": str(len(raw))}
        if token:
            sent["authorization"] = f"Bearer {token}"
        sent |= headers or {}
        path, _, query = target.partition("?")
        messages = [
            {"type": "http.request", "body": chunk, "more_body": hang_up or place + 1 < len(chunks or [raw])}
            for place, chunk in enumerate(chunks or [raw])
        ]
        out: list[Any] = []

        async def receive() -> Any:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            out.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode("latin-1"),
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()],
            "client": ("10.0.0.9", 1),
        }
        await self._app(scope, receive, send)
        if not out:
            return Answer(0, [], b"")
        start, content = out
        pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
        return Answer(start["status"], pairs, content["body"])


KEY = "5f0c8a52-1111-4222-8333-444455556666"


def tea_client(**options: Any) -> Client:
    return Client(service_app(make_teashop(), service, **options))


async def brew_tea(body: Any, **headers: str) -> Answer:
    """A POST of `body` as the guest with a good key."""
    return await tea_client().ask("POST", "/teas", body, token="guest", headers={"idempotency-key": KEY} | headers)
