"""Whatever a vendor answers, what comes out of its adapter is a typed error, or what the vendor said and no more.

`make prove` gives each vendor 20,000 mangled answers.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.domain.errors import VendorRejected
from gateway.vendorkit.calls import VendorAnswer
from tests.support.fed_adapter import Feeder, adapter_over, recorded
from tests.support.payload_fuzzing import feed
from tests.support.rendered_answers import render

FED = 500
RENDERED = 20


async def test_mangled_answers_end_in_typed_errors_or_in_what_they_say(
    slug: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    findings = await feed(slug, FED, tmp_path, seed=1)
    record_property("figures", findings.line(slug))
    assert findings.faults == {}
    assert findings.fed == FED
    assert findings.objects > FED / 10


async def test_mangled_answers_are_rendered_or_told_of(
    slug: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    figures, wrong = await render(slug, RENDERED, tmp_path, seed=1)
    record_property("figures", figures)
    assert wrong == []


async def test_an_answer_about_another_object_is_refused(slug: str, tmp_path: Path) -> None:
    feeder = Feeder()
    adapter = adapter_over(slug, feeder, "http://127.0.0.1:9", tmp_path)
    tried = set()
    for question in await recorded(slug, tmp_path):
        if question.name not in {"get_task", "get_package"}:
            continue
        for key in question.about[0].key:
            asked, another = b'"%b"' % key.encode(), b'"%b"' % key[::-1].replace(":", ".").encode()
            if asked == another or not any(asked in one.body for one in question.answers):
                continue
            feeder.given = []
            feeder.answers = [
                VendorAnswer(status=one.status, headers=one.headers, body=one.body.replace(asked, another))
                for one in question.answers
            ]
            feeder.place = len(feeder.answers)
            tried.add(question.name)
            with pytest.raises(VendorRejected, match="another object"):
                await question.ask(adapter)
    assert "get_task" in tried
