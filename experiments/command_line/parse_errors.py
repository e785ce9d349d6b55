"""What tyro says in a box about arguments that it cannot read, as one line."""

import re

RULE = re.compile(r"[\s│]*[─╰╯-]{4,}[\s│]*")
TITLE = re.compile(r"╭─ .*")
SUGGESTION = "Perhaps you meant:"
UNKNOWN = "Unrecognized options:"


def in_one_line(box: str, program: str) -> str:
    """Shorten the text of a box to what was wrong, the nearest option if one is suggested, and where the help is.

    Parameters
    ----------
    box
        What tyro printed.
    program
        The program with its command, for the hint at its help.
    """
    sections: list[list[str]] = [[]]
    for line in box.splitlines():
        if RULE.fullmatch(line) or TITLE.fullmatch(line):
            sections.append([])
        elif words := line.strip(" │"):
            sections[-1].append(words)
    if "╭" not in box and len(sections) > 1:  # plain characters: the title has a line of its own
        sections = sections[1:]
    first, *others = [section for section in sections if section] or [["the arguments cannot be read"]]
    message = " ".join(first).removeprefix("Error parsing ")
    for heading, *rest in others:
        if heading == SUGGESTION and rest:
            message = f"{message}; did you mean {rest[0].split()[0]}?"
        elif heading == UNKNOWN:  # beside another mistake, of which it may be the cause
            message = f"{UNKNOWN} {' '.join(rest)}; {message}"
    return f"{message[:1].lower()}{message[1:].rstrip('.')} (help: {program} --help)"
