"""Codes that prove who holds an email or a phone: computed wherever they are needed, stored nowhere."""

import hmac

PURPOSE = "customer/code"
"""What the key is derived from the platform's secret for."""
DIGITS = 6


def code(key: bytes, challenge_id: str) -> str:
    """Six digits. Whoever sends or checks the code needs the challenge's id only."""
    number = int.from_bytes(hmac.digest(key, challenge_id.encode(), "sha256"), "big")
    return f"{number % 10**DIGITS:0{DIGITS}d}"
