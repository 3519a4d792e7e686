"""A run of a real worker leaves lines with its ids, from the claim to the end."""

import json
from pathlib import Path

from tests.lab import Lab, small_spec


def test_a_run_can_be_followed_through_its_worker(tmp_path: Path, datasets_dir: Path) -> None:
    lab = Lab(tmp_path, datasets_dir)
    lab.env = {**lab.env, "TICKETSCOPE_LOG_FORMAT": "json"}
    try:
        lab.start_broker()
        lab.start_worker()
        run = lab.submit(small_spec())
        (ended,) = lab.ends([run])
        assert ended.state == "finished"
        texts = (tmp_path / "workers.log").read_text().splitlines()
        lines = [line for line in map(json.loads, texts) if line.get("run") == run]
        said = [line["message"] for line in lines]
        assert said[0] == "claimed by a worker"
        assert "a replicate has ended: finished" in said
        assert len({line["pid"] for line in lines}) == 2  # the worker and its child
        assert {line["worker"] for line in lines} == {lab.store.workers()[0].id}
        assert all("shard" in line for line in lines)
    finally:
        lab.close()
