"""Every fact name with its type, words, sources, and what each source says against itself."""

from typing import Final

from makegood.policy.facts import FactSpec
from makegood.policy.vocabulary.account import ACCOUNT
from makegood.policy.vocabulary.goods import GOODS
from makegood.policy.vocabulary.money import MONEY
from makegood.policy.vocabulary.order import ORDER
from makegood.policy.vocabulary.usage import USAGE

FACTS: Final[dict[str, FactSpec]] = {
    spec.name: spec for spec in (*ORDER, *GOODS, *ACCOUNT, *MONEY, *USAGE)
}
