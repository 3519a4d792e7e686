"""The traces of a figure that have changed since a browser last read it."""

import hashlib
from collections.abc import Collection

import orjson


def changed(figure: bytes, known: Collection[str]) -> bytes:
    """Return a figure as Plotly JSON with `tags`, one for each trace; a trace whose tag is known is {"same": tag}."""
    document = orjson.loads(figure)
    tags = [hashlib.sha256(orjson.dumps(trace)).hexdigest()[:12] for trace in document["data"]]
    data = [{"same": tag} if tag in known else trace for tag, trace in zip(tags, document["data"], strict=True)]
    return orjson.dumps({**document, "data": data, "tags": tags})
