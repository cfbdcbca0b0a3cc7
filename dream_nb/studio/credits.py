"""What generations cost. Money is counted in whole thousandths of a cent, so that sums stay exact."""

from __future__ import annotations

from dream_nb.api.request_models import AnyRequest, ImageGenerationRequest
from dream_nb.studio.settings import StudioPrices

_MILLICENTS = 1000


def price(request: AnyRequest, prices: StudioPrices) -> int:
    """What a request costs, in thousandths of a cent."""
    if not isinstance(request, ImageGenerationRequest):
        return to_millicents(prices.video)
    return to_millicents(prices.flash_image if "flash" in request.model else prices.image)


def to_millicents(cents: float) -> int:
    """Cents as the store keeps them."""
    return round(cents * _MILLICENTS)


def to_cents(millicents: int) -> float:
    """What the store keeps as cents, the unit of the API."""
    return millicents / _MILLICENTS
