"""Tiny Shakespeare: 40,000 lines of Shakespeare's plays as characters, in windows of 64."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from workers.science.data.dataset import Dataset, Split
from workers.science.data.files import fetch, first_existing, read
from workers.science.train.task import NEXT_TOKEN

URL = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
MD5 = "6fb458f1232090904fb40fe944165e91"
LENGTH = 64
"""Characters of a window."""
TRAIN, VALIDATION = 0.9, 0.95
"""Where the training part and the validation part of the text end."""


def load(directory: Path) -> Dataset:
    """Load the text from `directory`/tinyshakespeare, downloaded when absent, as windows that follow each other.

    The first 90 % train, the next 5 % validate, the last 5 % test: 15,685, 871 and 871 windows. An input is a window
    int64 `(64,)` of symbols, numbered in the order of their code points. Its target is the same text one character
    further on. What is left over at the end of a part is not used. Raises `DatasetError`.
    Source: Karpathy 2015, char-rnn, whose split has no test part by default.
    """
    folder = directory / "tinyshakespeare"
    path = first_existing((folder,), ("input.txt", "input.txt.gz"))
    if path is None:
        path = folder / "input.txt"
        fetch(URL, path, MD5, f"Offline, put input.txt from {URL} into {folder}.")
    characters = np.frombuffer(read(path, MD5), np.uint8)
    symbols, text = np.unique(characters, return_inverse=True)
    ends = [0, round(TRAIN * len(text)), round(VALIDATION * len(text)), len(text)]
    train, validation, test = (_windows(torch.from_numpy(text[start:end])) for start, end in pairwise(ends))
    return Dataset("tiny_shakespeare", train, validation, test, n_classes=len(symbols), task=NEXT_TOKEN)


def _windows(text: torch.Tensor) -> Split:
    n = (len(text) - 1) // LENGTH
    return Split(text[: n * LENGTH].view(n, LENGTH), text[1 : n * LENGTH + 1].view(n, LENGTH).clone())
