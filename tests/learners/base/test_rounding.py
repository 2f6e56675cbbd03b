"""How many people a share of them is, against fractions."""

from fractions import Fraction

from quorate.learners.base.rounding import floor_of_share


def test_equals_the_floor_of_the_fraction_that_is_meant() -> None:
    for hundredths in range(101):
        for n in range(200):
            assert floor_of_share(hundredths / 100, n) == int(Fraction(hundredths, 100) * n)
