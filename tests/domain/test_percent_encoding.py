from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.ids import percent_encoded

ANY = st.text(st.characters(exclude_categories=["Cs"]))
NEARLY_PLAIN = st.text("aZ0_.~-\n/: é")


@given(ANY | NEARLY_PLAIN)
def test_parts_of_ids_and_urns_are_encoded_as_the_standard_says(part: str) -> None:
    assert percent_encoded(part) == quote(part, safe="")
