"""Why something was refused, as a sentence for a person."""

from __future__ import annotations

from crawler.services.targets import InvalidTarget, Problem


def of_error(error: Exception) -> str:
    """Return what an error says as a sentence; the rest of it keeps its letters, as do names of fields."""
    problems = error.problems if isinstance(error, InvalidTarget) else ()
    words = "; ".join(map(_placed, problems)) or str(error)
    return f"{words[:1].upper()}{words[1:]}."


def _placed(problem: Problem) -> str:
    """Return what is wrong with its place in the words of the target form."""
    head, _, rest = problem.field.partition(".")
    if head == "fields" and rest:
        return f"at {rest}: {problem.message}"
    return f"{problem.field}: {problem.message}" if problem.field else problem.message
