"""The card without a browser."""

from __future__ import annotations

from dream_nb.api.models import ImageGenerationRequest
from dream_nb.notebook.widgets.card import Card
from dream_nb.session import Session
from tests.notebook.page import Page

SECONDS = 60


def test_a_card_shows_its_dream_after_the_session_was_closed(page: Page, session: Session) -> None:  # noqa: ARG001
    dream = session.submit(ImageGenerationRequest(prompt="a lake")).result(SECONDS)
    session.close()
    card = Card(dream)
    assert (card.state, card.film["name"], card.lineage) == ("completed", dream.path.name, [])
