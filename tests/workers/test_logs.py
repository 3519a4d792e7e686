"""A line is a line."""

import logging

from workers.logs import OneLine


def test_a_message_of_several_lines_becomes_one() -> None:
    record = logging.LogRecord("x", logging.ERROR, "", 0, "cannot connect: %s.\nTrying again\n", ("refused",), None)
    assert OneLine("worker: %(message)s").format(record) == "worker: cannot connect: refused. Trying again"
