"""Reads a page as a browser would, to see what is really in it."""

from __future__ import annotations

from html.parser import HTMLParser


class Page(HTMLParser):
    """`elements` are (tag, attributes) in order; `text` is what is between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def field(html: str, name: str) -> str:
    """The value of a form's field."""
    return next(a["value"] for a in Page(html).all("input") if a.get("name") == name)


def inline(page: Page) -> list[str]:
    """Everything a strict content security policy would refuse to run or apply."""
    found = []
    for tag, attributes in page.elements:
        if tag == "style" or "style" in attributes:
            found.append(f"<{tag}> with style")
        found += [f"<{tag} {name}>" for name in attributes if name.startswith("on")]
        data = attributes.get("type") == "application/json"
        if tag == "script" and "src" not in attributes and not data:
            found.append("inline script")
        for name in ("href", "src", "action"):
            if attributes.get(name, "").strip().lower().startswith(("javascript:", "data:")):
                found.append(f"<{tag} {name}={attributes[name]}>")
    return found
