"""What all tests share: no exports, and a browser for those of the page.

Exports that lie on this machine would answer in place of the networks that tests look into.
"""

import os
import tempfile
from pathlib import Path

import pytest
from chromium import Chromium

os.environ["ROAD_CLARITY_EXPORTS"] = str(Path(tempfile.gettempdir(), "no_exports_in_tests"))


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser
