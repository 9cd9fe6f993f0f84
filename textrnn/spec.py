"""The base of all that is written in a file: frozen specs that refuse unknown keys."""

import re
from reprlib import repr as shortened

from pydantic import BaseModel, ConfigDict, ValidationError

from textrnn.errors import meant


class Spec(BaseModel):
    """Base of every spec: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)  # the schema is built on first use


def first_problem(error: ValidationError) -> str:
    """Pydantic's first complaint in one line: where, what."""
    problem = error.errors(include_url=False)[0]
    where = ".".join(str(step) for step in problem["loc"])
    what = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "literal_error":
        given, names = problem["input"], re.findall("'([^']*)'", problem["ctx"]["expected"])
        like = meant(given, names) if isinstance(given, str) else ""
        what = f"{shortened(given)}{like} is not one of {', '.join(names)}"
    return f"{where}: {what}" if where else what
