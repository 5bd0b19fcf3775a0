"""The checkout as a page, phone first: what is to be paid, and two buttons. It asks the same API as everybody else."""

import base64
import hashlib
import html

from shikanji.sandbox.model import Order

HTML = "text/html; charset=utf-8"

_STYLE = """
:root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif }
body { margin: 0 auto; padding: 1.5rem; max-width: 24rem }
h1 { font-size: 1.1rem; font-weight: 600 }
.amount { font-size: 2.5rem; font-weight: 700; margin: 1rem 0 }
button { display: block; width: 100%; min-height: 3rem; margin: 0.75rem 0; border: 0; border-radius: 0.75rem;
  font: inherit; font-weight: 600; background: #0b7a43; color: #fff }
button.fail { background: #6b7280 }
button:disabled { opacity: 0.5 }
small { opacity: 0.75 }
"""

_SCRIPT = """
const buttons = document.querySelectorAll("button"), said = document.querySelector("[role=status]");
const told = { success: "Paid. You can go back to the shop.", failure: "The payment failed. You can try again." };
for (const button of buttons) button.addEventListener("click", async () => {
  buttons.forEach((one) => { one.disabled = true });
  said.textContent = "One moment …";
  try {
    const answer = await fetch(location.pathname, { method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ outcome: button.value }) });
    const body = await answer.json();
    said.textContent = answer.ok ? told[button.value] : body.error;
    if (answer.ok && button.value === "success") return;
  } catch { said.textContent = "No answer. Please try again." }
  buttons.forEach((one) => { one.disabled = false });
});
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox checkout</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>Sandbox checkout</h1>
<p class="amount">{amount}</p>
<p><small>No real money moves here. Reference {reference}</small></p>
{controls}
<p role="status" aria-live="polite">{said}</p>
</main>
<script>{script}</script>
</body>
</html>
"""

_CONTROLS = """<button value="success">Pay</button>
<button value="failure" class="fail">Let it fail</button>"""


def checkout_page(order: Order) -> bytes:
    paid = order.status == "paid"
    return _PAGE.format(
        style=_STYLE,
        script=_SCRIPT,
        amount=f"₹{order.amount // 100:,}.{order.amount % 100:02}",
        reference=html.escape(order.reference),
        controls="" if paid else _CONTROLS,
        said="This order is paid." if paid else "",
    ).encode()


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page's own style and script may run, and nothing else."""
