"""Run every command of docs/course.md in an empty folder and make its pictures anew: python scripts/course.py

It takes some minutes; `--list` shows the commands instead.
"""

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "course.md"
BLOCK = re.compile(r"```bash\n(.*?)```", flags=re.DOTALL)
PICTURE = re.compile(r"\]\(course/([^)]+)\)")


def commands(page: str) -> list[str]:
    """The commands of the page, in order."""
    return [line for block in BLOCK.findall(page) for line in block.splitlines() if line.startswith("textrnn ")]


def main() -> None:
    """Run them, and keep the pictures that the page shows."""
    page = PAGE.read_text(encoding="utf-8")
    if "--list" in sys.argv:
        print("\n".join(commands(page)))
        return
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "corpora").symlink_to(ROOT / "corpora")
        for command in commands(page):
            print(f"\n$ {command}", flush=True)
            subprocess.run([sys.executable, "-m", *shlex.split(command)], cwd=folder, check=True)
        for name in PICTURE.findall(page):
            kept = PAGE.parent / "course" / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(folder) / name, kept)


if __name__ == "__main__":
    main()
