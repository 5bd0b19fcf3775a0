"""The platform's own words, in English."""

from shikanji.services.notification.model.words import Words

_HELLO = "Hello{% if name %} {{ name }}{% endif %},"

EN: dict[str, Words] = {
    "code-sign-in": Words(
        title="Your sign-in code",
        body="{{ code }} is your code to sign in to Jain Shikanji. It is valid for {{ minutes }} minutes. "
        "Tell it to nobody.",
        sms="{{ code }} is your code to sign in to Jain Shikanji. It is valid for {{ minutes }} minutes. "
        "Tell it to nobody.",
    ),
    "code-reset": Words(
        title="Your code for a new password",
        body="{{ code }} is your code for a new Jain Shikanji password. It is valid for {{ minutes }} minutes. "
        "If you did not ask for it, do nothing: your password stays as it is.",
        sms="{{ code }} is your code for a new Jain Shikanji password. It is valid for {{ minutes }} minutes. "
        "If you did not ask for it, do nothing: your password stays as it is.",
    ),
    "code-verify": Words(
        title="Your verification code",
        body="{{ code }} confirms this address for your Jain Shikanji account. It is valid for {{ minutes }} minutes.",
        sms="{{ code }} confirms this address for your Jain Shikanji account. It is valid for {{ minutes }} minutes.",
    ),
    "welcome": Words(
        title="Welcome to Jain Shikanji",
        body=_HELLO + "\n\nGood that you are here. Every drink and snack on our card is vegetarian, and what is marked "
        "Jain is Jain. With each order you collect points.",
    ),
    "notice": Words(title="{{ title }}", body="{{ text }}"),
    "order-placed": Words(
        title="We have your order{% if order %} {{ order }}{% endif %}",
        body="{% if total %}It comes to {{ total }}. {% endif %}It is confirmed as soon as it is paid.",
    ),
    "order-confirmed": Words(
        title="Your order{% if order %} {{ order }}{% endif %} is confirmed",
        body=_HELLO + "\n\nThank you for your order{% if store %} at {{ store }}{% endif %}. "
        "{% if total %}It comes to {{ total }}.{% endif %}",
    ),
    "order-preparing": Words(
        title="We are preparing your order{% if order %} {{ order }}{% endif %}",
        body="{% if store %}{{ store }} has begun.{% else %}The kitchen has begun.{% endif %}",
    ),
    "order-ready": Words(
        title="Your order{% if order %} {{ order }}{% endif %} is ready",
        body="It is ready{% if store %} at {{ store }}{% endif %}.",
        sms="Your Jain Shikanji order {{ order }} is ready.",
    ),
    "order-dispatched": Words(
        title="Your order{% if order %} {{ order }}{% endif %} is on its way",
        body="It has left{% if store %} {{ store }}{% endif %} and will be with you soon.",
        sms="Your Jain Shikanji order {{ order }} is on its way.",
    ),
    "order-delivered": Words(
        title="Your order{% if order %} {{ order }}{% endif %} was delivered",
        body="Enjoy it{% if name %}, {{ name }}{% endif %}.",
    ),
    "order-completed": Words(
        title="Thank you for your order{% if order %} {{ order }}{% endif %}",
        body="{% if store %}See you again at {{ store }}.{% else %}See you again.{% endif %}",
    ),
    "order-cancelled": Words(
        title="Your order{% if order %} {{ order }}{% endif %} was cancelled",
        body=_HELLO + "\n\nYour order was cancelled{% if reason %}: {{ reason }}{% endif %}. "
        "What you have paid for it goes back to you by itself.",
        sms="Your Jain Shikanji order {{ order }} was cancelled. What you have paid goes back to you.",
    ),
    "payment-receipt": Words(
        title="We have received {{ amount }}",
        body=_HELLO + "\n\nYour payment of {{ amount }}{% if order %} for order {{ order }}{% endif %} has arrived. "
        "Thank you.",
    ),
    "refund-completed": Words(
        title="{{ amount }} is on its way back to you",
        body=_HELLO + "\n\nWe have given back {{ amount }}{% if order %} for order {{ order }}{% endif %}. "
        "Your bank may take some days to show it.",
        sms="Jain Shikanji has refunded {{ amount }} for order {{ order }}.",
    ),
    "low-stock": Words(
        title="Low on {{ product }}",
        body="{% if store %}{{ store }}: {% endif %}{{ available }} of {{ product }} are left.",
    ),
    "review-prompt": Words(
        title="How was it?",
        body=_HELLO + "\n\nTell us how you liked your order{% if order %} {{ order }}{% endif %}. "
        "It takes a minute and helps others choose.",
    ),
    "points-given": Words(
        title="{{ points }} points for you",
        body="{{ reason }} {{ points }} points were added to your account.",
    ),
    "tier-upgraded": Words(
        title="You are a {{ tier }} member now",
        body=_HELLO + "\n\nWelcome to {{ tier }}: from now on each order earns you more points.",
    ),
    "announcement": Words(title="{{ title }}", body="{{ text }}"),
}
