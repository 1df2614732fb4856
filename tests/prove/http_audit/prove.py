"""Ask graphql-http's audits of a demo on a free port; exit as they do. Run by `make prove`, which installs them."""

import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/graphql")


def main() -> int:
    """Start the demo, audit it, end it. 1 when the demo did not start or an audit is not ok."""
    command = [sys.executable, "-m", "gateway", "demo", "--port", "0"]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parents[2])
    try:
        assert demo.stdout is not None
        address = next((found[0] for line in demo.stdout if (found := ADDRESS.search(line))), None)
        if address is None:
            print("The demo did not start.", file=sys.stderr)  # noqa: T201 - this is a command
            return 1
        # A proxy must not stand between the two.
        environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        return subprocess.run(["node", HERE / "audit.mjs", address], env=environment, check=False).returncode
    finally:
        demo.terminate()
        demo.communicate(timeout=30)


if __name__ == "__main__":
    sys.exit(main())
