"""``atmpxb found``: the first step after installing, an organisation with its first administrator and its keys."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import click

from atmpxb.platform import connection
from atmpxb.platform.home import Home


@click.command()
@click.option("--code", prompt="Code, as it stands in addresses (such as my-laboratory)", help="As in addresses.")
@click.option("--name", prompt="Name, as printed on certificates", help="Name, as printed on certificates.")
@click.option("--address", prompt="Address, as printed on certificates", help="Address, as printed on certificates.")
@click.option("--country", prompt="Country (two letters, such as BE)", help="Two letters of ISO 3166-1.")
@click.option("--zone", prompt="Time zone (such as Europe/Brussels)", help="IANA time zone.")
@click.option("--email", prompt="Administrator signs in with the address", help="The administrator signs in with it.")
@click.option("--administrator", prompt="Name of the administrator", help="Name of the administrator.")
@click.option("--language", type=click.Choice(["en", "nl"]), help="Of the administrator; else as the browser asks.")
@click.option(
    "--password-file", type=click.File(encoding="utf-8"), help="First line is the password; - reads it from stdin."
)
def command(
    code: str, name: str, address: str, country: str, zone: str, email: str, administrator: str, language: str | None,
    password_file: TextIO | None,
) -> None:  # fmt: skip
    """Found an organisation with its first administrator, and make and publish its keys.

    Asks for what no option gives; for the password always, unless --password-file names a source. Works while `up`
    runs and while it does not. You answer for who the administrator is.
    """
    password = _password(password_file)
    home = Home.here()
    with connection.django(home), _signing(home):
        from django.core.exceptions import ValidationError
        from django.core.validators import validate_email

        from atmpxb.platform import database
        from atmpxb.records.people import actions as people
        from atmpxb.records.signatures.actions import publish_keys
        from atmpxb.records.signatures.keys import KeyringError
        from atmpxb.records.signatures.signing import SigningError

        database.migrate()
        try:
            validate_email(email)
            organisation, actor = people.found_organisation(
                code=code, name=name.strip(), address=address, country=country.upper(), zone=zone,
                administrator_email=email, administrator_password=password, administrator_name=administrator,
                administrator_language=language or "",
            )  # fmt: skip
        except ValidationError:
            raise click.ClickException(f"{email!r} is no email address: give one such as name@example.org") from None
        except people.AddressTaken:
            raise click.ClickException(
                f"{email} signs in here already: give the administrator an address of its own"
            ) from None
        except (
            people.CodeTaken, people.UnusableCode, people.UnusableName, people.UnknownCountry, people.UnknownZone,
            people.WeakPassword,
        ) as error:  # fmt: skip
            raise click.ClickException(str(error)) from None
        click.echo(f"Founded {organisation.name} ({organisation.code}), entry {actor.receipts[-1].seq} of its ledger.")
        try:
            keys = publish_keys(actor=actor)
        except (SigningError, KeyringError) as error:
            raise click.ClickException(
                f"The organisation is founded, its keys are not published: {error}."
                " Sign in as its administrator and press Publish keys on the page Organisation."
            ) from None
        click.echo(f"Published {', '.join(key.key_id[:24] for key in keys)}.")
    click.echo(_next(home, email))


def _password(source: TextIO | None) -> str:
    """Never an argument: other accounts of the machine read those."""
    if source is None:
        return str(click.prompt("Password of the administrator", hide_input=True, confirmation_prompt=True))
    return source.readline().rstrip("\r\n")


def _next(home: Home, email: str) -> str:
    where = home.served_at()
    at = f"at {where}/" if where else "at the address that `atmpxb up` prints"
    return f"Next: sign in {at} as {email}, and register people under People."


@contextmanager
def _signing(home: Home) -> Iterator[None]:
    """The signing process that runs, or one for the length of the command."""
    from atmpxb.records.signatures.keys import Keyring, KeyringError
    from atmpxb.records.signatures.signing import SigningError, SigningProcess, keys_folder, socket_path

    try:
        process = SigningProcess(Keyring(keys_folder(home.root)), socket_path(home.root))
    except SigningError:  # one listens there already
        yield
        return
    except KeyringError as error:
        raise click.ClickException(str(error)) from None
    thread = threading.Thread(target=process.serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        process.close()
        thread.join()
