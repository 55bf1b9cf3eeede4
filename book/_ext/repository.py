"""The repository that a build belongs to: everything that is known of its address, in one place."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REMOTE = re.compile(
    r"(?:(?:https?|git|(?:git\+)?ssh)://(?:[^@/]*@)?(?P<host>[^/:]+)(?::\d+)?/"  # https://user:token@host:443/
    r"|(?:[^@/:]+@)?(?P<scp_host>[\w-]+(?:\.[\w-]+)+):)"  # git@host:
    r"(?P<owner>[^:]+)/(?P<name>[^/:]+?)(?:\.git)?/?"
)


@dataclass(frozen=True)
class Repository:
    """A hosted repository.

    Args:
        host: such as ``github.com``.
        owner: account or group.
        name: name of the repository.
    """

    host: str
    owner: str
    name: str

    @property
    def url(self) -> str:
        """Address of the repository."""
        return f"https://{self.host}/{self.owner}/{self.name}"

    @property
    def book_url(self) -> str | None:
        """Address below which GitHub Pages publishes the book; None on other hosts."""
        if self.host != "github.com":
            return None
        site = f"{self.owner.lower()}.github.io"
        return f"https://{site}" if self.name.lower() == site else f"https://{site}/{self.name}"

    def colab_url(self, name: str) -> str | None:
        """Address that opens the published copy of that file name in Colab; None on other hosts than GitHub."""
        if self.host != "github.com":
            return None
        return f"https://colab.research.google.com/github/{self.owner}/{self.name}/blob/gh-pages/colab/{name}"


def parse(remote: str) -> Repository | None:
    """Read the address of a git remote; user names and tokens are dropped.

    Args:
        remote: https, ssh or ``git@host:`` form; anything else, such as a local path, is no repository.
    """
    found = REMOTE.fullmatch(remote.strip())
    if not found:
        return None
    host = (found["host"] or found["scp_host"]).lower()
    return Repository("github.com" if host == "ssh.github.com" else host, found["owner"], found["name"])


def find(folder: Path, environ: Mapping[str, str] = os.environ) -> Repository | None:
    """Find the repository of a working tree: GitHub's own variables, else the remote ``origin``, else None."""
    if environ.get("GITHUB_REPOSITORY"):
        return parse(f"{environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{environ['GITHUB_REPOSITORY']}")
    try:
        remote = subprocess.run(
            ["git", "remote", "get-url", "origin"], cwd=folder, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:  # no git
        return None
    return parse(remote.stdout) if remote.returncode == 0 else None


def book_url(folder: Path, environ: Mapping[str, str] = os.environ) -> str | None:
    """Address below which the book is published: the variable BOOK_URL, else from the repository, else None."""
    found = find(folder, environ)
    return environ.get("BOOK_URL", "").rstrip("/") or (found.book_url if found else None)
