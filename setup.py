"""Warns who builds a package without the explorer. Everything else of the build stands in pyproject.toml."""

from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.sdist import sdist

BUILT = Path(__file__).parent / "gateway" / "web" / "explorer" / "bundle" / "index.html"
WITHOUT = (
    "The explorer is not built, so this package has none. `make wheel` builds both; `make explorer` builds it alone."
)


class Wheel(bdist_wheel):
    """The wheel, as setuptools makes it."""

    def run(self) -> None:
        """Build it."""
        super().run()
        if not BUILT.is_file():
            self.warn(WITHOUT)


class Sdist(sdist):
    """The sdist, as setuptools makes it."""

    def run(self) -> None:
        """Build it."""
        super().run()
        if not BUILT.is_file():
            self.warn(WITHOUT)


setup(cmdclass={"bdist_wheel": Wheel, "sdist": Sdist})
