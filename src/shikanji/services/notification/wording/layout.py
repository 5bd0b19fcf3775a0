"""The look of every mail: MJML, turned into HTML once, with the places for the words still open."""

from functools import cache

LAYOUT = """<mjml><mj-head><mj-title>{{ title }}</mj-title><mj-preview>{{ title }}</mj-preview>
<mj-attributes><mj-all font-family="Noto Sans, Noto Sans Devanagari, Helvetica, Arial, sans-serif" /></mj-attributes>
</mj-head><mj-body background-color="#f6f4ee">
<mj-section background-color="#1f5c3a" padding="12px"><mj-column>
<mj-text color="#ffffff" font-size="20px" font-weight="700">Jain Shikanji</mj-text>
</mj-column></mj-section>
<mj-section background-color="#ffffff"><mj-column>
<mj-text font-size="18px" font-weight="700">{{ title }}</mj-text>
<mj-text line-height="1.5">{% for part in paragraphs %}<p>{{ part }}</p>{% endfor %}</mj-text>
<mj-table>{% for name, quantity, amount in lines %}<tr><td>{{ name }} × {{ quantity }}</td>
<td align="right">{{ amount }}</td></tr>{% endfor %}{% for label, amount in sums %}<tr><td>{{ label }}</td>
<td align="right">{{ amount }}</td></tr>{% endfor %}</mj-table>
</mj-column></mj-section>
<mj-section><mj-column><mj-text font-size="12px" color="#666666">{{ footer }}</mj-text></mj-column></mj-section>
</mj-body></mjml>"""


@cache
def html_layout() -> str:
    # Imported where it is needed: only who sends mail pays for it.
    import mrml

    content: str = mrml.to_html(LAYOUT).content
    return content
