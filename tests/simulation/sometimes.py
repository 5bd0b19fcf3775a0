"""What must come to pass in some of the days of a test run, or the run has proved nothing of it."""

SERVICES = ("customer", "store", "inventory", "order", "payment", "loyalty", "notification", "review")

ACTIONS = (
    *(
        f"place {said}"
        for said in ("201", "409 insufficient-stock", "409 store-closed", "409 idempotency-key-in-flight")
    ),
    "place 504 gateway-timeout",
    "abuse-key 422 idempotency-key-reused",
    *(f"initiate {said}" for said in ("201", "409 nothing-due", "503 payment-provider-unavailable")),
    *(f"check-out-success {said}" for said in ("200", "409 sandbox-already-paid")),
    "check-out-failure 200",
    "verify 200",
    *(f"refund {said}" for said in ("201", "409 nothing-to-refund")),
    *(f"cancel {said}" for said in ("200", "409 illegal-status")),
    *(f"step {said}" for said in ("200", "409 illegal-status")),
    *(f"adjust {said}" for said in ("200", "409 below-zero")),
    "earn 201",
    *(f"redeem {said}" for said in ("201", "409 insufficient-points")),
    "place 409 insufficient-points",
    "place 409 coupon-used-up",
    "store-status 200",
    "read 200",
    "invoice 200",
    "invoice 404 invoice-not-found",
    "menu 200",
    *(f"review {said}" for said in ("201", "409 not-received-yet", "409 already-reviewed")),
    *("moderate 200", "edit-review 200", "delete-review 204", "read-review 200"),
    "logout 200",
    "refresh 200",
    "use-ended 401 unauthorized",
    "fault 200",
)
ENDS = (
    *(f"cancelled: {cause}" for cause in ("customer", "staff", "payment_timeout", "out_of_stock")),
    *(f"ended completed {what}" for what in ("cod", "online", "delivery", "pickup", "dine-in")),
    *(f"refund {cause} completed" for cause in ("cancelled", "late", "excess", "requested")),
    *(f"revival {state}" for state in ("confirmed", "refused")),
    *(f"hold {state}" for state in ("sold", "cancelled", "released", "returned")),
    *(f"benefits {state}" for state in ("spent", "returned", "released")),
    *(f"slot {state}" for state in ("tied", "released")),
    *(f"attempt {number}" for number in (1, 2)),
    *(f"review {status}" for status in ("pending", "approved", "rejected")),
    "tombstone",
    *(f"issued {kind}" for kind in ("invoice", "credit_note")),
    "webhook processed",
    "payment cash completed",
)
"""Also every way back: money that came late, or twice, or for nothing; goods that ran out; holds that lapsed."""
ACCIDENTS = (
    *(f"crash at {what} {service}" for service in SERVICES for what in ("commit", "committed")),
    *(f"crash at {what} sandbox" for what in ("commit", "committed")),
    *(f"crash at deliver to {service}" for service in SERVICES),
    *(f"crash at any {what}" for what in ("delivered", "ask", "answered", "send", "sent")),
    "crash in the start",
    "restart",
    "delivered again",
    "failed: order relay",
    "broke before",
    "broke after",
)
SOMETIMES = (*ACTIONS, *ENDS, *ACCIDENTS)
