"""Faults on demand: what a vendor, or the network before it, may do to a caller.

A fault file is YAML or JSON, a list of rules tried in order; the first that fits a request fires:

    - {fault: throttle, operation: ListJobs, times: 3}
    - {fault: delay, seconds: 2.5, probability: 0.1}
    - {fault: answer_lost, operation: DeleteJob}

`operation` is the vendor's operation name (default: any), `times` how often the rule fires (default: always), `after`
how many fitting requests it lets pass first, `probability` its share of the rest, drawn from `seed`.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec
import yaml


class FaultKind(StrEnum):
    """What happens to a request.

    delay: answer late. throttle: the vendor's own throttling answer. error: its own 5xx. html: a proxy's page instead
    of JSON. cut: half of the body, then the connection closes. drop: the connection closes unanswered, nothing done.
    answer_lost: the request is carried out, then the connection closes unanswered. reborn: after a delete of an
    execution another one stands under the same number (vendors without numbers ignore it).
    """

    DELAY = "delay"
    THROTTLE = "throttle"
    ERROR = "error"
    HTML = "html"
    CUT = "cut"
    DROP = "drop"
    ANSWER_LOST = "answer_lost"
    REBORN = "reborn"


@dataclass(slots=True, kw_only=True)
class FaultRule:
    """One line of a fault file."""

    fault: FaultKind
    operation: str | None = None
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    seconds: float = 1.0
    status: int = 503


@dataclass(slots=True)
class FaultPlan:
    """The rules, and how often each has fired. Rules may be added while the simulator runs."""

    rules: list[FaultRule] = field(default_factory=list)
    seed: int = 0
    _random: random.Random = field(init=False, repr=False)
    _seen: dict[int, int] = field(init=False, repr=False, default_factory=dict)
    _fired: dict[int, int] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def draw(self, operation: str) -> FaultRule | None:
        """The rule that fires for this request, if any. Each call counts as one request."""
        for rule in self.rules:
            if rule.operation is not None and rule.operation != operation:
                continue
            key = id(rule)
            self._seen[key] = self._seen.get(key, 0) + 1
            if self._seen[key] <= rule.after:
                continue
            if rule.times is not None and self._fired.get(key, 0) >= rule.times:
                continue
            if rule.probability < 1.0 and self._random.random() >= rule.probability:
                continue
            self._fired[key] = self._fired.get(key, 0) + 1
            return rule
        return None


def read_fault_plan(text: str, seed: int = 0) -> FaultPlan:
    """Read a fault file. Raises ValueError with the offending rule's place."""
    try:
        document = yaml.safe_load(text) or []
        rules: Sequence[FaultRule] = msgspec.convert(document, list[FaultRule])
    except (yaml.YAMLError, msgspec.ValidationError) as problem:
        raise ValueError(f"The fault file cannot be read: {problem}") from None
    return FaultPlan(list(rules), seed)
