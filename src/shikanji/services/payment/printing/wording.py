"""The words of an invoice in English and Hindi: labels, dates, and amounts in letters."""

from typing import Literal

from shikanji.kit.clock import to_datetime
from shikanji.services.payment.model.invoice import INDIA

Language = Literal["en", "hi"]

LABELS: dict[Language, dict[str, str | list[str]]] = {
    "en": {
        "invoice": "Tax Invoice",
        "credit_note": "Credit Note",
        "copy": "Original for recipient",
        "number": "Number",
        "date": "Date",
        "order": "Order",
        "placed": "Ordered",
        "payment": "Payment",
        "online": "Paid online",
        "cod": "Paid in cash",
        "buyer": "BILLED TO",
        "place_of_supply": "PLACE OF SUPPLY",
        "reverse_charge": "Tax is not payable on reverse charge",
        "about": "CREDIT NOTE ON INVOICE",
        "of": "of",
        "columns": ["#", "Item", "HSN/SAC", "Qty", "Price", "Discount", "Taxable", "CGST", "SGST", "Amount"],
        "summary": ["HSN/SAC", "Rate", "Taxable", "CGST", "SGST"],
        "in_words": "AMOUNT IN WORDS",
        "taxable": "Taxable value",
        "round_off": "Round-off",
        "total": "Total",
        "credit_total": "Credited in all",
        "page": "Page",
        "footer": "Thank you",
        "qr": "The code states number, date, GSTIN and total, and the seal of this document in our books:",
        "signature": "Made by computer; valid without a signature.",
        "excess": "Paid twice",
        "cancelled": "Order cancelled",
        "late": "Paid too late",
    },
    "hi": {
        "invoice": "कर बीजक",
        "credit_note": "क्रेडिट नोट",
        "copy": "प्राप्तकर्ता के लिए मूल प्रति",
        "number": "संख्या",
        "date": "दिनांक",
        "order": "ऑर्डर",
        "placed": "ऑर्डर का समय",
        "payment": "भुगतान",
        "online": "ऑनलाइन भुगतान",
        "cod": "नकद भुगतान",
        "buyer": "ग्राहक",
        "place_of_supply": "आपूर्ति का स्थान",
        "reverse_charge": "रिवर्स चार्ज पर कर देय नहीं है",
        "about": "इस बीजक पर क्रेडिट नोट",
        "of": "दिनांक",
        "columns": ["#", "वस्तु", "HSN/SAC", "मात्रा", "मूल्य", "छूट", "कर योग्य", "CGST", "SGST", "राशि"],
        "summary": ["HSN/SAC", "दर", "कर योग्य", "CGST", "SGST"],
        "in_words": "राशि शब्दों में",
        "taxable": "कर योग्य मूल्य",
        "round_off": "पूर्णांकन",
        "total": "कुल",
        "credit_total": "कुल वापसी",
        "page": "पृष्ठ",
        "footer": "धन्यवाद",
        "qr": "कोड में संख्या, दिनांक, GSTIN, कुल राशि और हमारी बही में इस दस्तावेज़ की मुहर है:",
        "signature": "कंप्यूटर से बना; हस्ताक्षर के बिना मान्य।",
        "excess": "दो बार भुगतान हुआ",
        "cancelled": "ऑर्डर रद्द हुआ",
        "late": "भुगतान देर से आया",
    },
}

_ENGLISH_BELOW_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_ENGLISH_TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety"
_HINDI_BELOW_HUNDRED = (
    "शून्य एक दो तीन चार पाँच छह सात आठ नौ "
    "दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस "
    "बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस "
    "तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस "
    "चालीस इकतालीस बयालीस तैंतालीस चवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास "
    "पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ "
    "साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर "
    "सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उनासी "
    "अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी "
    "नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे"
)
_ENGLISH_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_HINDI_MONTHS = "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर"
_ONES, _TENS, _HINDI = _ENGLISH_BELOW_TWENTY.split(), _ENGLISH_TENS.split(), _HINDI_BELOW_HUNDRED.split()
_MONTHS: dict[Language, list[str]] = {"en": _ENGLISH_MONTHS.split(), "hi": _HINDI_MONTHS.split()}
_UNITS = ((10_000_000, "crore", "करोड़"), (100_000, "lakh", "लाख"), (1_000, "thousand", "हज़ार"), (100, "hundred", "सौ"))


def rupees(paise: int) -> str:
    """`₹1,23,456.70`: the last three digits, then pairs."""
    sign, whole, rest = "−" if paise < 0 else "", str(abs(paise) // 100), abs(paise) % 100
    head, tail = whole[:-3], whole[-3:]
    pairs = [head[max(at - 2, 0) : at] for at in range(len(head), 0, -2)][::-1]
    return f"{sign}₹{','.join([*pairs, tail])}.{rest:02}"


def percent(thousandths: int) -> str:
    """`2.5%` of 2,500: half of a basis point is 5."""
    whole, rest = divmod(thousandths, 1_000)
    return f"{whole}.{rest:03}".rstrip("0").rstrip(".") + "%"


def in_words(paise: int, language: Language) -> str:
    """`Rupees one hundred five and paise fifty only`."""
    whole, rest = divmod(paise, 100)
    rupees_told, paise_told = _number(whole, language), _number(rest, language)
    if language == "hi":
        return f"{rupees_told} रुपये {paise_told} पैसे मात्र" if rest else f"{rupees_told} रुपये मात्र"
    return f"Rupees {rupees_told} and paise {paise_told} only" if rest else f"Rupees {rupees_told} only"


def day(at: int, language: Language) -> str:
    """The day in India."""
    local = to_datetime(at + INDIA)
    return f"{local.day} {_MONTHS[language][local.month - 1]} {local.year}"


def moment(at: int, language: Language) -> str:
    local = to_datetime(at + INDIA)
    return f"{day(at, language)}, {local.hour:02}:{local.minute:02}"


def _number(amount: int, language: Language) -> str:
    hindi = language == "hi"
    parts: list[str] = []
    for size, english, indian in _UNITS:
        count, amount = divmod(amount, size)
        if count:
            parts.append(f"{_number(count, language)} {indian if hindi else english}")
    if amount or not parts:
        parts.append(_HINDI[amount] if hindi else _below_hundred(amount))
    return " ".join(parts)


def _below_hundred(amount: int) -> str:
    if amount < len(_ONES):
        return _ONES[amount]
    tens, ones = divmod(amount, 10)
    return f"{_TENS[tens]}-{_ONES[ones]}" if ones else _TENS[tens]
