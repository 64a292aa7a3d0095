"""The root of all our errors: what happened, the details, and what the operator can do."""

from __future__ import annotations


class VbemError(Exception):
    """Something went wrong that the program foresees.

    Args:
        detail: what is particular to this case, in plain English, without secrets.
        hint: what to do, where the class's own hint does not fit.
        title: what happened, where the class's own title does not fit.
    """

    title: str = "Something went wrong"
    """What happened, in a few words, without a full stop."""
    hint: str = ""
    """What the operator can do."""

    def __init__(self, detail: str = "", *, hint: str = "", title: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        if title:
            self.title = title
        if hint:
            self.hint = hint

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}" if self.detail else self.title


def describe(doing: str, error: Exception) -> str:
    """Return one to three sentences: what was being done, what happened, what to do.

    Args:
        doing: completes the sentence 'Could not ...'.
        error: one of ours, or any other.
    """
    return f"Could not {doing}. {sentences_of(error)}"


def sentence_of(error: Exception) -> str:
    """Return what happened, as one sentence with its full stop."""
    return f"{str(error).rstrip('.')}."


def sentences_of(error: Exception) -> str:
    """Return what happened and what to do, in sentences."""
    parts = (error.title, error.detail, error.hint) if isinstance(error, VbemError) else (str(error),)
    return ". ".join(part.rstrip(".") for part in parts if part) + "."
