"""The content policy of a page that we make ourselves."""

import base64
import hashlib
import re


def page_policy(page: bytes) -> bytes:
    """The strictest policy under which this page works: its own inline style and script by their hashes."""
    styles = _hashes(page, b"style")
    scripts = _hashes(page, b"script")
    return (
        f"default-src 'none'; style-src {styles}; script-src {scripts}; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ).encode()


def _hashes(page: bytes, tag: bytes) -> str:
    contents = re.findall(b"<%b>(.*?)</%b>" % (tag, tag), page, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(content).digest()).decode() for content in contents]
    return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
