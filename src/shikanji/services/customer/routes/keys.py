"""The keys that access tokens are signed with."""

from shikanji.kit.service import Room
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.customer import signing
from shikanji.services.customer.routes.declared import routes
from shikanji.services.customer.schemas import KeySet


@routes.get("/.well-known/jwks.json", returns=KeySet, who=Who.ANYONE, bare=True)
async def key_set(room: Room, incoming: Incoming[None, None]) -> KeySet:
    """The public keys of access tokens (RFC 7517), the one that signs first."""
    return KeySet(keys=await signing.accepted_keys(room))


@routes.post("/api/v1/auth/keys", returns=KeySet, status=201, who=Who.ADMIN)
async def rotate(room: Room, incoming: Incoming[None, None]) -> Reply:
    """Makes a new signing key at once.

    Tokens that the old one signed stay good until they expire. It happens by itself every ninety days."""
    await signing.rotate_key(room)
    return Reply(data=KeySet(keys=await signing.accepted_keys(room)))
