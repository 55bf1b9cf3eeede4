"""Kill a build of the book in the middle and see that the next one is whole: ``python tools/check_interrupt.py``."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
HTML, STAMP = ROOT / "_build/html", ROOT / "_build/book.json"
COMMAND = [sys.executable, str(ROOT / "tools/build_book.py")]


def files() -> set[str]:
    """Return the files of which the book consists."""
    return {path.relative_to(HTML).as_posix() for path in HTML.rglob("*") if path.is_file()}


def main() -> int:
    """Return 0 if the book after the kill has the files of the one before."""
    subprocess.run(COMMAND, check=True)
    before = files()
    STAMP.unlink()
    for pages in (3, 30):  # while pages are written, and the additional ones
        shutil.rmtree(HTML, ignore_errors=True)
        process = subprocess.Popen(
            COMMAND, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        while len(list(HTML.rglob("*.html"))) < pages and process.poll() is None:
            time.sleep(0.02)
        if process.poll() is not None:
            print("the build ended before it could be killed")
            return 1
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        print(f"Killed a build that had written {len(files())} of {len(before)} files", flush=True)
        if STAMP.exists():
            print("a killed build left its stamp")
            return 1
    subprocess.run(COMMAND, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = files()
    print(
        f"The next build has {len(after)} files"
        + ("" if after == before else f", other ones: {sorted(after ^ before)[:9]}")
    )
    return 0 if after == before else 1


if __name__ == "__main__":
    sys.exit(main())
