"""The words of the messages that carry a code, in both languages."""

from shikanji.kit.clock import MINUTE
from shikanji.kit.messages import Message
from shikanji.services.customer.model.account import Language
from shikanji.services.customer.model.challenge import Challenge, Purpose

_SUBJECTS: dict[Language, dict[Purpose, str]] = {
    "en": {
        "sign-in": "Your sign-in code",
        "reset": "Your code for a new password",
        "verify": "Your verification code",
    },
    "hi": {
        "sign-in": "आपका साइन-इन कोड",
        "reset": "नए पासवर्ड के लिए आपका कोड",
        "verify": "आपका सत्यापन कोड",
    },
}
_TEXTS: dict[Language, dict[Purpose, str]] = {
    "en": {
        "sign-in": "{code} is your code to sign in to Jain Shikanji. It is valid for {minutes} minutes. "
        "Tell it to nobody.",
        "reset": "{code} is your code for a new Jain Shikanji password. It is valid for {minutes} minutes. "
        "If you did not ask for it, do nothing: your password stays as it is.",
        "verify": "{code} confirms this address for your Jain Shikanji account. It is valid for {minutes} minutes.",
    },
    "hi": {
        "sign-in": "जैन शिकंजी में साइन इन करने के लिए आपका कोड {code} है। यह {minutes} मिनट तक मान्य है। इसे किसी को न बताएं।",
        "reset": "जैन शिकंजी के नए पासवर्ड के लिए आपका कोड {code} है। यह {minutes} मिनट तक मान्य है। "
        "यदि आपने नहीं माँगा, तो कुछ न करें: आपका पासवर्ड वही रहेगा।",
        "verify": "आपके जैन शिकंजी खाते के लिए इस पते की पुष्टि का कोड {code} है। यह {minutes} मिनट तक मान्य है।",
    },
}


def code_message(challenge: Challenge, code: str, language: Language) -> Message:
    minutes = (challenge.expires_at - challenge.created_at) // MINUTE
    return Message(
        key=challenge.id,
        channel="email" if challenge.channel == "email" else "sms",
        to=challenge.identifier,
        subject=_SUBJECTS[language][challenge.purpose],
        text=_TEXTS[language][challenge.purpose].format(code=code, minutes=minutes),
    )
