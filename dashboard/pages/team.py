"""Team: who judged what, how far people agree, where they differ, and what they say of pairs of classes."""

from __future__ import annotations

from dashboard import loaders
from dashboard.widgets.bring_in import bring_in
from dashboard.widgets.frame import enter
from dashboard.widgets.pair_verdict import all_verdicts
from dashboard.widgets.team_agreement import agreement
from dashboard.widgets.team_checks import checks
from dashboard.widgets.team_disagreements import differing
from dashboard.widgets.team_work import how_a_team_works, right_now, who_judged


def main() -> None:
    """Draw the page; what needs two people is left out while there is one."""
    seen = enter("team", "Team", "Who judged what, and how far people agree.", filtered=False)
    if seen is None:
        return
    right_now(seen)
    figures = loaders.reviewers(seen.path)
    together = len(figures) > 1
    if not together:
        how_a_team_works(figures)
    if len(figures):
        who_judged(figures)
    if together:
        agreement(seen)
        differing(seen)
    if len(figures):
        checks(figures)
    all_verdicts(seen)
    bring_in(seen)


main()
