"""What the demo says of its API while that starts, answers, and does not."""

from __future__ import annotations

import urllib.error
from email.message import Message

import pytest

from runtime.status import Seen, line, table, trouble
from runtime.supervise import Supervisor

REFUSED = urllib.error.URLError(ConnectionRefusedError(111, "Connection refused"))
BUSY = urllib.error.HTTPError("http://127.0.0.1/", 503, "busy", Message(), None)


@pytest.mark.parametrize(
    ("error", "was_ready", "words"),
    [
        (REFUSED, False, "starting"),
        (BUSY, False, "answers with status 503"),
        (REFUSED, True, "no answer"),
        (TimeoutError("timed out"), True, "no answer"),
    ],
)
def test_no_answer_is_told_in_words(error: Exception, was_ready: bool, words: str) -> None:
    assert trouble(error, was_ready=was_ready) == words


def test_nothing_is_called_live_before_the_api_answers() -> None:
    assert "live" not in str(table(Seen(), Supervisor([])).title)
    assert line(Seen()) == "API: starting"
