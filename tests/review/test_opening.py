"""Which database a workspace's decisions go to, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from analysis.base.errors import BadInput, StoreFailure
from analysis.review.opening import VARIABLE, database_named, open_store, place_of
from analysis.runs.workspace import Workspace
from tests.factory import make_workspace
from tests.review.helpers import decision


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "ws", n=20)


def test_without_a_name_the_decisions_lie_in_the_workspace(workspace: Workspace) -> None:
    with open_store(workspace) as store:
        store.book([decision(1)])
        assert store.scope == ""
    assert (workspace.path / "review.sqlite").exists()
    assert place_of(workspace) == f"sqlite:///{workspace.path / 'review.sqlite'}"


def test_the_environment_names_a_shared_database_and_an_argument_goes_before_it(
    workspace: Workspace, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, url)
    with open_store(workspace) as store:
        store.book([decision(1)])
        assert store.engine.url.get_backend_name() == make_url(url).get_backend_name()
    with open_store(workspace, f"sqlite:///{tmp_path / 'other.sqlite'}") as other:
        assert other.count() == 0
    assert not (workspace.path / "review.sqlite").exists()


def test_copies_of_a_workspace_share_decisions_and_other_data_sets_do_not(
    workspace: Workspace, url: str, tmp_path: Path
) -> None:
    with open_store(workspace, url) as store:
        store.book([decision(1)])
    with open_store(make_workspace(tmp_path / "copy", n=20), url) as copy:
        assert copy.booked_seqs("session-1") == [1]
    with open_store(make_workspace(tmp_path / "other", n=30), url) as other:
        assert other.count() == 0


def test_naming_the_workspaces_own_file_finds_its_own_decisions(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(workspace) as store:
        store.book([decision(1)])
    monkeypatch.chdir(workspace.path)
    for named in (workspace.review_url, "review.sqlite", "sqlite:///review.sqlite"):
        with open_store(workspace, named) as store:
            assert store.count() == 1, named


def test_a_relative_file_means_the_same_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        database_named("sqlite:///team.sqlite") == database_named("team.sqlite") == f"sqlite:///{tmp_path}/team.sqlite"
    )
    assert database_named("") is None


@pytest.mark.parametrize(
    "address",
    ["postgresql://ada:secret@127.0.0.1:1/none", "postgresql://ada@127.0.0.1:1/none?password=secret"],
)
def test_a_server_that_is_not_there_is_a_clear_error_and_no_password_is_shown(
    workspace: Workspace, address: str
) -> None:
    with pytest.raises(StoreFailure, match="The decisions could not be opened: connection failed") as failed:
        open_store(workspace, address)
    assert "secret" not in str(failed.value)
    place = place_of(workspace, address)
    assert "secret" not in place and "127.0.0.1:1/none" in place and "ada" in place


@pytest.mark.parametrize(
    "address", ["mysql://u:secret@h/db", "postgresql://ada:secret@h:port/db", "sqlite://", "ftp:\\://%%"]
)
def test_an_address_of_another_kind_is_refused_without_its_password(workspace: Workspace, address: str) -> None:
    with pytest.raises(BadInput) as refused:
        open_store(workspace, address)
    assert "secret" not in str(refused.value)


def test_an_option_that_postgresql_does_not_know_is_a_clear_error(workspace: Workspace) -> None:
    with pytest.raises(StoreFailure, match="could not be opened: invalid"):
        open_store(workspace, "postgresql://ada:secret@127.0.0.1:1/none?colour=red")
