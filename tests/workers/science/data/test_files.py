"""Files that are wrong, missing or half there, against a real HTTP server."""

import gzip
import io
import shutil
import tarfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.workers.science.data.file_server import ADVICE, CONTENT, Server, md5
from workers.science.data import cifar, cifar10, cifar10_10k, fashion_mnist, idx, mnist
from workers.science.data.dataset import DatasetError
from workers.science.data.files import fetch, read


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_download(server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    server.files["a.bin"] = CONTENT
    path = tmp_path / "new" / "a.bin"
    fetch(f"{server.url}a.bin", path, md5(CONTENT), ADVICE)
    assert path.read_bytes() == CONTENT
    assert "100%" in capfd.readouterr().err  # a progress bar
    fetch(f"{server.url}a.bin", path, md5(CONTENT), ADVICE)
    assert len(server.sent) == 1  # it is there
    assert [found.name for found in path.parent.iterdir() if not found.name.startswith(".")] == ["a.bin"]


def test_an_interrupted_download_goes_on(server: Server, tmp_path: Path) -> None:
    server.files["a.bin"] = CONTENT
    server.breaks_after = 100_000
    path = tmp_path / "a.bin"
    with pytest.raises(DatasetError, match="cannot be downloaded") as caught:
        fetch(f"{server.url}a.bin", path, md5(CONTENT), ADVICE)
    assert ADVICE in str(caught.value)
    assert not path.exists()
    have = (tmp_path / "a.bin.part").stat().st_size
    assert 0 < have <= 100_000
    server.breaks_after = None
    fetch(f"{server.url}a.bin", path, md5(CONTENT), ADVICE)
    assert path.read_bytes() == CONTENT
    assert server.sent[-1] == ("/a.bin", have, len(CONTENT) - have)
    assert not (tmp_path / "a.bin.part").exists()


def test_a_lost_network_keeps_the_part(tmp_path: Path) -> None:
    with Server() as closed:
        url = f"{closed.url}a.bin"
    (tmp_path / "a.bin.part").write_bytes(CONTENT[:1000])
    with pytest.raises(DatasetError, match="ConnectionError"):
        fetch(url, tmp_path / "a.bin", md5(CONTENT), ADVICE)
    assert (tmp_path / "a.bin.part").read_bytes() == CONTENT[:1000]


@pytest.mark.parametrize("part", [b"of another file", CONTENT, CONTENT + b"more"], ids=["other", "whole", "longer"])
@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_part_that_does_not_fit(part: bytes, knows_ranges: bool, server: Server, tmp_path: Path) -> None:
    server.files["a.bin"] = CONTENT
    server.knows_ranges = knows_ranges
    (tmp_path / "a.bin.part").write_bytes(part)
    fetch(f"{server.url}a.bin", tmp_path / "a.bin", md5(CONTENT), ADVICE)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_download_that_is_not_the_published_file(server: Server, tmp_path: Path) -> None:
    server.files["a.bin"] = CONTENT[:-1] + b"!"
    with pytest.raises(DatasetError, match="not the published file"):
        fetch(f"{server.url}a.bin", tmp_path / "a.bin", md5(CONTENT), ADVICE)
    assert not (tmp_path / "a.bin").exists()


def test_an_address_that_is_gone(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="HTTPError"):
        fetch(f"{server.url}gone.bin", tmp_path / "gone.bin", md5(CONTENT), ADVICE)


def test_two_at_once_download_once(server: Server, tmp_path: Path) -> None:
    server.files["a.bin"] = CONTENT
    failed: list[BaseException] = []

    def download() -> None:
        try:
            fetch(f"{server.url}a.bin", tmp_path / "a.bin", md5(CONTENT), ADVICE)
        except DatasetError as error:
            failed.append(error)

    threads = [threading.Thread(target=download) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert [start for _, start, _ in server.sent] == [0]


def test_a_wrong_hash_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(CONTENT))
    assert read(path, md5(CONTENT)) == CONTENT
    path.write_bytes(gzip.compress(CONTENT + b"!"))
    with pytest.raises(DatasetError, match=f"{path} is not the published file"):
        read(path, md5(CONTENT))


PACKED = gzip.compress(CONTENT)


@pytest.mark.parametrize(
    "damaged", [PACKED[:-100], b"no gzip", PACKED[:50] + b"!" + PACKED[51:]], ids=["cut", "other", "flipped"]
)
def test_a_damaged_archive_is_refused_by_name(damaged: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(damaged)
    with pytest.raises(DatasetError, match=str(path)):
        read(path, md5(CONTENT))


def test_one_changed_pixel_of_mnist(datasets_dir: Path, tmp_path: Path) -> None:
    if not (datasets_dir / "mnist").is_dir():
        pytest.skip("no MNIST here")
    (tmp_path / "mnist").mkdir()
    for source in (datasets_dir / "mnist").iterdir():
        shutil.copyfile(source, tmp_path / "mnist" / source.name)
    path = tmp_path / "mnist" / "t10k-images-idx3-ubyte.gz"
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[5_000] ^= 1
    path.write_bytes(gzip.compress(bytes(content), compresslevel=1))
    with pytest.raises(DatasetError, match=r"t10k-images-idx3-ubyte.gz is not the published file"):
        mnist.load(tmp_path)


def test_offline_says_what_to_put_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as closed:
        files = idx.IdxFiles(
            mnist.FILES.train_images, mnist.FILES.train_labels, mnist.FILES.test_images, mnist.FILES.test_labels,
            closed.url,
        )  # fmt: skip
        monkeypatch.setattr(mnist, "FILES", files)
        monkeypatch.setattr(cifar, "URL", closed.url)
    with pytest.raises(DatasetError, match=r"put train-images-idx3-ubyte.gz") as caught:
        mnist.load(tmp_path)
    assert str(tmp_path / "mnist") in str(caught.value)
    with pytest.raises(DatasetError, match=r"put data_batch_1.bin, .*test_batch.bin") as caught:
        cifar10.load(tmp_path)
    assert str(tmp_path / "cifar-10-batches-bin") in str(caught.value)


def test_published_addresses_are_encrypted() -> None:
    urls = [mnist.FILES.base_url, fashion_mnist.FILES.base_url, cifar.URL]
    assert all(url.startswith("https://") for url in urls)


def test_idx_by_hand() -> None:
    content = b"\x00\x00\x08\x02" + b"\x00\x00\x00\x02" + b"\x00\x00\x00\x03" + bytes([1, 2, 3, 4, 5, 6])
    assert idx.parse(content).tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x00\x0d\x01\x00\x00\x00\x00",  # floats
        b"\x00\x00\x08\x02\x00\x00\x00\x02",  # half a header
        b"\x00\x00\x08\x01\x00\x00\x00\x02\x07",  # a byte short
        b"\x00\x00\x08\x01\x00\x00\x00\x01\x07\x07",  # a byte long
    ],
)
def test_what_is_no_idx_file(content: bytes) -> None:
    with pytest.raises(ValueError, match="idx file"):
        idx.parse(content)


