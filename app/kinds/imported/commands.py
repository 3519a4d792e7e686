"""The commands that import the same files again."""

import json
import shlex

from app.kinds.imported.spec import ImportedSpec

_OPTIONS = ("places", "one_means", "architecture_of", "architecture_layers")


def import_again(spec: ImportedSpec, name: str, origin: str) -> tuple[str, str]:
    """Return both commands, safe to paste whatever names hold.

    Nothing of a name is an option, a path elsewhere or a file.
    """
    files = " ".join(shlex.quote(f"./{file}") for file in spec.files)
    parts = " ".join(f"-F {shlex.quote(f'files=@{_quoted(file)}')}" for file in spec.files)
    known = "\n".join(["replicate,level,test_accuracy", *(f"{r},{level},{a!r}" for r, level, a in spec.accuracies)])
    fields = {
        "places": json.dumps(spec.places, separators=(",", ":")) if spec.places else "",
        "one_means": spec.one_means,
        "roles": json.dumps(spec.roles) if spec.roles else "",
        "accuracies": known if spec.accuracies else "",
        "architecture_of": spec.architecture_of,
        "architecture_layers": json.dumps(spec.architecture_layers) if spec.architecture_layers else "",
        "name": name,
    }
    curl = "".join(f" --form-string {shlex.quote(f'{field}={value}')}" for field, value in fields.items() if value)
    options = {field: fields[field] for field in _OPTIONS if fields[field]}
    cli = "".join(f" --{field.replace('_', '-')}={shlex.quote(value)}" for field, value in options.items())
    cli += "".join(f" --role={shlex.quote(f'{tensor}={role}')}" for tensor, role in spec.roles.items())
    table = ""
    if spec.accuracies:
        table, cli = f"printf '%s\\n' {shlex.quote(known)} > accuracies.csv\n", f"{cli} --accuracies=accuracies.csv"
    return (
        f"{table}ticketscope import --name={shlex.quote(name)}{cli} -- {files}",
        f"curl -X POST {shlex.quote(f'{origin}/api/v1/imports')} {parts}{curl}",
    )


def _quoted(file: str) -> str:
    """Return a file as curl reads one in a form: a relative path, and its whole name sent along."""
    escaped = file.replace("\\", "\\\\").replace('"', '\\"')
    return f'"./{escaped}";filename="{escaped}"'
