from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.deployed import drawn_secrets, secrets_in


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Secrets as deploy/secrets.sh draws them."""
    file: Path = tmp_path_factory.mktemp("secrets") / "secrets.env"
    done = drawn_secrets(file)
    assert done.returncode == 0, done.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    again = drawn_secrets(file)
    assert (again.returncode, "nothing was changed" in again.stderr) == (1, True)
    return secrets_in(file)
