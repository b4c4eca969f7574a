"""Builds the image without a container engine, and runs commands in it as compose.yaml would.

buildah carries out the steps of the Containerfile in a chroot, on a system that debootstrap makes
from this machine's own package sources. A command then runs in a mount namespace: the root can only
be read, volumes are folders, the user is the image's, without any capability.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.workbench import PROJECT

_TOOLS = ("buildah", "debootstrap", "unshare", "setpriv", "apt-get")
_BASE = "localhost/base"
_IMAGE = "localhost/hub"
# what pip must know of the network of this machine, if it has such files
_OF_THE_NETWORK = ("/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")
# where python3-venv is
_COMPONENTS = {"ubuntu": "main,universe"}
_ENTER = """
root=$1; shift
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do
    mount --bind "$1" "$root$2"
    shift 2
done
shift
user=$1; folder=$2; shift 2
exec chroot "$root" /usr/bin/setpriv --reuid "$user" --regid "$user" --clear-groups \\
    --bounding-set=-all --inh-caps=-all --no-new-privs \\
    sh -c 'cd "$0" && exec "$@"' "$folder" "$@"
"""


def why_not() -> str | None:
    """Why this machine cannot build the image; None where it can."""
    missing = [name for name in _TOOLS if not shutil.which(name)]
    if missing:
        return f"{', '.join(missing)} is missing"
    if os.geteuid() != 0:
        return "debootstrap and mounting need root"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        return "this machine lets nobody make a mount namespace"
    return None if _source() else "apt has no source of Debian's or Ubuntu's own packages"


def _source() -> tuple[str, str, str] | None:
    """This machine's system, its release, and where apt has its packages from."""
    release = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if line
    )
    codename = release.get("VERSION_CODENAME", "").strip('"')
    asked = ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)", "Created-By: Packages"]
    targets = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    sites = [line.split()[0] for line in targets.splitlines() if line.split()[1:] == [codename]]
    return (release.get("ID", ""), codename, sites[0]) if sites else None


@dataclass(frozen=True)
class Image:
    """A built image. settings: what the Containerfile says of how it runs."""

    root: Path
    settings: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the image sets."""
        return dict(line.split("=", 1) for line in self.settings["Env"])

    def run(
        self, command: Sequence[str], volumes: dict[str, Path], **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the image, by its entrypoint.   volumes: place there -> folder."""
        mounts = [word for place, folder in volumes.items() for word in (str(folder), place)]
        user = self.settings["User"].split(":")[0]
        return subprocess.run(
            [
                *("unshare", "--mount", "--pid", "--fork", "--ipc", "sh", "-euc", _ENTER, "enter"),
                *(str(self.root), *mounts, "--", user, self.settings["WorkingDir"]),
                *self.settings["Entrypoint"],
                *command,
            ],
            env={**self.environment, **variables, "PATH": self._path},
            capture_output=True,
            text=True,
            timeout=300,
        )

    @property
    def _path(self) -> str:
        # the image's own first; the tools that enter it are found, too, where the image has none
        return f"{self.environment['PATH']}:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Builder:
    """Builds images into a store of its own, below a folder."""

    folder: Path

    def build(self) -> Image:
        """Build the image of this project on a system made for it."""
        self._make_base()
        given = [path for path in _OF_THE_NETWORK if Path(path).exists()]
        self._buildah(
            *("bud", "--isolation", "chroot", "--format", "docker", "--pull-never"),
            *("--build-arg", f"HUB_BASE={_BASE}", "--file", "Containerfile", "--tag", _IMAGE),
            *(word for path in given for word in ("--volume", f"{path}:{path}:ro")),
            *("--signature-policy", self._policy, "."),
        )
        container = self._container_of(_IMAGE)
        settings = json.loads(self._buildah("inspect", container))["Docker"]["config"]
        return Image(Path(self._buildah("mount", container)), settings)

    def forget(self) -> None:
        """Remove all that was built."""
        self._buildah("rm", "--all")
        self._buildah("rmi", "--all", "--force")

    def _make_base(self) -> None:
        distribution, codename, site = _source() or ("", "", "")
        system = self.folder / "system"
        subprocess.run(
            [
                *(
                    "debootstrap",
                    "--variant=minbase",
                    f"--components={_COMPONENTS.get(distribution, 'main')}",
                ),
                "--include=python3,python3-venv,ca-certificates",
                *(codename, str(system), site),
            ],
            check=True,
            capture_output=True,
        )
        container = self._container_of("scratch")
        self._buildah("add", "--quiet", container, str(system))
        self._buildah("commit", "--quiet", "--signature-policy", self._policy, container, _BASE)
        self._buildah("rm", container)
        shutil.rmtree(system)

    def _container_of(self, image: str) -> str:
        return self._buildah("from", "--pull-never", "--signature-policy", self._policy, image)

    @property
    def _policy(self) -> str:
        path = self.folder / "policy.json"
        path.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        return str(path)

    def _buildah(self, *arguments: str) -> str:
        store = ("--root", str(self.folder / "store"), "--runroot", str(self.folder / "run"))
        done = subprocess.run(
            ["buildah", *store, "--storage-driver", "vfs", *arguments],
            cwd=PROJECT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout.strip()
