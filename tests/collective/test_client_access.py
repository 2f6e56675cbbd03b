"""The file with a secret: only its owner reads it, and no message shows what is in it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from stub_platform import Asked, http, serving

from quorate.collective.client.access import (
    Access,
    Link,
    begin,
    find_access,
    read_access,
    read_invitation,
    read_link,
    read_setup,
)
from quorate.collective.client.membership import join
from quorate.errors import CoordinatorError, InputError

ACCESS = Access("member", "http://127.0.0.1:9", "abc", "abc.SECRET")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QUORATE_CONFIG", str(tmp_path / "config" / "config.toml"))
    (tmp_path / "config").mkdir()
    return tmp_path


def save(path: Path, access: Access) -> Path:
    path.write_text(access.to_json())
    return path


def test_a_file_is_read_as_it_was_written(here: Path) -> None:
    assert read_access(save(here / "a.json", ACCESS)) == ACCESS
    assert "SECRET" not in repr(ACCESS)


def test_the_only_file_is_found_here_and_else_with_the_configuration(here: Path) -> None:
    with pytest.raises(InputError, match=r"got none\. Join by"):
        find_access("member", None)
    save(here / "config" / "member.json", ACCESS)
    assert find_access("member", None) == (here / "config" / "member.json", ACCESS)
    other = replace(ACCESS, campaign="xyz")
    save(here / "member-xyz.json", other)
    assert find_access("member", None)[1] == other
    save(here / "member-2.json", ACCESS)
    with pytest.raises(InputError, match="Expected one file of a member here, got 2"):
        find_access("member", None)
    assert find_access("member", Path("member-2.json"))[1] == ACCESS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "got something else"),
        ("[" * 100_000, "got something else"),
        ("[]", "got something else"),
        ('{"role": ["member"]}', "got something else"),
        ('{"role": "member", "url": 3, "secret": 5}', "another secret and url"),
        ('{"role": "member", "url": "http://a", "campaign": "../x"}', "another campaign"),
        ('{"role": "member", "url": "http://u:p@a/", "secret": "SECRET"}', "password"),
        ('{"role": "organiser", "url": "http://a", "secret": "SECRET"}', "of an organiser"),
        ('{"role": "member", "url": "http://a"}', "not completed"),
        ("\xff\xfe", "got something else"),
    ],
)
def test_another_file_is_refused(here: Path, text: str, said: str) -> None:
    path = here / "a.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=said) as found:
        find_access("member", path)
    assert "SECRET" not in str(found.value)


def test_who_joins_gets_a_file_that_others_cannot_read(here: Path) -> None:
    answer = http(200, {"campaign": "else", "member": "m", "secret": "m.SECRET"})
    with serving(lambda _: answer) as stub:
        path, found = join(f"{stub.url}/c/abc/join/TOKEN", here / "me.json")
        with pytest.raises(InputError, match=r"already\. Name another"):
            join(f"{stub.url}/c/abc/join/TOKEN", here / "me.json")
    assert (here / "me.json").stat().st_mode & 0o777 == 0o600
    kept = json.loads((here / "me.json").read_text())
    assert set(kept) == {"what", "url", "campaign", "role", "secret"}
    assert (kept["url"], kept["secret"]) == (f"{stub.url}/c/abc", "m.SECRET")
    assert read_access(path) == found == Access("member", stub.url, "abc", "m.SECRET")
    assert [one.path for one in stub.asked] == ["/api/v1/invitations/TOKEN/join"]


def test_who_was_interrupted_while_joining_repeats_the_same_request(here: Path) -> None:
    """One whose answer was lost takes no second place on the invitation."""
    answers = [http(501, b"lost"), http(200, {"campaign": "abc", "secret": "m.SECRET"})]
    with serving(lambda _: answers.pop(0)) as stub:
        link = f"{stub.url}/c/abc/join/TOKEN"
        with pytest.raises(CoordinatorError):
            join(link, here / "me.json")
        assert (here / "me.json").stat().st_mode & 0o777 == 0o600
        with pytest.raises(InputError, match="Name another"):  # by another link: somebody else's
            join(f"{stub.url}/c/abc/join/OTHER", here / "me.json")
        join(link, here / "me.json")
    first, second = [one.headers["idempotency-key"] for one in stub.asked]
    assert first == second


def test_an_invitation_that_is_refused_leaves_no_file(here: Path) -> None:
    said = {"error": {"code": "used_up", "message": "Expected a place left, got none."}}
    with serving(lambda _: http(409, said)) as stub, pytest.raises(CoordinatorError):
        join(f"{stub.url}/c/abc/join/TOKEN", here / "me.json")
    assert not (here / "me.json").exists()


def test_nothing_is_asked_where_no_file_can_be_made(here: Path) -> None:
    def never(_: Asked) -> bytes:
        raise AssertionError

    with serving(never) as stub, pytest.raises(InputError, match="Expected to make a file"):
        join(f"{stub.url}/c/abc/join/TOKEN", here / "missing" / "me.json")
    assert stub.asked == []


def test_a_file_is_never_written_over(here: Path) -> None:
    path = here / "notes.txt"
    path.write_text("mine")
    with pytest.raises(InputError, match="got something else"):
        begin(path, ACCESS)
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    "link",
    [
        *(
            "",
            "TOKEN",
            "http://a",
            "http://a/TOKEN",
            "ftp://a/c/i/join/TOKEN",
            "//a/c/i/join/TOKEN",
        ),
        *("http://a/c/i/join/T%2e", "http://a/c/i", "http://a/c/i/join/TOKEN?x=1", "http://[a/c/i"),
        "http://u:TOKEN@a/c/i/join/TOKEN",
    ],
)
def test_what_is_no_invitation_is_refused(link: str) -> None:
    with pytest.raises(InputError) as found:
        read_invitation(link)
    assert "TOKEN" not in str(found.value).replace(link, "")


def test_a_link_may_lie_beneath_a_path() -> None:
    link = read_link("https://a.example/group/c/xyz/join/T-_9/")
    assert link == Link("https://a.example/group", "xyz", "T-_9")
    assert "T-_9" not in repr(link)


def test_the_link_that_sets_up_campaigns_may_lie_in_a_file(here: Path) -> None:
    (here / "setup.txt").write_text("http://127.0.0.1:8000/new/SECRET\n")
    assert read_setup("setup.txt") == read_setup("http://127.0.0.1:8000/new/SECRET")
    assert read_setup("setup.txt") == ("http://127.0.0.1:8000", "SECRET")
    for wrong in ("missing.txt", "http://127.0.0.1:8000/SECRET", "http://a/new/SECRET/x"):
        with pytest.raises(InputError) as found:
            read_setup(wrong)
        assert "SECRET" not in str(found.value)
