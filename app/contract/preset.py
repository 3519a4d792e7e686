"""A named, filled-in spec: the evidence for or against one claim of one paper."""

from dataclasses import dataclass

from app.contract.experiment import Experiment


@dataclass(frozen=True)
class Preset:
    """A filled-in spec; `claim` is that of the paper, `differs` what this run does otherwise."""

    name: str
    title: str
    paper: str
    link: str
    claim: str
    differs: str
    spec: Experiment
