"""Compares a masked answer with the document that it was made of, if their bytes are spelt differently."""

import json

from harness.leaks import masked


def masked_tree(body):
    """A document as pairs, numbers as they are spelt, with what the field `token` holds masked."""
    return _mask(_read(body))


def same_document(got, expected_tree):
    try:
        return _read(got) == expected_tree
    except ValueError:
        return False


class Number(str):
    """A number as it is spelt."""


def _read(body):
    text = body.decode("utf-8-sig", "surrogatepass")
    pairs = lambda members: ("object", members)  # Lists of pairs keep order and duplicates.
    return json.loads(text, object_pairs_hook=pairs, parse_int=Number, parse_float=Number, strict=False)


def _mask(value, selected=False):
    if isinstance(value, tuple):
        return ("object", [(name, _mask(member, selected or name == "token")) for name, member in value[1]])
    if isinstance(value, list):
        return [_mask(item, selected) for item in value]
    if selected and isinstance(value, Number):
        return "***"
    return masked(value) if selected and isinstance(value, str) else value
