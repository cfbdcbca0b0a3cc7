"""What the Luma API answers: generations and uploaded files, read tolerantly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import Field, ValidationError, ValidationInfo, model_validator

from dream_nb.api.errors import GenerationFailedError
from dream_nb.api.luma_requests import LumaModel, LumaType, Purpose
from dream_nb.api.odd_forms import address_in
from dream_nb.api.schemas import Schema, admits, enum, is_document

LUMA_STATES: Final = ("queued", "processing", "completed", "failed")
LUMA_FINAL_STATES: Final = frozenset({"completed", "failed"})
FILE_STATES: Final = ("pending", "ready", "failed", "deleted")
FILE_FINAL_STATES: Final = frozenset({"ready", "failed", "deleted"})

FAILURE_ADVICE: Final[Mapping[str, str]] = {
    "content_moderated": "Change the prompt, or the pictures used with it",
    "generation_failed": "Nothing is wrong with the request: make another take",
    "budget_exhausted": "Add funds to the account, then make another take",
    "output_not_found": "The result was lost on the server: make another take",
    "image_too_large": "Use a smaller picture",
    "unsupported_format": "Convert the file: pictures to JPEG, PNG or WebP, videos to MP4",
    "corrupt_input": "Check that each file opens, and save again any that does not",
    "invalid_request": "Change the request as described",
    "rate_limited": "Wait a minute, then make another take",
}
"""What to do about each failure code, without the full stop."""

OTHER_ADVICE: Final = "Change the request, or make another take"
"""What to do about any other one."""

# Without these an answer says nothing.
_ESSENTIAL: Final = frozenset({"id", "state"})


class _Tolerant(Schema):
    """An answer in which what is odd is left out, so that the rest of it counts."""

    @model_validator(mode="wrap")
    @classmethod
    def _readable(cls, data: Any, handler: Callable[[Any], Self], info: ValidationInfo) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            odd = {str(problem["loc"][0]) for problem in error.errors(include_url=False) if problem["loc"]}
            if not admits(info, "enums") or not is_document(data) or not odd or odd & _ESSENTIAL:
                raise
            return handler({name: value for name, value in data.items() if name not in odd})


class OutputLayer(_Tolerant):
    """What one layer of a picture is.

    Attributes:
        index: its position from front to back; the last is the background.
        label: its name, of a word or two.
        description: what it shows.
        alpha_hint: how its edges are: "soft", "hard", or "none" of the background.
    """

    index: int | None = None
    label: str | None = None
    description: str | None = None
    alpha_hint: str | None = None


class LumaOutput(_Tolerant):
    """One file that was made.

    Attributes:
        type: what it is, such as "image" or "video".
        url: its address, for one hour: asking for the generation again gives a fresh one.
        layer: of a layering, which layer it is.
    """

    type: str | None = None
    url: str
    layer: OutputLayer | None = None


class LumaGeneration(_Tolerant):
    """A generation of the Luma API. What was asked for is not in it.

    Attributes:
        id: its name at the server.
        type: image, image_edit, video, video_edit, video_reframe or layering.
        state: "queued", "processing", "completed" or "failed".
        model: which makes it.
        created_at: when the server took it.
        output: the files that were made: the video with its EXR, or one picture a layer.
        failure_code: why it failed, as a word of the API.
        failure_reason: why it failed, in the server's words.
    """

    id: Annotated[str, Field(min_length=1)]
    state: Annotated[str, *enum("state", LUMA_STATES)]
    type: LumaType | None = None
    model: LumaModel | None = None
    created_at: datetime | None = None
    output: list[LumaOutput] | None = None
    failure_code: Annotated[str, *enum("failure code", tuple(FAILURE_ADVICE))] | None = None
    failure_reason: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _with_readable_output(cls, data: Any, info: ValidationInfo) -> Any:
        # One file that says no address must not hide the others.
        if is_document(data) and isinstance(data.get("output"), list) and admits(info, "enums"):
            return {**data, "output": [one for one in data["output"] if is_document(one) and address_in(one)]}
        return data

    @property
    def is_final(self) -> bool:
        """Whether it has ended: its state will not change any more."""
        return self.state in LUMA_FINAL_STATES

    def failure(self) -> GenerationFailedError | None:
        """The error that tells why it was not made and what to do next; None where it has not failed.

        Returns:
            The error. It makes no claim about a refund, since the provider says nothing of that.
        """
        if self.state != "failed":
            return None
        code = self.failure_code or ""
        reason = ": ".join(filter(None, [code, self.failure_reason])) or "the server gave no reason"
        return GenerationFailedError(self.id, reason, FAILURE_ADVICE.get(code, OTHER_ADVICE), is_refunded=False)


class LumaFile(_Tolerant):
    """A file that was uploaded.

    Attributes:
        id: its name at the server, for `MediaReference(file_id=…)`.
        state: "pending", "ready", "failed" or "deleted". Only what is ready can be referred to.
        mime_type: of its bytes.
        size_bytes: how many bytes it has.
        filename: its name, where one was given.
        purpose: "input" or "reference".
        created_at: when it was announced.
        expires_at: when the provider may delete it.
        deleted_at: when it was deleted.
        failure_reason: why it cannot be used.
        user_id: as it was given.
    """

    id: Annotated[str, Field(min_length=1)]
    state: Annotated[str, *enum("state", FILE_STATES)]
    mime_type: str | None = None
    size_bytes: int | None = None
    filename: str | None = None
    purpose: Purpose | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    deleted_at: datetime | None = None
    failure_reason: str | None = None
    user_id: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether its state changes no more by itself."""
        return self.state in FILE_FINAL_STATES


class PresignedUpload(Schema):
    """Where the bytes of a file go. The address lets anybody put a file there, so it is not shown.

    Attributes:
        url: the address.
        method: "PUT".
        headers: what the server there wants to be sent along.
        expires_at: until when.
    """

    url: str
    method: str = "PUT"
    headers: dict[str, str] | None = None
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(expires_at={self.expires_at!r})"

    __str__ = __repr__


class CreatedFile(Schema):
    """The answer of `POST /files`.

    Attributes:
        file: the file.
        upload: where its bytes go; None where they were sent along.
    """

    file: LumaFile
    upload: PresignedUpload | None = None


class FilePage(Schema):
    """One page of the account's files, newest first.

    Attributes:
        data: the files.
        has_more: whether there are more.
        next_cursor: where the next page begins.
    """

    data: list[LumaFile]
    has_more: bool | None = None
    next_cursor: str | None = None
