"""Accounts, devices and sign-ins for the customer service's tests."""

import hashlib
from typing import Any

from shikanji.kit import codes
from shikanji.kit.clock import MINUTE
from shikanji.kit.db.tx import Tx
from shikanji.services.customer.actions import sign_in
from shikanji.services.customer.actions.accounts import create_account
from shikanji.services.customer.actions.failures import Caller
from shikanji.services.customer.actions.sessions import Device, SignedIn
from shikanji.services.customer.identity import Identifier, parse_email, parse_phone
from shikanji.services.customer.model.account import Customer
from shikanji.services.customer.model.keeping import AddressDetails
from tests.kit.databases import NOON, OpenDatabase

ASHA_EMAIL = parse_email("asha@demo.test")
ASHA_PHONE = parse_phone("+919876543210")
RAVI_EMAIL = parse_email("ravi@demo.test")
RAVI_PHONE = parse_phone("+919812345678")

DEVICE = Device(ip="203.0.113.7", user_agent="a browser")
CALLER = Caller("203.0.113.7")


def entropy(label: str) -> bytes:
    """32 bytes that are different for every label and the same in every run."""
    return hashlib.sha256(label.encode()).digest()


def make_customer(**given: Any) -> Customer:
    values: dict[str, Any] = {
        "name": "Asha Jain",
        "email": ASHA_EMAIL,
        "phone": ASHA_PHONE,
        "password_hash": "hash-1",
        "language": "en",
        "at": NOON,
    } | given
    return Customer.register(given.pop("id", "customer-1"), **{k: v for k, v in values.items() if k != "id"})[0]


def registration(**given: Any) -> sign_in.Registration:
    values: dict[str, Any] = {
        "name": "Asha Jain",
        "email": ASHA_EMAIL,
        "phone": ASHA_PHONE,
        "password_hash": "hash-1",
        "language": "en",
    } | given
    return sign_in.Registration(**values)


async def register(database: OpenDatabase, label: str = "asha", **given: Any) -> SignedIn:
    return await database.write(sign_in.register, registration(**given), CALLER, entropy(label), DEVICE)


async def make_account(database: OpenDatabase, **given: Any) -> Customer:
    """A verified account, unless said otherwise."""
    values: dict[str, Any] = {
        "name": "Asha Jain",
        "email": ASHA_EMAIL,
        "phone": ASHA_PHONE,
        "password_hash": "hash-1",
        "verified": True,
    } | given

    def create(tx: Tx) -> Customer:
        return create_account(tx, **values)

    return await database.write(create)


async def sign_in_as(database: OpenDatabase, email: Identifier = ASHA_EMAIL, label: str = "again") -> SignedIn:
    """By password, with the hash that the account has."""
    attempt = await database.read(sign_in.begin_login, email.key, email, CALLER)
    return await database.write(sign_in.complete_login, attempt, attempt.claimants[0], entropy(label), DEVICE)


def code_sent(database: OpenDatabase, nth: int = -1) -> str:
    """The code of the challenge made last (or the nth), as the sending job computes it."""
    challenge_id = database.query("SELECT id FROM challenges ORDER BY id")[nth][0]
    return codes.code(database.ground.secrets.derive(codes.PURPOSE), challenge_id)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def address(**given: Any) -> AddressDetails:
    values: dict[str, Any] = {
        "label": "home",
        "line1": "12 Church Street",
        "line2": None,
        "landmark": "opposite the bookshop",
        "city": "Bengaluru",
        "state": "Karnataka",
        "postal_code": "560001",
        "latitude": 12.9716,
        "longitude": 77.5946,
        "is_default": False,
    } | given
    return AddressDetails(**values)


TOKEN_LIFE = 15 * MINUTE
