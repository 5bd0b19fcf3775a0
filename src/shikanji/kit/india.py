"""What Indian law says of a firm's particulars: the states with their codes, and what makes a GSTIN."""

import re

STATES: dict[str, str] = {
    "Jammu and Kashmir": "01",
    "Himachal Pradesh": "02",
    "Punjab": "03",
    "Chandigarh": "04",
    "Uttarakhand": "05",
    "Haryana": "06",
    "Delhi": "07",
    "Rajasthan": "08",
    "Uttar Pradesh": "09",
    "Bihar": "10",
    "Sikkim": "11",
    "Arunachal Pradesh": "12",
    "Nagaland": "13",
    "Manipur": "14",
    "Mizoram": "15",
    "Tripura": "16",
    "Meghalaya": "17",
    "Assam": "18",
    "West Bengal": "19",
    "Jharkhand": "20",
    "Odisha": "21",
    "Chhattisgarh": "22",
    "Madhya Pradesh": "23",
    "Gujarat": "24",
    "Dadra and Nagar Haveli and Daman and Diu": "26",
    "Maharashtra": "27",
    "Karnataka": "29",
    "Goa": "30",
    "Lakshadweep": "31",
    "Kerala": "32",
    "Tamil Nadu": "33",
    "Puducherry": "34",
    "Andaman and Nicobar Islands": "35",
    "Telangana": "36",
    "Andhra Pradesh": "37",
    "Ladakh": "38",
}
"""Every state and union territory with its GST code: two places in the same one owe CGST and SGST, else IGST."""

GSTIN_PATTERN = re.compile(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]", re.ASCII)
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def gstin_fault(gstin: str, state: str | None = None) -> str | None:
    """What is wrong with the GSTIN of a firm, which is in `state` where that is known; None: nothing."""
    if not GSTIN_PATTERN.fullmatch(gstin):
        return "is not a GSTIN: 15 characters such as 29ABCDE1234F1Z5"
    if gstin[-1] != gstin_check_digit(gstin[:14]):
        return "has a wrong check digit"
    if state in STATES and gstin[:2] != STATES[state]:
        return f"begins with {gstin[:2]}, but {state} is {STATES[state]}"
    if gstin[:2] not in STATES.values():
        return f"begins with {gstin[:2]}, which is no state's code"
    return None


def gstin_check_digit(first_14: str) -> str:
    """Luhn's sum in base 36, weights 1 and 2 by turns from the left."""
    total = 0
    for place, character in enumerate(first_14):
        product = _DIGITS.index(character) * (1 + place % 2)
        total += product // 36 + product % 36
    return _DIGITS[-total % 36]
