"""The notebook: marimo finds nothing to mend in it, and it runs from top to bottom without a network and without a screen."""

import os
import subprocess
import sys
from pathlib import Path

NOTEBOOK = Path(__file__).resolve().parents[2] / "paper" / "explore.py"


def marimo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`marimo` as a user runs it, from the root of the repository, proxies pointing nowhere."""
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    command = [sys.executable, "-m", "marimo", *arguments]
    return subprocess.run(
        command, cwd=NOTEBOOK.parents[1], env={**os.environ, **nowhere}, capture_output=True, text=True, timeout=120
    )


def test_marimo_has_no_complaint():
    done = marimo("check", "--strict", str(NOTEBOOK))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_every_cell_runs_and_every_panel_is_drawn(tmp_path: Path):
    page = tmp_path / "explore.html"
    done = marimo("export", "html", str(NOTEBOOK), "-o", str(page))
    assert done.returncode == 0, done.stdout + done.stderr
    text = page.read_text()
    assert "MarimoExceptionRaisedError" not in text
    assert text.count("data:image/png;base64") >= 5


def test_the_cells_run_as_plain_python_and_say_what_the_theory_says():
    from theory import retention

    code = f"import runpy; _, found = runpy.run_path({str(NOTEBOOK)!r})['app'].run(); print(found['N'], found['T'], found['M'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=NOTEBOOK.parents[1], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    N, T, M = map(float, done.stdout.split()[-3:])
    assert M % T == 0
    assert N / 2.72 < retention.task_ceiling(N, T) < N
