"""How many people a share of them is, against fractions."""

from fractions import Fraction

from quorate.learners.base.counting import whole_below


def test_equals_the_floor_of_the_fraction_that_is_meant() -> None:
    for hundredths in range(101):
        for n in range(200):
            assert whole_below(hundredths / 100, n) == int(Fraction(hundredths, 100) * n)
