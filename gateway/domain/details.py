"""The two words a vendor's details dataclass may use beside str, int, float, bool, lists and None.

The schema turns each such dataclass into a GraphQL type of the class's name: GlobalId becomes ID, JsonValue JSON.
"""

from typing import NewType

GlobalId = NewType("GlobalId", str)
JsonValue = NewType("JsonValue", object)
