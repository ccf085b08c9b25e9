"""What we take of PyGithub: who asks, how a request is sent, and what can go wrong.

Its other 150 modules, one for each kind of object, and the cryptography that an App signs with take longer to import
than the rest, and twelve megabytes; they are left until somebody asks for something in them.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_ONE_AT_A_TIME = threading.RLock()


class _Left(ModuleType):
    """A module that runs when something is asked of it that it has not got yet.

    Unlike those of importlib's LazyLoader it is left alone by a second import of it, and waited for by other threads.
    """

    def __getattr__(self, name: str) -> Any:
        with _ONE_AT_A_TIME:
            spec = self.__spec__
            if spec is not None and isinstance(spec.loader, _Leaving):
                self.__loader__ = spec.loader = spec.loader.real
                spec.loader.exec_module(self)
        return super().__getattribute__(name)


class _Leaving(Loader):
    """Loads a module by leaving it."""

    def __init__(self, real: Loader) -> None:
        self.real = real

    def exec_module(self, module: ModuleType) -> None:
        module.__class__ = _Left


class _Finder(MetaPathFinder):
    """Finds these packages, and whatever is in them, as modules that are left."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in self.names:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Leaving(spec.loader)
        return spec


@contextmanager
def _leaving(*names: str) -> Iterator[None]:
    finder = _Finder(*names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


with _leaving("github", "jwt"):
    import jwt
    from github import Auth, BadAttributeException, Github, GithubException, IncompletableObject
    from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, RequestsResponse

__all__ = [
    "Auth",
    "BadAttributeException",
    "Github",
    "GithubException",
    "HTTPRequestsConnectionClass",
    "HTTPSRequestsConnectionClass",
    "IncompletableObject",
    "RequestsResponse",
    "jwt",
]

# PyGithub writes to stderr by itself; what it has to say reaches the root logger anyway.
logging.getLogger("github").handlers.clear()
