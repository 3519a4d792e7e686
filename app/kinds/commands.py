"""The commands that submit the spec of a run again."""

import json
import shlex

from app.contract.experiment import RunSpec


def submit_again(spec: RunSpec, name: str, origin: str) -> tuple[str, str]:
    """Return a line for the shell and one with curl, to the server at `origin`; safe to paste whatever they hold."""
    document = spec.model_dump(mode="json")
    spec_text, body = (json.dumps(item, separators=(",", ":")) for item in (document, {"name": name, "spec": document}))
    headers = "-H 'Content-Type: application/json'"
    return (
        (
            f"printf '%s\\n' {shlex.quote(spec_text)} > spec.json\n"
            f"ticketscope submit --name={shlex.quote(name)} -- spec.json"
        ),
        f"curl -X POST {shlex.quote(f'{origin}/api/v1/runs')} {headers} --data-raw {shlex.quote(body)}",
    )
