"""Plain characters in the place of those that the terminal's encoding does not have."""

import codecs
import sys

PLAIN = "likelihood-curvature-plain"
REPLACEMENTS = str.maketrans(
    {
        "±": "+-",
        "≥": ">=",
        "≤": "<=",
        "²": "^2",
        "–": "-",
        "…": "...",
        "→": "->",
        "×": "x",
        "─": "-",
        "━": "-",
        "│": "|",
        "•": "*",
        **dict.fromkeys("╭╮╰╯╸╺╴╶", "+"),
    }
)


def use_plain_characters() -> None:
    """Replace characters that standard output and error cannot encode, such as ± in the C locale, by plain ones."""
    codecs.register_error(PLAIN, _replace)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=PLAIN)


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(REPLACEMENTS)
    return text.encode("ascii", errors="backslashreplace").decode("ascii"), error.end
