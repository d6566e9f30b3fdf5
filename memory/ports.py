"""What memory needs of the shop, as the shop fills it in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

NameKind = Literal["product", "category", "effect", "flavour"]


@dataclass(frozen=True)
class ShopName:
    """Something a customer may call by its name, or by a word that means the same."""

    kind: NameKind
    id: str
    name: str
    synonyms: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """As people say it, without the size behind a comma."""
        return self.name.partition(",")[0]


class Catalogue(Protocol):
    """The names of what the shop sells, as they are now."""

    def revision(self) -> object:
        """Another one whenever a name has changed."""

    def names(self) -> Sequence[ShopName]: ...
