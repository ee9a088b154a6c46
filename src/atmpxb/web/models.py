"""What the shell remembers of a person. No record: nothing of a batch, and nobody answers for it (decision 0012)."""

from typing import ClassVar

from django.db import models

from atmpxb.records.people.models import Person


class KeptView(models.Model):
    """How a person last looked at a list: its filter and order, as in the address."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    place = models.CharField(max_length=80)
    query = models.CharField(max_length=300)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "place"], name="one_view_a_place")]
