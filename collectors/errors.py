"""What can go wrong between us and one device.

    CollectError
    ├── Unreachable   no route, port closed, name unknown          (ConnectionError)
    ├── TimedOut      no answer in time                            (TimeoutError)
    ├── AuthFailed    the device refused our credentials           (PermissionError)
    │   └── Unsent          … before they could: none were sent, as the key file cannot be read or logins are paused
    │       └── UntrustedHost  its SSH host key or certificate is not one we trust
    ├── Refused       it answered, and will not do what we asked
    ├── Stale         who answers for it has lost it: what is known is old
    ├── BadData       it answered what the protocol does not allow (ValueError)
    ├── Unsupported   it does not have what the profile reads
    └── ProfileError  a profile file is wrong                      (ValueError)

A collector never lets these out: `Reading.failures` carries them, shaped by `Failure.of`.
"""

from typing import ClassVar


class CollectError(Exception):
    """Could not read the device."""

    kind: ClassVar[str] = "error"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class Unreachable(CollectError, ConnectionError):
    """No way to the device: no route, port closed, or its name does not resolve."""

    kind = "unreachable"


class TimedOut(CollectError, TimeoutError):
    """The device did not answer in time."""

    kind = "timeout"


class AuthFailed(CollectError, PermissionError):
    """The device refused our credentials."""

    kind = "auth"


class Unsent(AuthFailed):
    """No credentials were sent to the device, which may not even have been asked."""


class UntrustedHost(Unsent):
    """The device's SSH host key or certificate is not one we trust."""


class Refused(CollectError):
    """The device answered, and will not do what we asked."""

    kind = "refused"


class Stale(CollectError):
    """Who answers for the device has lost it: what is known of it is old."""

    kind = "stale"


class BadData(CollectError, ValueError):
    """The device answered what the protocol does not allow."""

    kind = "bad_data"


class Unsupported(CollectError):
    """The device does not have what the profile reads."""

    kind = "unsupported"


class ProfileError(CollectError, ValueError):
    """A profile file is wrong."""

    kind = "profile"
