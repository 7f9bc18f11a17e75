"""The bodies of the API's requests, each with its limits."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from leukoscope_edge.accounts import Role
from leukoscope_edge.live import Command
from leukoscope_edge.media import FOLDER
from leukoscope_edge.names import label, typed
from leukoscope_edge.records.exports import FORMATS
from leukoscope_edge.records.slides import Show
from leukoscope_edge.sample import AgeGroup, Mode, SampleType
from leukoscope_edge.types import Reading
from leukoscope_edge.web.share import What

Key = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[\w-]+$")]


Label = Annotated[str, BeforeValidator(lambda x: label(x) if isinstance(x, str) else x)]
"""A sample's label or a number, in the one spelling of what looks like it."""
Words = Annotated[str, BeforeValidator(lambda x: typed(x) if isinstance(x, str) else x)]
"""What a person writes, a name included, without what nobody sees in it."""


Wbc = Annotated[float, Field(gt=0, le=1000)]
"""White cells of a litre of blood, in thousand millions; a leukemia may reach 500."""
NamedKind = Literal[
    "",
    "neutrophil",
    "immature granulocyte",
    "eosinophil",
    "basophil",
    "lymphocyte",
    "monocyte",
    "erythroblast",
]
"""What a person may name a normal cell; a test holds it to `counting.differential`."""
Objective = Literal["100x", "50x", "40x"]
Sex = Literal["female", "male", "unknown"]
WhyTaken = Literal["fever", "anaemia", "malaria film", "other"]
Stain = Literal["Giemsa", "May-Gruenwald-Giemsa", "Wright", "Leishman", "other"]


MAX_PATH, MAX_DRAFTS = 200, 40
DraftName = Annotated[str, Field(max_length=120)]
DraftText = Annotated[str, Field(max_length=1000)]

TURNS_WRITING = frozenset("\u061c\u200e\u200f") | {
    chr(point)
    for low, high in ((0x202A, 0x202E), (0x2066, 0x2069))
    for point in range(low, high + 1)
}
"""Bidirectional controls (UAX 9): unseen, they make one label read as another."""


class Body(BaseModel):
    """A body is strict: unknown keys and signs that turn writing around are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @field_validator("*")
    @classmethod
    def _turns_no_writing(cls, value: object) -> object:
        if isinstance(value, str) and not TURNS_WRITING.isdisjoint(value):
            raise PydanticCustomError("hidden_signs", "signs that turn writing around")
        return value


class SignIn(Body):
    """A name and its PIN."""

    name: Words = Field(max_length=80)
    pin: str = Field(max_length=20)


class Typed(Body):
    """What somebody typed on a screen and has not sent."""

    path: str = Field(max_length=MAX_PATH)
    texts: dict[DraftName, DraftText] = Field(max_length=MAX_DRAFTS)


class SetUp(SignIn):
    """The first start, with the code of the device's screen where it is asked for."""

    code: Label = Field(default="", max_length=20)


class NewPerson(SignIn):
    """Somebody to add."""

    role: Role


class Named(Body):
    """Somebody who is here."""

    name: Words = Field(max_length=80)


class Locked(Named):
    """Whether somebody may come in no more."""

    is_locked: bool


class Renamed(Named):
    """Somebody's new name."""

    to: Words = Field(max_length=80)


class NewRole(Named):
    """Somebody's new role."""

    role: Role


class NewPin(Named):
    """A PIN in the place of one that was forgotten."""

    pin: str = Field(max_length=20)


class OwnPin(Body):
    """One's own PIN, and the one that takes its place."""

    pin: str = Field(max_length=20)
    new: str = Field(max_length=20)


class ChosenLanguage(Body):
    """A language of the page."""

    language: str = Field(max_length=8)


class NewSlide(Body):
    """What is known of a slide before the first frame. Names are kept encrypted."""

    sample: Label = Field(min_length=1, max_length=64)
    name: Words = Field(default="", max_length=80)
    number: Label = Field(default="", max_length=40)
    sample_type: SampleType
    age: AgeGroup
    leukopenic: bool = False
    wbc: Wbc | None = Field(default=None, description="in 10^9 a litre")
    sex: Sex = "unknown"
    reason: WhyTaken = "other"
    stain: Stain = "Giemsa"
    objective: Objective | None = Field(default=None, description="None: the usual")
    mode: Mode = "count"
    consents: bool = False
    is_normal: bool = Field(default=False, description="for the site's background")
    is_second: bool = False
    is_right: bool = Field(default=False, description="where another slide differs")
    key: Key


class Consent(Body):
    """Whether a slide's cells may teach a model."""

    consents: bool


class Listed(Body):
    """Which slides a list is to show. The label is in no address and in no log."""

    show: Show = Show.ALL
    sample: Label = Field(default="", max_length=64)
    since: date | None = None
    until: date | None = None
    page: int = Field(default=1, ge=1, le=1_000_000)


