"""Leases for the deck: which of the images it wants to show it may, checked like everything from a browser."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analysis.base.errors import BadInput
from analysis.review.leases import LEASE_SECONDS, MAX_IDS, MAX_OPINIONS
from dashboard.server.booking import ImageId, Proof, QueueTag, ReviewerName, SessionName, clean_name, first_problem
from dashboard.server.opened import Opened
from dashboard.server.proofs import proven

Ids = Annotated[list[ImageId], Field(max_length=MAX_IDS)]


class Ask(BaseModel):
    """What one request wants: images to hold, or to hold on to, and images to give back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    session: SessionName
    reviewer: ReviewerName
    proof: Proof = ""
    queue: QueueTag = ""
    opinions: int = Field(1, ge=1, le=MAX_OPINIONS, strict=True)
    adjudicate: bool = Field(False, strict=True)
    ids: Ids = Field(default_factory=list)
    release: Literal["all"] | Ids = Field(default_factory=list)


def read_ask(body: bytes) -> Ask:
    """The request in a body; BadInput when it is not what the deck sends."""
    try:
        return Ask.model_validate_json(body)
    except ValidationError as error:
        raise BadInput(
            f"This asks for no lease: {first_problem(error)}", wanted='{"session": …, "ids": […]}'
        ) from error


def lease(opened: Opened, ask: Ask) -> dict[str, Any]:
    """Give back first, then lease: `granted`, `taken` and `done` image ids, and for how many `seconds`.

    Raises BadInput for an image that is not there, Unproven for a reviewer who is not, and StoreFailure; then nothing
    was leased.
    """
    for image in ask.ids:
        if image not in opened.row_of:
            raise BadInput(f"There is no image {image[:80]!r} in this data set")
    reviewer = proven(opened.key, clean_name(ask.reviewer), ask.proof)
    if ask.release:
        opened.leases.release(ask.session, None if ask.release == "all" else ask.release)
    answer = opened.leases.ask(
        ask.ids,
        session=ask.session,
        reviewer=reviewer,
        queue=ask.queue,
        opinions=ask.opinions,
        adjudicate=ask.adjudicate,
    )
    return {"granted": answer.granted, "taken": answer.taken, "done": answer.done, "seconds": LEASE_SECONDS}
