"""The steps of looking at things: which page, which filter, which options; one can go back and forth. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from dashboard.selection import Filter

MOST = 50  # steps that are kept


@dataclass(frozen=True)
class Step:
    """What a visitor looked at. `options`: how pages are drawn, as far as that is not the usual, in sorted order."""

    page: str
    chosen: Filter
    options: tuple[tuple[str, str], ...] = ()


@dataclass
class Steps:
    """Steps in the order they were taken, at most `MOST`, and which of them one is at."""

    taken: list[Step] = field(default_factory=list)
    at: int = -1

    def record(self, step: Step, *, by_link: bool = False) -> None:
        """Note where one is; nothing happens where that is no change. A new step ends what could be redone.

        `by_link`: the address was changed from outside. Where it leads to a neighbouring step, as the Back and Forward
        buttons do, that is a move and no new step.
        """
        if self.taken and self.taken[self.at] == step:
            return
        for by in (-1, 1) if by_link else ():
            if self.can(by) and self.taken[self.at + by] == step:
                self.at += by
                return
        self.taken = [*self.taken[: self.at + 1], step][-MOST:]
        self.at = len(self.taken) - 1

    def can(self, by: int) -> bool:
        """Is there a step so far back (-1) or forth (1)?"""
        return 0 <= self.at + by < len(self.taken)

    def move(self, by: int) -> Step:
        """Go there. Raises IndexError where `can` says no."""
        if not self.can(by):
            raise IndexError(by)
        self.at += by
        return self.taken[self.at]
