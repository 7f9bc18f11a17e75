"""A key holder's pair of files."""

from tests.export.publisher import HOLDERS, Publisher


def test_a_private_key_is_locked_and_for_its_owner_alone(publisher: Publisher) -> None:
    private = publisher.folder / "ann.key"
    assert private.stat().st_mode & 0o777 == 0o600
    assert "ENCRYPTED" in private.read_text()
    publisher.secret.write_text("the wrong passphrase")
    publisher.root(*HOLDERS)
    path = publisher.repo / "metadata" / "1.root.json"
    assert publisher.run("sign", path, "--key", private, secret=True) == 1
