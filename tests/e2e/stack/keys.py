"""The keys of the legacy API, in the memory of its one worker."""

import functools
import secrets
import string
import threading
import time
import uuid

APP_ID = "0f4c2a52-2f5b-4a7e-9d53-6b1d5f1f7a01"
DATASET_ID = "7be1c6f0-91c3-4d0c-8a3a-27f2f5b0c902"
MAX_KEYS = 10

# What a key belongs to: (kind, id). The workspace has no id.
APP = ("app", APP_ID)
DATASET = ("ds", DATASET_ID)
WORKSPACE = ("dataset", None)


class UnknownOwner(Exception):
    """The app or dataset does not exist."""


class UnknownKey(Exception):
    """The owner has no such key."""


class TooMany(Exception):
    """The owner has as many keys as it may have."""


class Keys:
    """All keys by owner. Threads share it, hence the lock."""

    def __init__(self):
        self._lock = threading.Lock()
        self.reset()

    def reset(self):
        """Two keys for each owner, with tokens never seen before."""
        with self._lock:
            self._keys = {
                owner: [new_key(owner[0], used=True) for _ in range(2)] for owner in (APP, DATASET, WORKSPACE)
            }

    def list(self, owner):
        with self._lock:
            return list(self._of(owner))

    def create(self, owner):
        with self._lock:
            keys = self._of(owner)
            if len(keys) >= MAX_KEYS:
                raise TooMany
            keys.append(new_key(owner[0]))
            return keys[-1]

    def delete(self, owner, key_id):
        with self._lock:
            keys = self._of(owner)
            left = [key for key in keys if key["id"] != key_id]
            if len(left) == len(keys):
                raise UnknownKey
            self._keys[owner] = left

    def _of(self, owner):
        try:
            return self._keys[owner]
        except KeyError:
            raise UnknownOwner from None


def new_key(prefix, used=False):
    """One key in the field order of the console API."""
    now = int(time.time())
    return {
        "id": str(uuid.uuid4()),
        "type": "app" if prefix == "app" else "dataset",
        "token": f"{prefix}-{random_text(24)}",
        "last_used_at": now - 60 if used else None,
        "created_at": now,
    }


@functools.cache
def many_keys(prefix, count=5000):
    """A list far longer than any buffer, the same on every call so that two answers can be compared."""
    return [new_key(prefix, used=True) for _ in range(count)]


def random_text(length):
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))
