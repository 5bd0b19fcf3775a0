"""From what is kept of a message to what words may name."""

import unicodedata

import msgspec

from shikanji.contracts.store import StoreBrief
from shikanji.services.notification.model.messages import Notification
from shikanji.services.notification.model.orders import KnownOrder, OrderDocument
from shikanji.services.notification.model.words import SAMPLE, Facts, Language

NAME_CHARACTERS_MAX = 30
_IN_NAMES = "-'’\u200c\u200d"
"""Besides letters and their marks; the last two join those of Indian scripts."""
_CAUSES: dict[Language, dict[str, str]] = {
    "en": {"payment_timeout": "it was not paid in time", "out_of_stock": "something in it ran out"},
    "hi": {"payment_timeout": "समय पर भुगतान नहीं हुआ", "out_of_stock": "इसकी कोई चीज़ ख़त्म हो गई"},
}
_GIFTS: dict[Language, dict[str, str]] = {
    "en": {"birthday": "Happy birthday!", "referral": "Somebody came to us through you."},
    "hi": {"birthday": "जन्मदिन की शुभकामनाएँ!", "referral": "आपके कहने पर कोई हमारे यहाँ आया।"},
}
_TIERS: dict[Language, dict[str, str]] = {
    "en": {"bronze": "Bronze", "silver": "Silver", "gold": "Gold", "platinum": "Platinum"},
    "hi": {"bronze": "ब्रॉन्ज़", "silver": "सिल्वर", "gold": "गोल्ड", "platinum": "प्लैटिनम"},
}
_SUMS: dict[Language, dict[str, str]] = {
    "en": {
        "discount": "Discount",
        "delivery_fee": "Delivery",
        "tax": "GST",
        "round_off": "Round-off",
        "total": "Total",
    },
    "hi": {"discount": "छूट", "delivery_fee": "डिलीवरी", "tax": "जीएसटी", "round_off": "राउंड-ऑफ़", "total": "कुल"},
}


class _Data(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that any kind keeps."""

    cause: str = ""
    amount: int | None = None
    points: int | None = None
    earned_for: str = ""
    tier: str = ""
    available: int | None = None
    product: str = ""
    product_hi: str = ""
    title: str = ""
    title_hi: str = ""
    text: str = ""
    text_hi: str = ""
    sample: bool = False


def facts_of(
    about: Notification,
    order: KnownOrder | None,
    store: StoreBrief | None,
    name: str,
    language: Language,
    *,
    bill: bool = False,
) -> Facts:
    """`name`: of whoever is told, in full. `bill`: with lines and sums, which only a mail in HTML shows."""
    data = msgspec.json.decode(about.data, type=_Data)
    if data.sample:
        return SAMPLE
    details = None if order is None else order.details
    return Facts(
        name=first_name(name),
        order="" if order is None else order.number,
        store="" if store is None else store.name,
        total="" if details is None else rupees(details.total),
        amount="" if data.amount is None else rupees(data.amount),
        reason=_CAUSES[language].get(data.cause, "") or _GIFTS[language].get(data.earned_for, ""),
        product=data.product_hi if language == "hi" else data.product,
        available="" if data.available is None else str(data.available),
        points="" if data.points is None else str(data.points),
        tier=_TIERS[language].get(data.tier, data.tier),
        title=(language == "hi" and data.title_hi) or data.title,
        text=(language == "hi" and data.text_hi) or data.text,
        lines=()
        if details is None or not bill
        else tuple((line, count, rupees(due)) for line, count, due in details.lines),
        sums=() if details is None or not bill else _sums(details, language),
    )


def first_name(name: str) -> str:
    """Nothing where it is no name, but a link or an offer: anybody may register somebody else's address under anything,
    and we would write it there."""
    first = name.split(" ")[0].rstrip(".")
    fits = len(first) <= NAME_CHARACTERS_MAX and all(map(_stands_in_names, first))
    return first if fits else ""


def _stands_in_names(sign: str) -> bool:
    return sign in _IN_NAMES or unicodedata.category(sign)[0] in "LM"


def rupees(paise: int) -> str:
    """`₹1,23,456.00`, grouped as in India."""
    whole, rest = divmod(abs(paise), 100)
    digits = str(whole)
    head, tail = digits[:-3], digits[-3:]
    groups: list[str] = []
    while head:
        head, group = head[:-2], head[-2:]
        groups.insert(0, group)
    return f"{'−' if paise < 0 else ''}₹{','.join([*groups, tail])}.{rest:02}"


def _sums(details: OrderDocument, language: Language) -> tuple[tuple[str, str], ...]:
    amounts = {
        "discount": -details.discount,
        "delivery_fee": details.delivery_fee,
        "tax": details.tax,
        "round_off": details.round_off,
        "total": details.total,
    }
    return tuple((_SUMS[language][name], rupees(amount)) for name, amount in amounts.items() if amount)
