"""The platform's own words, in Hindi."""

from shikanji.services.notification.model.words import Words

_HELLO = "नमस्ते{% if name %} {{ name }}{% endif %},"

HI: dict[str, Words] = {
    "code-sign-in": Words(
        title="आपका साइन-इन कोड",
        body="जैन शिकंजी में साइन इन करने के लिए आपका कोड {{ code }} है। यह {{ minutes }} मिनट तक मान्य है। इसे किसी को न बताएं।",
        sms="जैन शिकंजी में साइन इन करने के लिए आपका कोड {{ code }} है। यह {{ minutes }} मिनट तक मान्य है। इसे किसी को न बताएं।",
    ),
    "code-reset": Words(
        title="नए पासवर्ड के लिए आपका कोड",
        body="जैन शिकंजी के नए पासवर्ड के लिए आपका कोड {{ code }} है। यह {{ minutes }} मिनट तक मान्य है। "
        "यदि आपने नहीं माँगा, तो कुछ न करें: आपका पासवर्ड वही रहेगा।",
        sms="जैन शिकंजी के नए पासवर्ड के लिए आपका कोड {{ code }} है। यह {{ minutes }} मिनट तक मान्य है। "
        "यदि आपने नहीं माँगा, तो कुछ न करें: आपका पासवर्ड वही रहेगा।",
    ),
    "code-verify": Words(
        title="आपका सत्यापन कोड",
        body="आपके जैन शिकंजी खाते के लिए इस पते की पुष्टि का कोड {{ code }} है। यह {{ minutes }} मिनट तक मान्य है।",
        sms="आपके जैन शिकंजी खाते के लिए इस पते की पुष्टि का कोड {{ code }} है। यह {{ minutes }} मिनट तक मान्य है।",
    ),
    "welcome": Words(
        title="जैन शिकंजी में आपका स्वागत है",
        body=_HELLO + "\n\nहमारे साथ जुड़ने के लिए धन्यवाद। हमारे मेन्यू का हर पेय और नाश्ता शाकाहारी है, और जिस पर जैन लिखा है "
        "वह जैन है। हर ऑर्डर पर आपको पॉइंट मिलते हैं।",
    ),
    "notice": Words(title="{{ title }}", body="{{ text }}"),
    "order-placed": Words(
        title="आपका ऑर्डर{% if order %} {{ order }}{% endif %} हमें मिल गया है",
        body="{% if total %}कुल राशि {{ total }} है। {% endif %}भुगतान होते ही ऑर्डर पक्का हो जाएगा।",
    ),
    "order-confirmed": Words(
        title="आपका ऑर्डर{% if order %} {{ order }}{% endif %} पक्का हो गया है",
        body=_HELLO + "\n\n{% if store %}{{ store }} में {% endif %}ऑर्डर करने के लिए धन्यवाद। "
        "{% if total %}कुल राशि {{ total }} है।{% endif %}",
    ),
    "order-preparing": Words(
        title="आपका ऑर्डर{% if order %} {{ order }}{% endif %} तैयार किया जा रहा है",
        body="{% if store %}{{ store }} में तैयारी शुरू हो गई है।{% else %}रसोई में तैयारी शुरू हो गई है।{% endif %}",
    ),
    "order-ready": Words(
        title="आपका ऑर्डर{% if order %} {{ order }}{% endif %} तैयार है",
        body="{% if store %}{{ store }} में {% endif %}आपका ऑर्डर तैयार है।",
        sms="आपका जैन शिकंजी ऑर्डर {{ order }} तैयार है।",
    ),
    "order-dispatched": Words(
        title="आपका ऑर्डर{% if order %} {{ order }}{% endif %} रास्ते में है",
        body="{% if store %}{{ store }} से {% endif %}आपका ऑर्डर निकल चुका है और जल्द पहुँचेगा।",
        sms="आपका जैन शिकंजी ऑर्डर {{ order }} रास्ते में है।",
    ),
    "order-delivered": Words(
        title="आपका ऑर्डर{% if order %} {{ order }}{% endif %} पहुँच गया है",
        body="{% if name %}{{ name }}, {% endif %}स्वाद लीजिए।",
    ),
    "order-completed": Words(
        title="ऑर्डर{% if order %} {{ order }}{% endif %} के लिए धन्यवाद",
        body="{% if store %}{{ store }} में {% endif %}फिर मिलेंगे।",
    ),
    "order-cancelled": Words(
        title="आपका ऑर्डर{% if order %} {{ order }}{% endif %} रद्द हो गया है",
        body=_HELLO + "\n\nआपका ऑर्डर रद्द हो गया है{% if reason %}: {{ reason }}{% endif %}। "
        "आपने जो भुगतान किया है वह अपने आप वापस आ जाएगा।",
        sms="आपका जैन शिकंजी ऑर्डर {{ order }} रद्द हो गया है। भुगतान की राशि वापस आ जाएगी।",
    ),
    "payment-receipt": Words(
        title="हमें {{ amount }} मिल गए हैं",
        body=_HELLO + "\n\n{% if order %}ऑर्डर {{ order }} के लिए {% endif %}{{ amount }} का भुगतान मिल गया है। धन्यवाद।",
    ),
    "refund-completed": Words(
        title="{{ amount }} आपको वापस किए गए हैं",
        body=_HELLO + "\n\n{% if order %}ऑर्डर {{ order }} के लिए {% endif %}हमने {{ amount }} वापस कर दिए हैं। "
        "बैंक में दिखने में कुछ दिन लग सकते हैं।",
        sms="जैन शिकंजी ने ऑर्डर {{ order }} के लिए {{ amount }} वापस किए हैं।",
    ),
    "low-stock": Words(
        title="{{ product }} कम बचा है",
        body="{% if store %}{{ store }}: {% endif %}{{ product }} के केवल {{ available }} बचे हैं।",
    ),
    "review-prompt": Words(
        title="आपको कैसा लगा?",
        body=_HELLO + "\n\nबताइए कि आपको अपना ऑर्डर{% if order %} {{ order }}{% endif %} कैसा लगा। "
        "इसमें एक मिनट लगता है और दूसरों को चुनने में मदद मिलती है।",
    ),
    "points-given": Words(
        title="आपके लिए {{ points }} पॉइंट",
        body="{{ reason }} आपके खाते में {{ points }} पॉइंट जोड़े गए हैं।",
    ),
    "tier-upgraded": Words(
        title="अब आप {{ tier }} सदस्य हैं",
        body=_HELLO + "\n\n{{ tier }} में आपका स्वागत है: अब हर ऑर्डर पर ज़्यादा पॉइंट मिलेंगे।",
    ),
    "announcement": Words(title="{{ title }}", body="{{ text }}"),
}
