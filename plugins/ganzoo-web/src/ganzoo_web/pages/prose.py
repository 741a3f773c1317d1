"""A card's own words as HTML: what it draws, its limits, and whom to thank."""

from __future__ import annotations

import re
from html import escape

#: Sections of a card that a page shows below its introduction.
SECTIONS = ("Limits", "Licences")

_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_GENERATED = re.compile(r"<!--.*?-->", re.DOTALL)
#: A block of code, with a remark on it in brackets.
_CODE_BLOCK = re.compile(r"^```.*?^```\n(\s*\([^()]*\)\n)?", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")
_STRONG = re.compile(r"\*\*([^*]+)\*\*")
_LINK = re.compile(r"!?\[([^\]]*)\]\(([^)\s]+)\)")


def prose(readme: str) -> dict[str, str]:
    """The introduction (named by an empty text) and `SECTIONS` of a README.md, as HTML by title.

    Paragraphs, lists, code, links to other sites and bold words are kept; pictures, tables and
    blocks of code, which the page has in its own way or has no room for, are left out.
    """
    text = _GENERATED.sub("", _FRONT.sub("", readme))
    parts = re.split(r"^## +(.+)\n", text, flags=re.MULTILINE)
    sections = {"": re.sub(r"^# .*\n", "", parts[0], flags=re.MULTILINE)}
    sections.update(zip(parts[1::2], parts[2::2], strict=True))
    return {
        title: html
        for title, body in sections.items()
        if title in ("", *SECTIONS) and (html := _blocks(body))
    }


def _blocks(text: str) -> str:
    """Paragraphs and lists as HTML."""
    text = _CODE_BLOCK.sub("", text)
    blocks = [block.strip() for block in re.split(r"\n\s*\n", text)]
    return "\n".join(_block(block) for block in blocks if _is_prose(block))


def _is_prose(block: str) -> bool:
    return bool(block) and not block.startswith(("|", "!", "#", "<"))


def _block(block: str) -> str:
    if not block.startswith("- "):
        return f"<p>{_inline(block)}</p>"
    items = re.split(r"^- ", block, flags=re.MULTILINE)[1:]
    return f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</ul>"


def _inline(text: str) -> str:
    """Words with code, bold and links to other sites; relative links become their words."""
    html = escape(" ".join(text.split()), quote=True)
    html = _STRONG.sub(r"<strong>\1</strong>", _CODE.sub(r"<code>\1</code>", html))
    return _LINK.sub(_link, html)


def _link(found: re.Match[str]) -> str:
    words, target = found.groups()
    if not target.startswith("https://"):
        return words
    return f'<a href="{target}" rel="noreferrer">{words}</a>'
