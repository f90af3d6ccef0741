"""Forms that can be refused: the domain's no stands where the person typed."""

from typing import Any, ClassVar

from django import forms

from inventory.errors import Refusal, VersionMismatch

from .refusals import field_of

#: What every versioned row has and nobody types.
STAMPS = ("slug", "version", "created_at", "updated_at", "last_modified_by")
STALE = "Open the page again to see what it is now. What you typed stays here until you leave."


class RefusableForm(forms.ModelForm):
    """Shows the `refusal` of an operation that was tried with this very input."""

    refusal: ClassVar[Refusal | None] = None

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_bound and self.refusal is not None:
            self._show(self.refusal)

    def _show(self, refusal: Refusal) -> None:
        placed = False
        for problem in refusal.problems:
            field = field_of(problem)
            if field in self.fields and not self.has_error(field):
                self.add_error(field, problem.detail)
                placed = True
        if not placed:
            self.add_error(None, refusal.detail)
        if isinstance(refusal, VersionMismatch):
            self.add_error(None, STALE)


class VersionedForm(RefusableForm):
    """Carries the version that the person saw, so that two people cannot overwrite each other."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            del self.fields["seen_version"]
        else:
            self.initial["seen_version"] = self.instance.version


def values_of(form: forms.ModelForm) -> dict[str, Any]:
    """What the person gave, as an operation takes it: column name → value (`category_id`, not `category`)."""
    columns = form.instance._meta.concrete_fields
    return {
        column.attname: getattr(form.instance, column.attname) for column in columns if column.name in form.cleaned_data
    }
