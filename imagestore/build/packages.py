"""Debian packages as files: fetched by version, unpacked, never installed."""

import dataclasses
import pathlib
import re
import shlex
import subprocess

_URI = re.compile(r"^'(?P<uri>[^']+)' (?P<file>\S+) \d+")


class PackageError(Exception):
    """apt could not name or fetch a package."""


def _run(*argv: str, cwd: pathlib.Path | None = None) -> str:
    """Run one of apt's programs and return what it printed."""
    done = subprocess.run(
        argv, cwd=cwd, capture_output=True, text=True, timeout=300,
        check=False, env={"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/bin"})
    if done.returncode:
        raise PackageError(
            f"{shlex.join(argv)}: {done.stderr.strip()[-500:]}")
    return done.stdout


@dataclasses.dataclass(frozen=True)
class Source:
    """A place that packages come from; its text is a line for apt."""

    uri: str
    suite: str
    components: tuple[str, ...]

    def __str__(self) -> str:
        return f"deb {self.uri} {self.suite} {' '.join(self.components)}"


def sources(suite: str) -> list[Source]:
    """Return where this machine's apt finds a release of Debian.

    The release itself is in front of its updates; none if apt has not got
    the release.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for line in _run("apt-get", "indextargets", "--format",
                     "$(CREATED_BY) $(REPO_URI) $(RELEASE) $(COMPONENT)",
                     ).splitlines():
        kind, uri, release, component = line.split()
        if kind == "Packages" and release in (
                suite, f"{suite}-updates", f"{suite}-security"):
            found.setdefault((release, uri), []).append(component)
    made = [Source(uri, release, tuple(sorted(set(components))))
            for (release, uri), components in sorted(found.items())
            if "main" in components]
    return made if made and made[0].suite == suite else []


def depends(name: str) -> list[str]:
    """Return the packages that ``name`` (a meta package) names directly."""
    lines = _run("apt-cache", "depends", "--important", name).splitlines()
    return [line.split()[-1] for line in lines
            if line.strip().startswith("Depends:")]


def files(names: list[str]) -> dict[str, str]:
    """Return the file of each package; its name holds the version."""
    found = {}
    for line in _run("apt-get", "--print-uris", "download",
                     *names).splitlines():
        if match := _URI.match(line):
            found[match["file"].partition("_")[0]] = match["file"]
    if missing := set(names) - set(found):
        raise PackageError(f"apt does not know {sorted(missing)}")
    return found


def unpack(wanted: dict[str, str], cache: pathlib.Path,
           target: pathlib.Path) -> None:
    """Unpack each package into a folder of its name below ``target``.

    :param wanted: what :func:`files` returned
    :param cache: folder of package files; those missing are fetched
    """
    cache.mkdir(parents=True, exist_ok=True)
    missing = [name for name, file in wanted.items()
               if not (cache / file).exists()]
    if missing:
        _run("apt-get", "-q", "download", *missing, cwd=cache)
    for name, file in wanted.items():
        (target / name).mkdir(parents=True)
        _run("dpkg-deb", "-x", str(cache / file), str(target / name))
