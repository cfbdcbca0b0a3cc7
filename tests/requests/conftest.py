"""Fixtures for the tests in this folder."""

from tests.dreams import copied, lake, lighthouse, studio, sweep  # noqa: F401
