"""What the connector leaves of PyGithub until it is asked for."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import connectors.github
from connectors.errors import Unavailable
from connectors.github.asks import Get
from connectors.github.client import Client
from connectors.github.connection import Limits
from connectors.github.failures import Errand, Failures
from connectors.github.pygithub import Auth, jwt


def left():
    return {
        name for name, module in sys.modules.items()
        if name.startswith(("github", "jwt")) and "Leaving" in repr(module.__spec__.loader)
    }


limits = Limits(timedelta(seconds=5), timedelta(seconds=5), allow_private=True)
failures = Failures("127.0.0.1", None, lambda: datetime.now(UTC))
client = Client("http://127.0.0.1:9", Auth.Token("x"), limits, failures, lambda: None, lambda *_: None, "x")
before = left()
try:
    client.get(Get(Errand("anything"), "/", {}, "object"))
except Unavailable:
    print("asked")
print("most are left:", len([name for name in sys.modules if name.startswith("github")]) - len(before) < 25)
print("run while asking:", sorted(before - left()))
print("cryptography:", "cryptography" in sys.modules)
with ThreadPoolExecutor(8) as pool:
    found = {job.result() for job in [pool.submit(lambda: jwt.PyJWTError) for _ in range(8)]}
print("errors, for eight threads:", len(found))
try:
    Auth.AppAuth(1, "no key").create_jwt()
except tuple(found):
    print("no key to sign with")
print("cryptography:", "cryptography" in sys.modules)
"""


def test_asking_runs_nothing_of_pygithub_that_was_left_and_signing_runs_it_once():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == [
        "asked",
        "most are left: True",
        "run while asking: []",
        "cryptography: False",
        "errors, for eight threads: 1",
        "no key to sign with",
        "cryptography: True",
    ]
