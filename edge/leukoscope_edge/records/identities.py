"""Whose blood it is: hidden under a key of its own for each record.

The encrypted text lies in the slide's events, where the chain protects it; the keys
lie in a table apart, wrapped with the device's identity key. Destroying one key erases
one person and leaves every event as it was.
"""

import hashlib
import hmac
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict

from leukoscope_edge.errors import RecordError, StepError
from leukoscope_edge.log import passing_over
from leukoscope_edge.messages import message
from leukoscope_edge.names import label, same_name, typed
from leukoscope_edge.records.events import Problem, canonical, clean
from leukoscope_edge.records.keys import KEY_BYTES, seal, unseal
from leukoscope_edge.records.ledger import Ledger
from leukoscope_edge.records.slides.slide import Identity, SlideRecord

NEWEST_SEALED = (
    "SELECT slide, json_extract(body, '$.sealed') AS sealed FROM event "
    "WHERE kind IN ('start', 'correct') AND json_valid(body) "
    "AND json_extract(body, '$.sealed') != '' ORDER BY seq"
)
"""Each slide's sealed identities, the newest last."""


class Identities:
    """The keys of the records."""

    def __init__(self, ledger: Ledger, identity_key: bytes) -> None:
        """Take the ledger whose database holds the keys, and what they are wrapped in.

        Args:
            ledger: The open ledger.
            identity_key: 32 bytes.
        """
        self._ledger = ledger
        self._identity_key = identity_key

    def add(
        self, connection: sqlite3.Connection, slide: str, identity: Identity
    ) -> str:
        """Make a slide's key, inside a transaction, and return its identity sealed."""
        identity = _spelt(identity)
        key = os.urandom(KEY_BYTES)
        wrapped = seal(self._identity_key, key, purpose=f"key {slide}")
        connection.execute(
            "INSERT INTO record_key VALUES (?, ?, ?)",
            (slide, wrapped, self._tag(identity.sample)),
        )
        return seal(key, canonical(asdict(identity)).encode(), purpose=slide).hex()

    def change(
        self, connection: sqlite3.Connection, slide: str, identity: Identity
    ) -> str:
        """Put another identity under a slide's key, inside a transaction; sealed.

        As it is: what nobody put right of it keeps the spelling that it had.

        Raises:
            StepError: The key was destroyed.
        """
        key = self._key(slide)
        if key is None:
            raise StepError(message("identity-erased", slide=slide))
        self._tag_as(connection, slide, identity.sample)
        return seal(key, canonical(asdict(identity)).encode(), purpose=slide).hex()

    def destroy(self, connection: sqlite3.Connection, slide: str) -> None:
        """Destroy a slide's key, inside a transaction."""
        connection.execute("DELETE FROM record_key WHERE slide = ?", (slide,))

    def seal_text(self, slide: str, text: str) -> str:
        """Hide a text under a slide's key; empty where there is nothing or no key."""
        key = self._key(slide)
        if key is None or not text:
            return ""
        return seal(key, clean(text).encode(), purpose=slide).hex()

    def open_text(self, slide: str, sealed: str) -> str | None:
        """Return a hidden text, None where its key was destroyed."""
        key = self._key(slide)
        if key is None:
            return None
        if not sealed:
            return ""
        return unseal(key, bytes.fromhex(sealed), purpose=slide).decode()

    def open_identity(self, slide: str, sealed: str) -> Identity | None:
        """Return whose blood it is, None where the key was destroyed."""
        text = self.open_text(slide, sealed)
        return Identity(**json.loads(text)) if text else None

    def problems(self, record: SlideRecord) -> Iterator[Problem]:
        """Look for a key that went without an erasure, or does not fit."""
        try:
            identity = self.open_identity(record.id, record.sealed)
        except RecordError as err:
            yield Problem(record.seq, f"whose blood slide {record.id} shows: {err}")
            return
        if (identity is None) != record.is_erased:
            yield Problem(record.seq, f"the key of slide {record.id} is not as it says")
        elif identity and record.id not in self.slides_of(identity.sample):
            yield Problem(record.seq, f"slide {record.id} is found by another label")

    def find_anew(self, connection: sqlite3.Connection) -> None:
        """Make what finds slides by their labels anew, inside a transaction.

        A key that was saved from a copy stands beside the label of that day, and the
        events tell of another since.
        """
        for slide, sealed in dict(connection.execute(NEWEST_SEALED)).items():
            with passing_over(
                RecordError, doing="finding slides by their labels anew"
            ):  # the audit tells of it
                if (identity := self.open_identity(slide, sealed)) is not None:
                    self._tag_as(connection, slide, identity.sample)

    def slides_of(self, sample: str) -> list[str]:
        """Return the numbers of the slides of a sample, the oldest first."""
        rows = self._ledger.rows(
            "SELECT slide FROM record_key WHERE sample_tag = ? ORDER BY slide",
            (self._tag(sample),),
        )
        return [slide for (slide,) in rows]

    def pseudonym(self, slide: str) -> str:
        """Return what stands for a sample where nobody may be named: 48 bits as hex.

        Empty where the key was destroyed.
        """
        rows = self._ledger.rows(
            "SELECT sample_tag FROM record_key WHERE slide = ?", (slide,)
        )
        return rows[0][0].hex()[:12] if rows else ""

    def _tag_as(self, connection: sqlite3.Connection, slide: str, sample: str) -> None:
        connection.execute(
            "UPDATE record_key SET sample_tag = ? WHERE slide = ?",
            (self._tag(sample), slide),
        )

    def search_tag(self, sample: str) -> bytes:
        """Return what finds a sample as people type it, as `names.label` spells it.

        Case and spaces make no other sample.

        Another hash than `_tag`, which has stood for a sample on copies since the
        first records and must stay what it is.
        """
        same = "".join(same_name(clean(label(sample))).split())
        return self.mark(f"search {same}")

    def mark(self, text: str) -> bytes:
        """Return a hash of a text that only this device can have made."""
        return hmac.digest(self._identity_key, text.encode(), "sha256")

    def _tag(self, sample: str) -> bytes:
        """Return what finds a sample's slides without telling its label."""
        return hmac.new(
            self._identity_key, clean(sample).encode(), hashlib.sha256
        ).digest()

    def _key(self, slide: str) -> bytes | None:
        rows = self._ledger.rows(
            "SELECT wrapped FROM record_key WHERE slide = ?", (slide,)
        )
        if not rows:
            return None
        return unseal(self._identity_key, rows[0][0], purpose=f"key {slide}")


def _spelt(identity: Identity) -> Identity:
    """Return an identity as every input's is kept, in one spelling."""
    return Identity(
        sample=label(identity.sample),
        name=typed(identity.name),
        number=label(identity.number),
    )
