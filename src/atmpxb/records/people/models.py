"""Who may act, for whom, and what organisations let each other see."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password
from django.db import models
from django.utils.translation import gettext_lazy as _

from atmpxb.records.identifiers import new_id


class Role(models.TextChoices):
    """What a membership lets a person do. One person may hold several, within the rules of segregation."""

    ANALYST = "analyst", _("Analyst")
    REVIEWER = "reviewer", _("Reviewer")
    QP = "qp", _("Qualified Person")
    CLIENT = "client", _("Client")
    OPERATOR = "operator", _("Operator")
    TRAINEE = "trainee", _("Trainee")
    PROGRAMME_MANAGER = "programme_manager", _("Programme manager")
    ADMINISTRATOR = "administrator", _("Administrator")


#: An administrator keeps the accounts and so holds no role that touches a GMP record in the same organisation.
GMP_ROLES = frozenset({Role.ANALYST, Role.REVIEWER, Role.QP, Role.OPERATOR})


class Organisation(models.Model):
    """A legal entity of the network. Its name and address are public within the network."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    address = models.TextField(blank=True)
    country = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2")
    zone = models.CharField(max_length=60, help_text="IANA time zone")
    activities = models.JSONField(default=list)
    illustrative = models.BooleanField(default=False)
    #: Whoever has no second factor doesn't sign for this organisation.
    second_factor_to_sign = models.BooleanField(default=False)
    founded_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Site(models.Model):
    """A place where an organisation works, with its own clock."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="sites")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=200)
    address = models.TextField()
    country = models.CharField(max_length=2)
    zone = models.CharField(max_length=60)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "code"], name="site_code")]

    def __str__(self) -> str:
        return self.name


class PersonManager(BaseUserManager["Person"]):
    """Finds people by the address that they sign in with."""

    def get_by_natural_key(self, username: str | None) -> "Person":
        return self.get(email__iexact=username)


class Person(AbstractBaseUser):
    """A human being with an account; never reassigned, deactivated instead of deleted."""

    #: The salted hash of the password never enters the ledger; its digest does, so that nobody exchanges it in silence.
    by_digest: ClassVar = frozenset({"password"})

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    #: Chosen by the person, or for the person at registration; empty: as the browser asks.
    language = models.CharField(max_length=5, blank=True, default="")
    is_active = models.BooleanField(default=True)
    registered_at = models.DateTimeField()
    password_is_one_time = models.BooleanField(default=False)
    #: An administrator took the second factor away; sessions from before are over, and the person is told.
    factor_reset_at = models.DateTimeField(null=True, blank=True)
    factor_reset_read_at = models.DateTimeField(null=True, blank=True)
    #: Sign-ins are lines of the access log; signing in changes no record.
    last_login = None

    USERNAME_FIELD = "email"
    objects = PersonManager()

    def __str__(self) -> str:
        return self.name

    def check_password(self, raw_password: str | None) -> bool:
        """Whether this is the password. Unlike the framework's own question it never rewrites the stored hash."""
        return check_password(raw_password, self.password)

    @property
    def has_a_reset_to_read(self) -> bool:
        """Whether the second factor was taken away and the person has not been told yet."""
        if self.factor_reset_at is None:
            return False
        return self.factor_reset_read_at is None or self.factor_reset_read_at < self.factor_reset_at

    @property
    def is_staff(self) -> bool:
        """Nobody edits records around the actions, so there is no staff surface."""
        return False


class Membership(models.Model):
    """A person holds a role in an organisation, from and until a moment.

    Each organisation confirms for itself who its people are (``identity_verified_at``): what one administrator has
    seen lets nobody sign for another organisation.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    function = models.CharField(max_length=120, help_text="as printed beside a signature")
    identity_verified_at = models.DateTimeField(null=True, blank=True)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["person"])]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "person", "role"],
                condition=models.Q(valid_until__isnull=True),
                name="membership_once",
            )
        ]


class Grant(models.Model):
    """An organisation lets another one read one of its records, for a stated purpose and time."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    to_organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    subject_table = models.CharField(max_length=63)
    subject_id = models.UUIDField()
    purpose = models.CharField(max_length=200)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["to_organisation", "subject_id"]),
            models.Index(fields=["organisation", "to_organisation"]),
        ]


class Access(models.Model):
    """A line of the access log: a person looked at something of another organisation, or signed in or out."""

    at = models.DateTimeField()
    person_id = models.UUIDField(null=True)
    organisation_id = models.UUIDField(null=True)
    owner_id = models.UUIDField(null=True)
    event = models.CharField(max_length=60)
    subject = models.CharField(max_length=120, blank=True)
    address = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["owner_id", "at"]), models.Index(fields=["person_id", "at"])]
