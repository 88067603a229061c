"""Booking under a sign-in: only the account that is signed in books under its name, and nothing is lost on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st
from streamlit import user_info
from streamlit.testing.v1 import AppTest

from dashboard.server import proofs
from dashboard.server.opened import Opened

ADA, BOB = "ada@example.org", "bob@example.org"
KEY = "a long secret that only the server knows"


@pytest.fixture
def sign_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set up the sign-in, as secrets.toml does."""

    def set_up(key: str = KEY) -> None:
        monkeypatch.setattr(st.secrets, "_secrets", {"auth": {"cookie_secret": key, "client_id": "x"}})

    set_up()
    return set_up


def op(seq: int = 1, **changes: Any) -> dict[str, Any]:
    usual = {"session": "0123456789abcdef", "seq": seq, "image_id": "train/00000", "verdict": "keep", "reviewer": ADA}
    return {**usual, "decided_at": 1e9, **changes}


def said(answer: Any, what: str) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [one["seq"] for one in answer.json()[what]]


def stored(found: Opened) -> list[tuple[str, str]]:
    log = found.decisions.log()
    return list(zip(log["reviewer"], log["verdict"], strict=True))


def test_what_comes_with_the_accounts_proof_is_booked_under_it(sign_in: Any, send: Any, found: Opened) -> None:
    proof = proofs.issue(found.key, ADA)
    assert said(send([op(proof=proof)]), "acked") == [1]
    assert said(send([op(proof=proof)]), "acked") == [1], "a replay"
    assert stored(found) == [(ADA, "keep")]


def test_without_a_proof_of_its_own_account_nothing_is_booked_and_nothing_is_refused_for_good(
    sign_in: Any, send: Any, found: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine = proofs.issue(found.key, ADA)
    with monkeypatch.context() as past:
        now = time.time()
        past.setattr(time, "time", lambda: now - proofs.VALID - 2 * proofs.STEP)
        old = proofs.issue(found.key, ADA)
    sign_in("another secret of the server, before it was changed")
    rotated = proofs.issue(found.key, ADA)
    sign_in()
    bad = {
        "Nothing proves": "",
        "is not that": proofs.issue(found.key, BOB),
        "is not that ada@example.org made this here": proofs.issue("another workspace", ADA),
        "not known here": rotated,
        "not known": f"{fine}x",
        "not known here ": "…",
        "confirmed too long ago": old,
    }
    answer = send([op(n, proof=proof) for n, proof in enumerate(bad.values(), 1)])
    assert (said(answer, "acked"), said(answer, "problems")) == ([], [])
    for one, words in zip(answer.json()["unproven"], bad, strict=True):
        assert words.strip() in one["message"]
        assert "sign in anew with that account" in one["message"]
    assert stored(found) == []
    assert said(send([op(7, proof=fine)]), "acked") == [7], "the same one, once there is a proof"
    assert stored(found) == [(ADA, "keep")]


def test_one_request_carries_the_decisions_of_two_accounts(sign_in: Any, send: Any, found: Opened) -> None:
    both = [op(n, reviewer=who, proof=proofs.issue(found.key, who)) for n, who in enumerate((ADA, BOB), 1)]
    answer = send([*both, op(3, reviewer=BOB, proof=both[0]["proof"])])
    assert (said(answer, "acked"), said(answer, "unproven")) == ([1, 2], [3])
    assert stored(found) == [(ADA, "keep"), (BOB, "keep")]


def test_nobody_takes_back_what_another_account_decided(sign_in: Any, send: Any, found: Opened) -> None:
    ada, bob = ({"reviewer": who, "proof": proofs.issue(found.key, who)} for who in (ADA, BOB))
    send([op(1, **ada)])
    undo = {"verdict": "undo", "undoes": 1}
    trick = op(1, **bob)  # would be the decision that is taken back, were the number not Ada's
    assert said(send([trick, op(2, **undo, **bob)]), "problems") == [2, 1]
    assert said(send([op(3, **undo, **ada), op(4, **ada), op(5, verdict="undo", undoes=4, **ada)]), "problems") == []
    assert [who for who, _ in stored(found)] == [ADA] * 4


def test_without_a_sign_in_the_name_is_what_was_sent(send: Any, found: Opened) -> None:
    assert proofs.issue(found.key, ADA) is None
    assert said(send([op(reviewer="Ada"), op(2, reviewer="Bob", proof="left from before")]), "acked") == [1, 2]
    assert [who for who, _ in stored(found)] == ["Ada", "Bob"]


def test_images_are_leased_to_proven_accounts_only(sign_in: Any, post: Any, found: Opened) -> None:
    ask = {"session": "0123456789abcdef", "reviewer": ADA, "ids": ["train/00000"]}
    refused = post("lease", ask)
    assert refused.status_code == 401
    assert "Nothing proves that ada@example.org" in refused.json()["error"]
    assert post("lease", {**ask, "proof": proofs.issue(found.key, ADA)}).json()["granted"] == ["train/00000"]


def test_a_proof_is_the_same_for_a_while_so_that_a_page_is_not_sent_again(
    sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1e9 // proofs.STEP * proofs.STEP)
    first = proofs.issue("key", ADA)
    monkeypatch.setattr(time, "time", lambda: 1e9 // proofs.STEP * proofs.STEP + proofs.STEP - 1)
    assert proofs.issue("key", ADA) == first
    monkeypatch.setattr(time, "time", lambda: 1e9 // proofs.STEP * proofs.STEP + proofs.STEP)
    assert proofs.issue("key", ADA) != first


def script() -> None:
    import streamlit as st

    from dashboard.widgets.reviewer import sign_in_proof

    st.session_state["review.name"] = "bob@example.org"  # typed before a sign-in was set up
    st.text(repr(sign_in_proof("key")))


@pytest.mark.parametrize("user", [{"is_logged_in": True, "email": ADA}, {"is_logged_in": False}, {}])
def test_a_page_has_a_proof_of_the_signed_in_account_only(
    user: dict[str, Any], sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_info, "_get_user_info", lambda: user)
    shown = AppTest.from_function(script).run().text[0].value
    assert shown == repr(proofs.issue("key", ADA) if user.get("is_logged_in") else None)
