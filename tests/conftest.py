"""What is true of a whole run: its figures are shown, and nothing that was logged in it holds a secret.

Figures are lines of `record_property("figures", "a line")`, in whichever process.
"""

import pytest

from tests.support.canaries import SECRETS_OF_THE_SUITE, found_in


class LogSearch:
    """Searches what tests wrote to their output and to files `*.log` for the secrets that tests use."""

    def __init__(self) -> None:
        self.leaks: list[str] = []
        self.tests: set[str] = set()
        self.files = 0
        self.size = 0

    def look(self, place: str, text: bytes) -> None:
        """Search one text."""
        self.size += len(text)
        self.leaks += [f"{place}: {secret}" for secret in found_in(text, SECRETS_OF_THE_SUITE)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Search what a test wrote, in whichever process it ran."""
        self.tests.add(report.nodeid)
        # Each phase has what the earlier ones wrote, too.
        if report.when == "teardown":
            for name, text in report.sections:
                self.look(f"{report.nodeid}, {name}", text.encode())

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Search what served processes wrote, and fail the run for what was found."""
        folder = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        for file in folder.rglob("*.log"):
            if file.is_file():
                self.files += 1
                self.look(str(file.relative_to(folder)), file.read_bytes())
        if self.leaks:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was searched, and where a secret stands."""
        terminalreporter.section("secrets in logs", red=bool(self.leaks))
        terminalreporter.write_line(
            f"{len(SECRETS_OF_THE_SUITE)} secrets looked for in {self.size:,} bytes, written by {len(self.tests):,} "
            f"tests, and in {self.files} log files: {len(self.leaks)} found"
        )
        for leak in self.leaks:
            terminalreporter.write_line(leak)


def pytest_configure(config: pytest.Config) -> None:
    """Search in the process that hears of all tests."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(LogSearch(), "log-search")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the lines in the order in which their tests ended."""
    lines = [
        str(value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, value in report.user_properties
        if name == "figures"
    ]
    if lines:
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.write_line(line)
