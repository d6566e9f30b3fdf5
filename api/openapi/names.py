"""Short, unique names of the schemas in the OpenAPI document."""

import re

RENAMED = {
    "commerce__notices__models__Status": "NoticeStatus",
    "foundation__queue__Status": "JobStatus",
    "memory__erasure__models__Status": "ErasureStatus",
    "Status-Input": "NoticeStatus",
}
"""Classes of other packages that share their name with another class."""
WRAPPED = re.compile(
    r"(?P<wrapper>Envelope|Page)_(?P<list>list_)?(?:Union_)?(?P<name>\w+?)(?:__NoneType__|__|_)"
)


def short_name(name: str) -> str:
    """`OrderEnvelope` of `Envelope_OrderOut_`, `OrderPage` of `Page_OrderOut_`."""
    wrapped = WRAPPED.fullmatch(name)
    if wrapped is None:
        return RENAMED.get(name, name)
    inner = wrapped["name"].removesuffix("Out")
    return f"{inner}{'List' if wrapped['list'] else ''}{wrapped['wrapper']}"
