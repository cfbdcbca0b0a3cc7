"""The answers of the Luma API: generations and uploaded files, read tolerantly."""

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
"""The advice for each failure code, without a full stop."""

OTHER_ADVICE: Final = "Change the request, or make another take"
"""The advice for any other failure code."""

# Without these, an answer is useless.
_ESSENTIAL: Final = frozenset({"id", "state"})


class _Tolerant(Schema):
    """An answer from which invalid values are dropped, so that the rest can be used."""

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
    """A description of one layer of a picture.

    Attributes:
        index: the position of the layer from front to back; the last is the background.
        label: the name of the layer, a word or two.
        description: what the layer shows.
        alpha_hint: the kind of its edges: "soft", "hard", or "none" for the background.
    """

    index: int | None = None
    label: str | None = None
    description: str | None = None
    alpha_hint: str | None = None


class LumaOutput(_Tolerant):
    """One file of a generation.

    Attributes:
        type: the type of the file, such as "image" or "video".
        url: the address of the file, valid for one hour; reading the generation again returns a fresh one.
        layer: for layering, the description of the layer.
    """

    type: str | None = None
    url: str
    layer: OutputLayer | None = None


class LumaGeneration(_Tolerant):
    """A generation of the Luma API. It does not include the request.

    Attributes:
        id: the id of the generation on the server.
        type: the type of request: image, image_edit, video, video_edit, video_reframe or layering.
        state: the state: "queued", "processing", "completed" or "failed".
        model: the model that makes it.
        created_at: when the server accepted the request.
        output: the files of the result: the video with its EXR, or one picture per layer.
        failure_code: the reason of a failure, as a code of the API.
        failure_reason: the reason of a failure, in the server's words.
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
        # A file without an address must not hide the others.
        if is_document(data) and isinstance(data.get("output"), list) and admits(info, "enums"):
            return {**data, "output": [one for one in data["output"] if is_document(one) and address_in(one)]}
        return data

    @property
    def is_final(self) -> bool:
        """Whether it has ended, so that its state will not change any more."""
        return self.state in LUMA_FINAL_STATES

    def failure(self) -> GenerationFailedError | None:
        """Return the error that says why it was not made and what to do next; None if it has not failed.

        Returns:
            The error. It says nothing about a refund, because the provider does not either.
        """
        if self.state != "failed":
            return None
        code = self.failure_code or ""
        reason = ": ".join(filter(None, [code, self.failure_reason])) or "the server gave no reason"
        return GenerationFailedError(self.id, reason, FAILURE_ADVICE.get(code, OTHER_ADVICE), is_refunded=False)


class LumaFile(_Tolerant):
    """An uploaded file.

    Attributes:
        id: the id of the file on the server, for `MediaReference(file_id=…)`.
        state: the state: "pending", "ready", "failed" or "deleted". Only files that are ready can be referred to.
        mime_type: the MIME type of the file.
        size_bytes: the size of the file in bytes.
        filename: the name of the file, if one was given.
        purpose: the purpose of the file: "input" or "reference".
        created_at: when the file was announced.
        expires_at: the time from which the provider may delete the file.
        deleted_at: when the file was deleted.
        failure_reason: the reason why the file cannot be used.
        user_id: the name that was given for the user.
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
        """Whether its state will not change any more without a further request."""
        return self.state in FILE_FINAL_STATES


class PresignedUpload(Schema):
    """Where to upload the bytes of a file. Anybody who knows the address can upload a file, so it is not shown.

    Attributes:
        url: the address to upload to.
        method: the HTTP method, "PUT".
        headers: the headers that the server there requires.
        expires_at: the time until which the address is valid.
    """

    url: str
    method: str = "PUT"
    headers: dict[str, str] | None = None
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(expires_at={self.expires_at!r})"

    __str__ = __repr__


class CreatedFile(Schema):
    """The answer to `POST /files`.

    Attributes:
        file: the file.
        upload: where to upload the bytes; None if they were sent with the request.
    """

    file: LumaFile
    upload: PresignedUpload | None = None


class FilePage(Schema):
    """One page of the account's files, newest first.

    Attributes:
        data: the files.
        has_more: whether there are more files.
        next_cursor: the cursor of the next page.
    """

    data: list[LumaFile]
    has_more: bool | None = None
    next_cursor: str | None = None
