"""tap-github, whose check of a token goes to api.github.com whatever its api_url_base is: sent there too.

python tap_script.py API_URL [arguments of tap-github]
"""

from __future__ import annotations

import sys
from typing import Any

import requests
from tap_github.tap import TapGitHub  # type: ignore[import-not-found,unused-ignore]

GITHUB = "https://api.github.com"


def main() -> None:
    """Run the tap with that one address changed."""
    there, get = sys.argv.pop(1), requests.get

    def get_there(url: str, **more: Any) -> requests.Response:
        return get(url.replace(GITHUB, there, 1), **more)

    requests.get = get_there  # type: ignore[assignment]
    TapGitHub.cli()


if __name__ == "__main__":
    main()
