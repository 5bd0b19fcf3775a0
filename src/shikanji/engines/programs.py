"""Where the engines' programs are, and as whom they run."""

import os
import pwd
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from shikanji.engines.errors import EngineMissing

_CHECKOUT = Path(__file__).parents[3]
_UNPRIVILEGED = "nobody"
_FOR_ALL = ("/var/tmp", "/tmp")


def find(package: str, program: str, setting: str) -> Path:
    """The program of this name in an installed package. Raises EngineMissing saying how to get it."""
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        raise EngineMissing(
            f"{program} is not installed: {_how_to_install(package)}, or name one that runs elsewhere with {setting}."
        ) from None
    for file in files:
        if file.name == program and (path := Path(str(file.locate())).resolve()).is_file():
            return path
    raise EngineMissing(f"The package {package} has lost its program {program}: {_how_to_install(package)} again.")


def _how_to_install(package: str) -> str:
    if (_CHECKOUT / "requirements" / "engines.txt").exists():
        return "`make engines` installs it"
    return f"`pip install {package}` installs it"


def unprivileged_user() -> pwd.struct_passwd | None:
    """Who runs what refuses to run as root; None when we are not root ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(_UNPRIVILEGED)
    except KeyError:
        raise EngineMissing(
            f"PostgreSQL refuses to run as root, and this machine has no user {_UNPRIVILEGED} to run it: "
            "start the engines as an ordinary user."
        ) from None


def identity(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """For `subprocess`."""
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def open_to_all(folder: Path) -> bool:
    """Whether every user can reach and read it: not what lies under /root, for example."""
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in (folder, *folder.parents))


def copy_for_all(folders: list[Path]) -> Path:
    """A new folder with copies of `folders`, where every user can reach it."""
    for place in map(Path, _FOR_ALL):
        if place.is_dir() and open_to_all(place):
            copy = Path(tempfile.mkdtemp(prefix="shikanji-engine-", dir=place))
            copy.chmod(0o755)
            for folder in folders:
                shutil.copytree(folder, copy / folder.name)
            return copy
    raise EngineMissing(
        f"PostgreSQL does not run as root, and its user cannot reach {folders[0]}: "
        "install the packages where all users may read, or start the engines as an ordinary user."
    )
