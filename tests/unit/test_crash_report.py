from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.crash_report import redacted, write_crash_report

PASSWORD = 'pass "w\\ord" ü+/='
TOKEN = "NzM1ZjA4+/dG9rZW4=="


def crash() -> BaseException:
    harmless = "local-value-1234"  # noqa: F841 - must not be written
    try:
        raise ValueError(f"could not send {TOKEN}") from KeyError(PASSWORD)  # noqa: TRY301
    except ValueError as error:
        return error


def test_a_report_says_where_and_not_what(tmp_path: Path) -> None:
    report = write_crash_report(
        tmp_path / "state", crash(), secrets=[TOKEN, PASSWORD], facts={"version": "1.2.3"}
    )
    text = report.read_text()
    assert "version: 1.2.3" in text
    assert 'in crash\n    raise ValueError(f"could not send {TOKEN}")' in text
    assert "ValueError: could not send [redacted]" in text
    assert "KeyError: '[redacted]'" in text
    for hidden in (TOKEN, "w\\ord", "ü+/", "local-value-1234"):
        assert hidden not in text
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


def test_reports_never_overwrite_each_other(tmp_path: Path) -> None:
    assert len({write_crash_report(tmp_path, crash(), secrets=(), facts={}) for _ in range(20)}) == 20


def test_text_that_no_file_can_hold_does_not_stop_the_report(tmp_path: Path) -> None:
    report = write_crash_report(tmp_path, ValueError("a\ud800b"))
    assert "ValueError: a\\ud800b" in report.read_text()


def test_a_report_that_cannot_be_written_raises(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="is not a folder"):
        write_crash_report(tmp_path / "file", crash())


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Basic TEFCOmh1bnRlcjJodW50ZXIy",
        "'authorization': 'Basic TEFCOmh1bnRlcjJodW50ZXIy'",
        "(b'Authorization', b'Bearer TEFCOmh1bnRlcjJodW50ZXIy')",
        "X-RestSvcSessionId: TEFCOmh1bnRlcjJodW50ZXIy",
        "{'x-restsvcsessionid': 'TEFCOmh1bnRlcjJodW50ZXIy'}",
        '"X-RestSvcSessionId": "TEFCOmh1bnRlcjJodW50ZXIy"',
        "(b'X-RestSvcSessionId', b'TEFCOmh1bnRlcjJodW50ZXIy')",
        "Set-Cookie: X-RestSvcSessionId=TEFCOmh1bnRlcjJodW50ZXIy; Path=/api",
        "log_on(user='op', password='TEFC Omh1\\'bnR TEFCOmh1bnRlcjJodW50ZXIy')",
        "token=TEFCOmh1bnRlcjJodW50ZXIy&x=1",
        "api_key: TEFCOmh1bnRlcjJodW50ZXIy",
        "basic TEFCOmh1bnRlcjJodW50ZXIy=",
        "proxy http://op:TEFCOmh1bnRlcjJodW50ZXIy@proxy:3128/",
    ],
)
def test_whatever_looks_like_a_secret_is_taken_out(line: str) -> None:
    assert "TEFCOmh1bnRlcjJodW50ZXIy" not in redacted(line)
    assert "[redacted]" in redacted(line)


def test_what_is_no_secret_stays() -> None:
    line = "GET https://em:9398/api/tasks/task-1 gave 500; a basic fault in user LAB\\op"
    assert redacted(line, ["", "abc"]) == line


@given(st.text(min_size=4, max_size=40))
def test_a_known_secret_is_found_in_every_spelling(secret: str) -> None:
    data = secret.encode("utf-8", "surrogatepass")
    spellings = [
        secret,
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        quote(data),
        base64.b64encode(data).decode(),
    ]
    for spelling in spellings:
        assert redacted(f"<{spelling}>", [secret]) == "<[redacted]>"
