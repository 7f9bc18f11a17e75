"""A key holder's pair of files."""

from tests.export.ceremony import HOLDERS, Ceremony


def test_a_private_key_is_locked_and_for_its_owner_alone(ceremony: Ceremony) -> None:
    private = ceremony.folder / "ann.key"
    assert private.stat().st_mode & 0o777 == 0o600
    assert "ENCRYPTED" in private.read_text()
    ceremony.secret.write_text("the wrong passphrase")
    ceremony.root(*HOLDERS)
    path = ceremony.repo / "metadata" / "1.root.json"
    assert ceremony.run("sign", path, "--key", private, secret=True) == 1
