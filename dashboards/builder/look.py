"""How figures look: Grafana's units, thresholds, value mappings and data links, out of a panel's or column's words."""

from typing import Any

from dashboards.builder.form import Lang, Link, Look, Words

Json = dict[str, Any]

DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
_KEEP = "${__url_time_range}&${datasource:queryparam}&${netpatrol_url:queryparam}"
_HERE = "${__value.raw:percentencode}"
_URLS: dict[Link, str] = {
    "site": f"/d/netpatrol-site-<lang>?var-site={_HERE}&{_KEEP}",
    "device": f"/d/netpatrol-device-<lang>?var-device={_HERE}&{_KEEP}",
    "interfaces": f"/d/netpatrol-interfaces-<lang>?var-device={_HERE}&{_KEEP}",
    "own_interfaces": f"/d/netpatrol-interfaces-<lang>?${{device:queryparam}}&{_KEEP}",
    "tickets": f"/d/netpatrol-tickets-<lang>?var-site={_HERE}&{_KEEP}",
    "ticket": f"${{netpatrol_url}}/tickets/{_HERE}?lang=<lang>",
    "report": f"${{netpatrol_url}}/reports/{_HERE}/report.<lang>.html",
}


def uid(board: str, lang: Lang) -> str:
    """Return a dashboard's uid: the same for ever, so that links and bookmarks keep working."""
    return f"netpatrol-{board}-{lang}"


def field(look: Look, words: Words, lang: Lang) -> Json:
    """Return FieldConfig (https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options)."""
    links = (look.link,) if isinstance(look.link, str) else look.link
    made: Json = {
        "unit": look.unit,
        "decimals": look.decimals,
        "min": look.min,
        "max": look.max,
        "thresholds": _thresholds(look.steps, words) if look.steps else None,
        "color": {"mode": "thresholds"} if look.steps else None,
        "mappings": [_mapping(look.map, words, lang)] if look.map else None,
        "links": [link(to, words, lang) for to in links] or None,
    }
    return {name: value for name, value in made.items() if value not in (None, "")}


def link(to: Link, words: Words, lang: Lang) -> Json:
    """Return a data link: to another of our dashboards, or to a page of netpatrol itself."""
    url = _URLS[to].replace("<lang>", lang)
    return {"title": words.links[to][lang], "url": url, "targetBlank": to in ("ticket", "report")}


def _thresholds(name: str, words: Words) -> Json:
    steps = words.steps[name]
    return {
        "mode": "absolute",
        "steps": [{"value": None if at == "base" else float(at), "color": color} for at, color in steps.items()],
    }


def _mapping(name: str, words: Words, lang: Lang) -> Json:
    options = {
        value: {"text": meant[lang], "index": index} | ({"color": meant.color} if meant.color else {})
        for index, (value, meant) in enumerate(words.maps[name].items())
    }
    return {"type": "value", "options": options}
