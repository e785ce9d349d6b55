"""Cases whose repr is Python code, so that a counterexample can be run."""

from dataclasses import fields
from typing import Any, cast


class CodeRepr:
    """A dataclass whose repr is Python code that leaves out what is as by default."""

    def __repr__(self) -> str:
        shown = [
            f"{field.name}={value!r}"
            for field in fields(cast(Any, self))
            if (value := getattr(self, field.name)) != field.default
        ]
        return f"{type(self).__name__}({', '.join(shown)})"
