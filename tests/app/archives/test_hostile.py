"""Archives that are cut off, too new, damaged or made to do harm: each is refused in words, and nothing is stored."""

import hashlib
import io
import json
import pickle
import stat
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from app.archives import read
from app.archives.bring import arrivals
from app.archives.manifest import MANIFEST
from app.archives.read import Archive
from app.imports.refused import Refused
from app.store import Store
from tests.app.archives.conftest import packed

Members = dict[str, bytes]


def _members(store: Store, run_ids: list[str]) -> Members:
    with zipfile.ZipFile(packed(store, run_ids)) as file:
        return {name: file.read(name) for name in file.namelist()}


def _zip(members: Members, *, packing: int = zipfile.ZIP_STORED) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return out


def _signed(members: Members, **changed: Any) -> io.BytesIO:
    """The members with a manifest that fits them, but for what is changed."""
    manifest = json.loads(members[MANIFEST])
    rest = {name: data for name, data in members.items() if name != MANIFEST}
    manifest["members"] = [
        {"name": name, "size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in rest.items()
    ]
    return _zip({**rest, MANIFEST: json.dumps({**manifest, **changed}).encode()})


def _refused(store: Store, file: io.BytesIO, why: str) -> None:
    with pytest.raises(Refused, match=why):
        arrivals(store, Archive(file), new_ids=True)


@pytest.fixture
def members(store: Store, three: list[str]) -> Members:
    return _members(store, three[:1])


@pytest.fixture
def rows(members: Members) -> tuple[str, list[dict[str, Any]]]:
    """The name of the member with rows, and its rows."""
    name = next(name for name in members if name.startswith("runs/"))
    return name, [json.loads(line) for line in members[name].splitlines()]


def _with_rows(members: Members, name: str, rows: list[dict[str, Any]]) -> io.BytesIO:
    return _signed({**members, name: b"".join(json.dumps(row).encode() + b"\n" for row in rows)})


def test_a_whole_archive_is_read(store: Store, members: Members) -> None:
    assert len(arrivals(store, Archive(_signed(members)), new_ids=True)) == 1


@pytest.mark.parametrize("share", [0.0, 0.3, 0.98])
def test_one_that_is_cut_off(store: Store, three: list[str], share: float) -> None:
    whole = packed(store, three[:1]).getvalue()
    _refused(store, io.BytesIO(whole[: int(share * len(whole))]), "cut off")


def test_one_from_a_newer_version(store: Store, members: Members) -> None:
    file = _signed(members, format=3, program="ticketscope 99")
    _refused(store, file, r"newer version \('ticketscope 99', format 3; this one reads 2\): update")
    _refused(store, _signed(members, surprise=1), "'surprise' is not known here")
    del members[MANIFEST]
    _refused(store, _zip(members), "not written by Ticketscope")


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "runs/../../x", "C:\\x", "artifacts/x.pkl", "runs/"])
def test_paths_that_lead_elsewhere(store: Store, members: Members, name: str) -> None:
    _refused(store, _signed({**members, name: b"x"}), "no member of an archive")