def test_cifar_record_by_hand() -> None:
    record = bytes([7]) + bytes([1] * 1024) + bytes([2] * 1024) + bytes([3] * 1023 + [4])
    pictures, labels = cifar.parse(record * 2)
    assert labels.tolist() == [7, 7]
    assert pictures.shape == (2, 3, 32, 32)
    assert pictures[1, :, 0, 0].tolist() == [1, 2, 3]
    assert pictures[1, 2, 31, 31] == 4
    with pytest.raises(ValueError, match="records"):
        cifar.parse(record[:-1])


def records(n: int, seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    content = rng.integers(0, 256, (n, cifar.RECORD_BYTES), dtype=np.uint8)
    content[:, 0] %= 10
    return content.tobytes()


@pytest.fixture
def published(server: Server, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """An archive of CIFAR-10's layout, of random records and fewer of them, on the local server."""
    batches = {name: records(1_200, seed) for seed, name in enumerate(cifar.MD5)}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for name, content in batches.items():
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    server.files["cifar.tar.gz"] = buffer.getvalue()
    monkeypatch.setattr(cifar, "URL", f"{server.url}cifar.tar.gz")
    monkeypatch.setattr(cifar, "URL_MD5", md5(buffer.getvalue()))
    for name, content in batches.items():
        monkeypatch.setitem(cifar.MD5, name, md5(content))
    return batches


def test_cifar_from_the_archive(published: dict[str, bytes], server: Server, tmp_path: Path) -> None:
    dataset = cifar10.load(tmp_path)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (1_000, 5_000, 1_200)
    folder = tmp_path / "cifar-10-batches-bin"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == published
    pixels = np.frombuffer(published["test_batch.bin"], np.uint8).reshape(-1, 3073)[:, 1:].reshape(-1, 3, 32, 32)
    assert torch.equal(dataset.test.x, torch.tensor(pixels).float() / 255)
    cifar10.load(tmp_path)
    assert len(server.sent) == 1


def test_what_a_killed_process_unpacked_half_is_unpacked_again(published: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    (folder / ".data_batch_2.bin.part").write_bytes(b"half")
    with ThreadPoolExecutor(3) as pool:
        assert [len(dataset.test) for dataset in pool.map(cifar10.load, [tmp_path] * 3)] == [1_200] * 3
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == published


def test_the_part_from_the_whole(published: dict[str, bytes], tmp_path: Path) -> None:
    """Without the file of the first 1,000 test pictures, they are the head of the whole test batch."""
    dataset = cifar10_10k.load(tmp_path)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (200, 1_000, 1_000)
    labels = np.frombuffer(published["test_batch.bin"], np.uint8).reshape(-1, 3073)[:1_000, 0]
    assert dataset.test.y.tolist() == labels.tolist()


def test_a_wrong_cifar_batch_is_named(published: dict[str, bytes], tmp_path: Path) -> None:
    cifar10.load(tmp_path)
    (tmp_path / "cifar-10-batches-bin" / "data_batch_3.bin").write_bytes(published["data_batch_2.bin"])
    with pytest.raises(DatasetError, match=r"data_batch_3.bin is not the published file"):
        cifar10.load(tmp_path)


def test_an_archive_that_is_none(published: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(b"no archive")
    with pytest.raises(DatasetError, match=r"cifar-10-binary.tar.gz cannot be unpacked"):
        cifar10.load(tmp_path)
