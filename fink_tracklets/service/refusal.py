"""Answers that refuse: a status and one sentence."""

from __future__ import annotations


class Refusal(Exception):
    """The request cannot be answered: the sentence says what is right."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


def wrong(sentence: str) -> Refusal:
    """A wrong argument."""
    return Refusal(400, sentence)


def shown(text: str) -> str:
    """A user's text inside a sentence: short, and without control characters."""
    clean = "".join(c if c.isprintable() else "?" for c in text[:40])
    return f"'{clean}{'...' if len(text) > 40 else ''}'"


def first_line(error: BaseException) -> str:
    """An exception's text as a part of a sentence."""
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".") + "."
