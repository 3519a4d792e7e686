"""However many large pictures come at once, the server's memory is that of one, and its pages are served."""

import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
from PIL import Image

from tests.app.kinds.imported.web.test_import_memory import server
from tests.app.web.core.test_download_memory import growth

__all__ = ["server"]


def picture(width: int, height: int, size_bytes: int) -> bytes:
    """A PNG, half black, half white, as large on the disk as asked: what follows its end is not looked at."""
    image = Image.new("RGBA", (width, height), "white")
    image.paste("black", (0, 0, width // 2, height))
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue() + bytes(size_bytes - out.tell())


def test_a_batch_of_pictures_of_40_megapixels(server: tuple[str, psutil.Process]) -> None:
    url, process = server

    def send(content: bytes) -> int:
        files = {"picture": ("x.png", content)}
        return httpx.post(f"{url}/api/v1/pictures", files=files, timeout=150, trust_env=False).status_code

    assert send(picture(300, 200, 2_000)) == 200  # what is imported at the first use is not the pictures'
    # More than the line holds.
    large = picture(8_000, 5_000, 9 * 2**20)
    with growth(process) as grown, ThreadPoolExecutor(20) as pool:
        sending = [pool.submit(send, large) for _ in range(20)]
        page = httpx.get(url, headers={"Accept": "text/html"}, timeout=60, trust_env=False)
        answers = Counter(item.result() for item in sending)
    assert page.status_code == 200
    assert answers.keys() <= {200, 503}
    assert answers[200] >= 16
    # One has 160 MiB of colours and 40 of greys.
    assert grown[0] < 320
