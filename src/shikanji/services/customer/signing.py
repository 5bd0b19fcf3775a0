"""Access tokens are signed here, outside of transactions, with a key that lives sealed in the database."""

from shikanji.kit.auth_tokens import TokenSigner
from shikanji.kit.service import Room
from shikanji.services.customer import tokens
from shikanji.services.customer.actions import access
from shikanji.services.customer.actions.sessions import SignedIn
from shikanji.services.customer.settings import CustomerSettings


async def sign_access_token(room: Room, signed_in: SignedIn) -> str:
    sealed = signed_in.signing_key or await make_first_key(room)
    key = tokens.unseal(room.secrets.derive(tokens.SIGNING_PURPOSE), sealed)
    seconds = room.settings(CustomerSettings).access_token_seconds
    return TokenSigner(key.kid, key.seed).sign(signed_in.principal, now=room.clock.now(), seconds=seconds)


async def make_first_key(room: Room) -> tokens.SealedKey:
    """The key that signs, made when there is none; two copies that start at once end up with the same."""
    key, public_jwk = _new_key(room)
    return await room.db.write(access.make_first_key, key, public_jwk)


async def rotate_key(room: Room) -> None:
    key, public_jwk = _new_key(room)
    await room.db.write(access.rotate_key, key, public_jwk)


async def accepted_keys(room: Room) -> list[dict[str, str]]:
    """Public JWKs of every key whose tokens may still be alive, the one that signs first."""
    keys = await room.db.read(access.accepted_keys)
    if not keys:
        await make_first_key(room)
        keys = await room.db.read(access.accepted_keys)
    return keys


def _new_key(room: Room) -> tuple[tokens.SealedKey, dict[str, str]]:
    key = tokens.new_signing_key(room.ids.new())
    sealed = tokens.seal(room.secrets.derive(tokens.SIGNING_PURPOSE), key)
    return sealed, TokenSigner(key.kid, key.seed).public_jwk()
