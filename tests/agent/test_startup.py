"""What every process of ours sets up before it works."""

import pytest

from agent.startup import take_descriptors

resource = pytest.importorskip("resource", reason="only POSIX limits open files")


def test_as_many_files_may_be_open_as_the_system_allows():
    before = _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, most))
    try:
        take_descriptors()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, most)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
