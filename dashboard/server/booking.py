"""Decisions from a browser: checked one by one, booked together, each answered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from analysis.base.errors import BadInput, UserError
from analysis.base.types import MARKS, Decision, Purpose, Verdict
from analysis.review.limits import SEPARATOR, sift
from dashboard.server.opened import Opened
from dashboard.server.proofs import Unproven, has_sign_in, proven

MAX_BODY = 256 << 10  # bytes; a hundred decisions are about forty thousand
MAX_OPS = 500

Text = Annotated[str, Field(max_length=1000)]
SessionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
ImageId = Annotated[str, Field(min_length=1, max_length=4096)]
ReviewerName = Annotated[str, Field(min_length=1, max_length=80)]
Proof = Annotated[str, Field(max_length=2000)]
QueueTag = Annotated[str, Field(max_length=200)]
Moment = Annotated[float, Field(ge=0, lt=1e11, allow_inf_nan=False)]


class Op(BaseModel):
    """One decision as the deck sends it. Names of classes, not numbers: they still mean the same after a new run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    session: SessionName
    seq: int = Field(ge=1, lt=2**53)
    image_id: ImageId
    verdict: Verdict
    suggested: Text = ""
    new_labels: list[Text] = Field(default_factory=list, max_length=20)
    reviewer: ReviewerName
    run_id: Text = ""
    decided_at: Moment
    shown_at: Moment | None = None
    note: str = Field("", max_length=2000)
    undoes: int | None = Field(None, ge=1, lt=2**53)
    mode: Literal["", "single", "grid", "table"] = ""
    queue: QueueTag = ""
    purpose: Purpose = ""
    proof: Proof = ""  # of the sign-in that the reviewer made it under


class Batch(BaseModel):
    """What one request carries; the decisions are looked at one by one, so that a bad one stops no other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ops: list[dict[str, Any]] = Field(max_length=MAX_OPS)


_ops = TypeAdapter(Op)


def read_batch(body: bytes) -> list[dict[str, Any]]:
    """The raw decisions in a request body; BadInput when it is not what the deck sends."""
    try:
        return Batch.model_validate_json(body).ops
    except ValidationError as error:
        raise BadInput(f"These are no decisions: {first_problem(error)}", wanted='{"ops": […]}') from error


def book(opened: Opened, raw: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Book what is sound in one transaction; answer each: `acked` is durable, `problems` will never be booked.

    `unproven` may be booked, once they come with a proof that their reviewer is signed in: the deck keeps them.
    Booking again what was booked before changes nothing and is acknowledged again. Raises StoreFailure when nothing
    could be written; then nothing is acknowledged and the deck keeps everything.
    """
    understood: list[Decision] = []
    problems: list[dict[str, Any]] = []
    unproven: list[dict[str, Any]] = []
    for entry in raw:
        try:
            understood.append(to_decision(opened, _ops.validate_python(entry)))
        except ValidationError as error:
            problems.append({**name_of(entry), "message": first_problem(error)})
        except Unproven as error:
            unproven.append({**name_of(entry), "message": str(error)})
        except UserError as error:
            problems.append({**name_of(entry), "message": str(error)})
    sound, refused = sift(understood)
    sound, foreign = own_undos(opened, sound)
    refused += foreign
    problems += [{"session": d.session, "seq": d.seq, "message": reason} for d, reason in refused]
    booked = opened.decisions.book(sound)
    taken = "Another decision was booked under its number: decide on that image again"
    problems += [{"session": session, "seq": seq, "message": taken} for session, seq in booked.conflicts]
    return {
        "acked": [{"session": session, "seq": seq} for session, seqs in booked.items() for seq in seqs],
        "problems": problems,
        "unproven": unproven,
    }


def own_undos(opened: Opened, decisions: list[Decision]) -> tuple[list[Decision], list[tuple[Decision, str]]]:
    """Apart from the others, the undos of what was not decided under the same account, with the reason.

    Only where a sign-in is set up: without one a name says nothing.
    """
    if not has_sign_in():
        return decisions, []
    made = {(d.session, d.seq): d.reviewer for d in decisions}
    kept, refused = [], []
    for one in decisions:
        undone = (one.session, one.undoes or 0)
        if one.undoes is None or (opened.decisions.reviewer_of(*undone) or made.get(undone)) == one.reviewer:
            kept.append(one)
        else:
            refused.append((one, f"There is no decision of {one.reviewer} to take back"))
    return kept, refused


def to_decision(opened: Opened, op: Op) -> Decision:
    """The decision an op means; the given label comes from the data set, never from the browser.

    Raises Unproven where the reviewer is not proven, and BadInput.
    """
    reviewer = proven(opened.key, clean_name(op.reviewer), op.proof)
    row = opened.row_of.get(op.image_id)
    if row is None:
        raise BadInput(f"There is no image {op.image_id[:80]!r} in this data set")
    classes = opened.dataset.classes
    given = classes[int(opened.dataset.table["given"].iat[row])]
    known = opened.class_names
    for name in (*op.new_labels, *([op.suggested] if op.suggested else [])):
        if name not in known:
            raise BadInput(f"There is no class {name[:80]!r} in this data set")
    return Decision(
        image_id=op.image_id,
        verdict=op.verdict,
        given=given,
        suggested=op.suggested,
        new_label=_new_label(op, given),
        reviewer=reviewer,
        run_id=op.run_id,
        session=op.session,
        seq=op.seq,
        decided_at=op.decided_at,
        note=op.note,
        undoes=op.undoes,
        mode=op.mode,
        shown_at=op.shown_at,
        queue=op.queue,
        # a mark is about the image even where the verdict beside it only measures the reviewer
        purpose="" if op.verdict in MARKS else op.purpose,
    )


def _new_label(op: Op, given: str) -> str | None:
    if op.verdict == "relabel":
        if len(op.new_labels) != 1 or op.new_labels[0] == given:
            raise BadInput("A new label is one class other than the given one")
        return op.new_labels[0]
    if op.verdict == "several":
        if len(set(op.new_labels)) < 2:
            raise BadInput("Several labels are at least two different classes")
        return SEPARATOR.join(dict.fromkeys(op.new_labels))
    if op.new_labels:
        what = "mark" if op.verdict in MARKS else "verdict"
        raise BadInput(f"The {what} {op.verdict} carries no new label")
    return None


def clean_name(name: str) -> str:
    """A reviewer's name on one line without control characters; BadInput when nothing is left."""
    cleaned = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not cleaned:
        raise BadInput("The reviewer has no name", hint="enter one in the sidebar")
    return cleaned


def first_problem(error: ValidationError) -> str:
    """The first thing wrong, in a few words, without the (hostile) value."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])


def name_of(entry: dict[str, Any]) -> dict[str, Any]:
    """By what the deck knows a decision: its session and number, as far as it sent any."""
    session, seq = entry.get("session"), entry.get("seq")
    return {"session": session if isinstance(session, str) else "", "seq": seq if isinstance(seq, int) else 0}
