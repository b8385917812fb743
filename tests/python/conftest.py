"""What all tests need."""

import gc

import pytest


@pytest.fixture(autouse=True)
def no_garbage_collection_by_chance():
    """Collections call what others have hung on them (hypothesis does), and a profile counts that."""
    gc.disable()
    yield
    gc.enable()
