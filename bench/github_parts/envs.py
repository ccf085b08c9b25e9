"""Virtual environments for the peers, made once and kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PACKAGES = {
    "tap-github": ("meltanolabs-tap-github==1.30.1",),
    "perceval": ("perceval==1.6.1",),
    "pygithub": ("PyGithub==2.10.0",),
}


class NotInstalled(Exception):
    """The package index did not give what a peer needs; says what pip said."""


def environment(name: str, folder: Path) -> Path:
    """The folder with the programs of a peer's own environment."""
    home = folder / name
    programs, made = home / "bin", home / "made"
    if not made.exists():
        made_from = "\n".join(PACKAGES[name])
        steps = (
            [sys.executable, "-m", "venv", "--clear", str(home)],
            [str(programs / "pip"), "install", *PACKAGES[name]],
        )
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True, check=False)
            if done.returncode:
                raise NotInstalled(f"{' '.join(step[1:])}: {done.stderr.strip()[-500:]}")
        made.write_text(made_from, encoding="utf-8")
    return programs
