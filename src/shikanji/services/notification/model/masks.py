"""What is kept of an address after something was sent there: enough to recognise it, too little to use it."""


def masked(recipient: str) -> str:
    """`as…@shop.test`, `+91…04`; of anything else nothing."""
    name, at, domain = recipient.rpartition("@")
    if at:
        return f"{name[:2] if len(name) > 2 else ''}…@{domain}"
    if recipient.startswith("+"):
        return f"{recipient[:3]}…{recipient[-2:]}"
    return "…"
