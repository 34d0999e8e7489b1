"""Folding: the form of a text in which case and accents no longer matter."""

import unicodedata

from django.db.models import TextField, signals

# Letters that do not decompose into a base letter and a mark.
UNDECOMPOSED = str.maketrans(
    {"ł": "l", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th"}
)


def fold(text):
    """Fold case, accents, Greek tonos and final sigma: `Αθήνας` → `αθηνασ`.

    The same fold serves what is stored and what is asked, so no database locale matters.
    """
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return bare.translate(UNDECOMPOSED)


class FoldedField(TextField):
    """The folded texts of other fields, kept by every save, bulk creation and `loaddata`.

    `of` names columns of the same model. `update()` and `bulk_update()` of those columns pass
    it by, as they do `auto_now`.
    """

    def __init__(self, *args, of=(), **kwargs):
        self.of = tuple(of)
        super().__init__(*args, **{"editable": False, "default": "", **kwargs})

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "of": self.of}

    def contribute_to_class(self, cls, name, **kwargs):
        super().contribute_to_class(cls, name, **kwargs)
        if not cls._meta.abstract:
            signals.pre_save.connect(self.fold_raw, sender=cls)

    def fold_raw(self, instance, raw, **kwargs):
        """Fold before `loaddata` saves, which calls no `pre_save` of fields."""
        if raw:
            self.pre_save(instance, add=False)

    def pre_save(self, model_instance, add):
        texts = (getattr(model_instance, column) or "" for column in self.of)
        folded = fold("\n".join(dict.fromkeys(filter(None, texts))))
        setattr(model_instance, self.attname, folded)
        return folded
