"""The base of all that is written in a file: frozen specs that refuse unknown keys."""

from pydantic import BaseModel, ConfigDict, ValidationError


class Spec(BaseModel):
    """Base of every spec: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)  # the schema is built on first use


def first_problem(error: ValidationError) -> str:
    """Pydantic's first complaint in one line: where, what."""
    problem = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(step) for step in problem["loc"])
    what = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {what}" if where else what
