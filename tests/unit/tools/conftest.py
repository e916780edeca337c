"""Small projects of real files, as the tests of modules have them."""

from tests.unit.test_modules import write as write
