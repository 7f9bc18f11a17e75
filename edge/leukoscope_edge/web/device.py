"""What every route of the page has at hand."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from leukoscope_edge import __version__, updates
from leukoscope_edge.accounts import (
    RIGHTS,
    Drafts,
    People,
    Person,
    Right,
    SetUpCode,
)
from leukoscope_edge.counting import SiteBackground
from leukoscope_edge.errors import BundleError, StepError
from leukoscope_edge.i18n import Language, choose
from leukoscope_edge.inference import Bundle, Card, Engine, read_card
from leukoscope_edge.live import Counter
from leukoscope_edge.log import passing_over
from leukoscope_edge.messages import Message, message
from leukoscope_edge.profile import MAIN_OBJECTIVE, Profile
from leukoscope_edge.quality import (
    camera_scale,
    device_quality,
    require_objective,
    site_background,
    without_lapses,
)
from leukoscope_edge.records import Store
from leukoscope_edge.records.slides import Identity, Origin, SlideRecord, SlideSetUp
from leukoscope_edge.review import why_files_wait
from leukoscope_edge.sample import SampleType, SlideFacts
from leukoscope_edge.web.security import Sessions, session_of
from leukoscope_edge.web.server.lifecycle import Lifecycle
from leukoscope_edge.web.trail import Trail
from leukoscope_edge.web.update_session import UpdateSession

LANGUAGE_COOKIE = "leukoscope_language"
N_PAGE_FAULTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device, as its page sees it.

    Attributes:
        profile: What kind of device it is.
        store: The records.
        people: Who may use it.
        sessions: Who is signed in.
        counter: The counting process.
        bundle: The model.
        engine: The same model here, for explanations and the golden cells.
        languages: Of the page.
        fingerprint: Of the TLS certificate, empty on loopback.
        update_session: Where new models are taken in.
        lifecycle: Ends the server so that everything is opened anew.
        banners: What every page shows about models and time.
        drafts: What people have typed and not sent.
        trail: Of who came in.
        set_up_code: What the first person types who is not at the device.
        why_off: Why no slide may be screened, None where one may.
        page_faults: What the page's own program failed at since it was started, the
            newest last; for the log for service.
    """

    profile: Profile
    store: Store
    people: People
    sessions: Sessions
    counter: Counter
    bundle: Bundle
    engine: Engine
    languages: Mapping[str, Language]
    fingerprint: str = ""
    update_session: UpdateSession = field(default_factory=UpdateSession)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    banners: list[Message] = field(default_factory=list)
    drafts: Drafts = field(default_factory=Drafts)
    trail: Trail = field(default_factory=Trail)
    set_up_code: SetUpCode = field(default_factory=SetUpCode)
    why_off: Message | None = None
    hospital_troubles: deque[str] = field(default_factory=lambda: deque(maxlen=1))
    page_faults: deque[str] = field(default_factory=lambda: deque(maxlen=N_PAGE_FAULTS))

    def require_open(self) -> None:
        """Let no slide begin where none may be screened.

        Raises:
            StepError: No model is whole, or a new one is being taken in.
        """
        if self.why_off:
            raise StepError(self.why_off)
        self.require_no_install()

    def require_no_install(self) -> None:
        """Let nothing happen beside an installation.

        Raises:
            StepError: A new model is being taken in.
        """
        if self.update_session.progress.is_busy:
            raise StepError(message("installing"))

    def require_same_model(self, record: SlideRecord) -> None:
        """Let no slide be counted by two models.

        Raises:
            StepError: It was begun with another one.
        """
        if not judged_by(record, self.bundle.card):
            models = {"model": record.origin.bundle, "name": self.bundle.card.id}
            raise StepError(message("begun-with", slide=record.id, **models))

    def card_of(self, record: SlideRecord) -> Card:
        """Return the card of the model that judged a slide.

        Raises:
            StepError: That model is no longer here.
        """
        if judged_by(record, self.bundle.card):
            return self.bundle.card
        for folder in updates.folders(self.store.folder, self.bundle.card.domain):
            with passing_over(
                BundleError, doing="reading the card of a model that is here"
            ):
                if judged_by(record, card := read_card(folder)):
                    return card
        raise StepError(
            message("judged-by-gone", slide=record.id, model=record.origin.bundle)
        )

    def require_looked(self, slide: str) -> None:
        """Let no file tell the words of model or other reader before the first look.

        Raises:
            StepError: Somebody is still to look.
        """
        if why := why_files_wait(self.store.reader.slide(slide), self.profile.review):
            raise StepError(why)

    @property
    def is_simulation(self) -> bool:
        """Whether nothing that it shows is real."""
        return self.bundle.card.domain == "simulated"

    def quality(self) -> tuple[Message, ...]:
        """Return what is out of control now, for a count that has ended."""
        return without_lapses(self.quality_to_count())

    def quality_to_count(self) -> tuple[Message, ...]:
        """Return what would refuse a count that ended now; empty: all is well."""
        return device_quality(self.store, self.profile, self.bundle.card)

    def site_background(self, sample_type: SampleType) -> SiteBackground | None:
        """Return this site's own background, None where there is none yet."""
        return site_background(self.store, self.bundle.card, sample_type)

    def scale_um_per_px(self, objective: str = MAIN_OBJECTIVE) -> float | None:
        """Return the camera's micrometres per pixel, None where nobody calibrated."""
        scale = camera_scale(self.store, self.profile.camera, objective)
        return scale.um_per_px if scale else None

    def require_objective(self, objective: str) -> None:
        """Let no slide be judged at another objective's scale.

        Raises:
            StepError: The camera is calibrated, but not under this objective.
        """
        require_objective(self.store, self.profile.camera, objective)

    def person(
        self, connection: HTTPConnection, *, touch: bool = True
    ) -> Person | None:
        """Return who is signed in on a connection.

        Args:
            connection: The request or WebSocket.
            touch: This is a sign of life.
        """
        session = session_of(connection.headers)
        name = self.sessions.person(session, touch=touch)
        person = self.people.find(name) if name else None
        if person and not (
            person.may_enter and self.sessions.is_opened_by(session, person.pin_hash)
        ):
            self.sessions.sign_out(session)  # locked out, or given a new PIN
            return None
        return person

    def language(self, connection: HTTPConnection) -> Language:
        """Return the language that a browser wants."""
        wanted = connection.cookies.get(LANGUAGE_COOKIE, "")
        accepted = connection.headers.get("accept-language", "")
        return self.languages[choose(wanted, accepted)]

    def origin(self, objective: str = MAIN_OBJECTIVE) -> Origin:
        """Return what makes a result here, under an objective."""
        card, camera = self.bundle.card, self.profile.camera
        scale = self.scale_um_per_px(objective)
        return Origin(
            bundle=card.id,
            bundle_sha256=card.model_cpu.sha256,
            card_digest=card.digest,
            engine=self.engine.name,
            software=f"leukoscope {__version__}",
            calibration=self._calibration(scale),
            camera=camera.source,
            scale_um_per_px=scale,
            view_um=card.input.side_px * card.input.scale_um_per_px,
            limits=card.limits,
            segmenter=self.profile.segmenter,
            validation=card.validation,
        )

    def set_up(
        self,
        identity: Identity,
        facts: SlideFacts,
        objective: str,
        *,
        details: dict[str, str],
        consents_to_training: bool = False,
    ) -> SlideSetUp:
        """Return what a new slide starts with here.

        Args:
            identity: Whose blood it is.
            facts: What was said of the sample.
            objective: Under which it is going to be counted.
            details: What else the records keep of it.
            consents_to_training: Its cells may teach a model.
        """
        return SlideSetUp(
            identity=identity,
            facts=facts,
            mode="slide",
            domain=self.bundle.card.domain,
            origin=self.origin(objective),
            site=self.site_background(facts.sample_type) if facts.sample_type else None,
            details={**details, "objective": objective},
            consents_to_training=consents_to_training,
            n_readers=self.profile.review.readers,
            n_differential=self.profile.review.differential_cells,
        )

    def _calibration(self, scale: float | None) -> str:
        if self.is_simulation:
            return "built in"
        return "none" if scale is None else f"{scale:.5f}"


def judged_by(record: SlideRecord, card: Card) -> bool:
    """Say whether a slide is judged by a card's model, as that card reads it."""
    origin = record.origin
    found = (origin.bundle, origin.bundle_sha256)
    is_model = found == (card.id, card.model_cpu.sha256)
    return is_model and origin.card_digest in ("", card.digest)


def has_right(person: Person, right: Right) -> bool:
    """Say whether somebody may do something."""
    return right in RIGHTS[person.role]
