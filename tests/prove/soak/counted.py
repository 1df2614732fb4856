"""The command line, as it is, in a process that writes down how many asyncio tasks it has: FILE, then its arguments."""

import asyncio
import sys
import threading
import time
from pathlib import Path

from gateway.cli import main


def _count(file: Path) -> None:
    while True:
        time.sleep(1)
        # asyncio's own list, which holds what has ended until it is collected.
        tasks = [task for task in tuple(asyncio.tasks._all_tasks) if not task.done()]
        file.write_text(str(len(tasks)))


if __name__ == "__main__":
    counts = Path(sys.argv.pop(1))
    threading.Thread(target=_count, args=(counts,), daemon=True).start()
    main()