def test_links_and_encrypted_members(store: Store, members: Members) -> None:
    artifact = next(name for name in members if name.startswith("artifacts/"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, data in members.items():
            about = zipfile.ZipInfo(name)
            about.create_system = 3
            about.external_attr = (stat.S_IFLNK if name == artifact else stat.S_IFREG) << 16
            file.writestr(about, data)
    _refused(store, out, "is a link")
    whole = bytearray(_zip(members).getvalue())
    at = whole.index(b"PK\x01\x02")
    whole[at + 8] |= 1
    _refused(store, io.BytesIO(bytes(whole)), "is encrypted")


def test_bombs_by_what_they_declare_and_by_what_they_hold(
    store: Store, members: Members, rows: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = rows[0]
    bomb = _zip({**members, name: bytes(2**25)}, packing=zipfile.ZIP_DEFLATED)
    with pytest.raises(Refused, match=r"unpacks to more than|packed in a way") as refused:
        Archive(bomb)
    assert refused.value.status in (413, 422)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for each, data in {**members, name: bytes(2**25)}.items():
            file.writestr(each, data, zipfile.ZIP_DEFLATED if each == name else zipfile.ZIP_STORED)
    _refused(store, out, "unpacks to more than 200 times")
    monkeypatch.setattr(read, "MAX_UNPACKED", 1_000)
    _refused(store, _signed(members), "unpacks to .* bytes; at most 1,000")
    monkeypatch.undo()
    # A directory that declares less than the member holds.
    whole = bytearray(_zip(members).getvalue())
    at = whole.index(b"PK\x01\x02")
    whole[at + 24 : at + 28] = (10).to_bytes(4, "little")
    _refused(store, io.BytesIO(bytes(whole)), "cannot be unpacked|declares|another size")
    monkeypatch.setattr(read, "MAX_LINE_BYTES", 100)
    _refused(store, _signed(members), "line of more than 100 bytes")


def test_wrong_digests_and_members_twice(store: Store, members: Members) -> None:
    artifact = next(name for name in members if name.startswith("artifacts/"))
    other = {**members, artifact: members[artifact][:-1] + b"?"}
    _refused(store, _zip(other), "another digest than the manifest")
    _refused(store, _signed(other), "does not bear the digest")
    _refused(store, _zip({**members, artifact: b"short"}), "another size")
    _refused(store, _zip({name: data for name, data in members.items() if name != artifact}), "other members")
    out = io.BytesIO(_zip(members).getvalue())
    with zipfile.ZipFile(out, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr(artifact, members[artifact])
    _refused(store, out, "twice")


def test_no_pickle_comes_in(store: Store, members: Members, rows: tuple[str, list[dict[str, Any]]]) -> None:
    evil = pickle.dumps({"weights": [1, 2, 3]})
    sha256 = hashlib.sha256(evil).hexdigest()
    name, lines = rows
    saved = next(row for row in lines if row["table"] == "artifact")
    old = saved["sha256"]
    lines = [row if row is not saved else {**saved, "sha256": sha256, "size_bytes": len(evil)} for row in lines]
    rest = {each: data for each, data in members.items() if each != f"artifacts/{old}"}
    _refused(store, _with_rows({**rest, f"artifacts/{sha256}": evil}, name, lines), "pickle|not a safetensors file")
    saved["media_type"] = "application/x-pickle"
    lines = [
        row if row["seq"] != saved["seq"] or row["table"] != "artifact" else saved for row in rows[1] if "seq" in row
    ]
    _refused(
        store, _with_rows(members, name, [row for row in rows[1] if "seq" not in row] + lines), "must be application"
    )


def test_rows_that_do_not_fit(
    store: Store, members: Members, rows: tuple[str, list[dict[str, Any]]], elsewhere: Callable[[], Store]
) -> None:
    name, good = rows
    tables = [row["table"] for row in good]
    at = {table: tables.index(table) for table in ("run", "shard", "event", "chunk", "artifact")}

    def changed(which: str, **values: Any) -> list[dict[str, Any]]:
        return [{**row, **values} if i == at[which] else row for i, row in enumerate(good)]

    for lines, why in (
        (changed("run", table="secrets"), "no table 'secrets' is known"),
        (changed("run", password="x"), "'password' is not known here"),
        (changed("run", id="../../../x"), "id"),
        (changed("run", name="other"), "another than the manifest names"),
        (changed("run", state="running"), "state"),
        (changed("run", tags=["a,b"]), "comma"),
        (changed("run", spec={**good[0]["spec"], "steps": -1}), "steps"),
        (changed("run", last_seq=2**40), "last_seq"),
        (changed("shard", queue="tpu"), "queue"),
        (changed("shard", token="x"), "'token' is not known"),
        (changed("event", seq=7), "event 1 is missing"),
        (changed("event", body={"kind": "surprise"}), "no event of this version"),
        (changed("chunk", rows=999), "not as long as"),
        (changed("chunk", data="*"), "base64"),
        (changed("chunk", key={"width": 3}), "training that its kind of run does not have"),
        (changed("artifact", sha256="0" * 64), "other artifacts"),
        (changed("artifact", replicate=5), "replicate 5"),
        (good[:1] + good[2:], "replicate"),
        (good[:-1], "rows are missing"),
        ([good[1], good[0], *good[2:]], "out of order"),
        ([*good, good[-1]], "no such event"),
        (changed("run", notes="a\0b"), "null character"),
    ):
        _refused(store, _with_rows(members, name, lines), why)
    twice = {**members, name: members[name].replace(b'"work":', b'"work":0,"work":', 1)}
    _refused(store, _signed(twice), "twice")
    assert elsewhere().runs().items == ()