class Ordered(Body):
    """Something to do with the count; `anyway` overrides the lights of Get ready."""

    do: Command
    anyway: bool = False


class Settled(Body):
    """A supervisor's word on a cell."""

    cell: str = Field(max_length=16)
    word: Reading
    kind: NamedKind = ""
    key: Key

    @model_validator(mode="after")
    def _only_normal_cells_have_a_kind(self) -> "Settled":
        if self.kind and self.word is not Reading.NORMAL:
            raise ValueError("only a normal cell has a kind beside its word")
        return self


class JudgedForm(Settled):
    """A person's word on a cell, and the version of it that was seen."""

    seen: int = Field(ge=0, description="of the last word on it; 0: nobody's")


class Keyed(Body):
    """A step that happens once, however often it is sent."""

    key: Key


class Remark(Keyed):
    """A note on a cell; kept encrypted, as it may name somebody."""

    text: Words = Field(min_length=1, max_length=300)


class Missed(Keyed):
    """A cell that somebody tapped in the live picture."""

    frame: str = Field(max_length=120)
    x: float = Field(ge=0, le=1, description="from the left, as a part of the width")
    y: float = Field(ge=0, le=1, description="from the top, as a part of the height")


class Signed(Keyed):
    """A signature: the PIN once more, and a comment."""

    pin: str = Field(max_length=20)
    comment: Words = Field(default="", max_length=1000)
    shown: str = Field(
        pattern=r"^[0-9a-f]{64}$", description="digest of the result on the page"
    )


class File(Body):
    """Whether a file says whose blood it is."""

    identified: bool = False


class ToStick(File):
    """What goes on a stick."""

    stick: str = Field(max_length=300)
    whats: list[What] = Field(min_length=1, max_length=len(FORMATS))


class OnStick(Body):
    """A plugged-in stick, by what the page calls it."""

    stick: str = Field(max_length=300)


class Accepted(Body):
    """A supervisor who accepts what a new model changes."""

    name: Words = Field(max_length=80)
    pin: str = Field(max_length=20)


class OnQualitySlide(Body):
    """What person and device counted on the quality slide."""

    n_present: int = Field(ge=1, le=10_000)
    n_located: int = Field(ge=0, le=10_000)


class NewBand(Body):
    """What is new, and why the bands of the trends begin anew."""

    why: Literal["lamp", "stain", "camera"]
    reason: Words = Field(min_length=3, max_length=200)


class Backup(OnStick):
    """Where to put a backup, and what seals it."""

    passphrase: str = Field(min_length=12, max_length=200)


class Restore(Backup):
    """Which backup takes the place of the records, by whom."""

    file: str = Field(max_length=200, pattern=rf"^({FOLDER}/)?[\w.-]+$")
    pin: str = Field(max_length=20)


class LineForm(Body):
    """A line of a stage micrometer, in pixels of the frame, and its length."""

    x0: float = Field(ge=0, le=1e5)
    y0: float = Field(ge=0, le=1e5)
    x1: float = Field(ge=0, le=1e5)
    y1: float = Field(ge=0, le=1e5)
    length_um: float = Field(gt=0, le=1000)
    objective: Objective = "100x"
    width_px: int = Field(default=0, ge=0, le=100_000, description="0: not known")
    height_px: int = Field(default=0, ge=0, le=100_000)


class Showing(Body):
    """Whether the picture is wanted without a slide."""

    on: bool


class UnderObjective(Body):
    """The objective that is in use."""

    objective: Objective = "100x"


class Reasoned(Keyed):
    """Why something is done with a slide; stands on every copy, so no names."""

    why: Words = Field(min_length=1, max_length=300)


class Critical(Keyed):
    """To whom a critical result was told, how, when by the device's own zone."""

    who: Words = Field(min_length=1, max_length=120)
    how: Literal["telephone", "word of mouth", "message"]
    told_at: datetime
    is_read_back: bool


class CorrectionForm(Reasoned):
    """Facts of a slide as they should be; what is left out stays."""

    sample: Label | None = Field(default=None, min_length=1, max_length=64)
    name: Words | None = Field(default=None, max_length=80)
    number: Label | None = Field(default=None, max_length=40)
    sex: Sex | None = None
    reason: WhyTaken | None = None
    stain: Stain | None = None
    sample_type: SampleType | None = None
    age: AgeGroup | None = None
    leukopenic: bool | None = None
    wbc: Wbc | None = Field(default=None, description="None as a value: not known")
    objective: Objective | None = None

    @property
    def has_no_wbc(self) -> bool:
        """Whether the number was taken away, not left out."""
        return self.wbc is None and "wbc" in self.model_fields_set

    @property
    def details(self) -> dict[str, str]:
        """What is said beside what the rules ask."""
        said = {"sex": self.sex, "reason": self.reason, "stain": self.stain}
        return {what: value for what, value in said.items() if value is not None}
