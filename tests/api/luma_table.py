"""Every operation and option of the official SDK of the Luma API, and its counterparts here: client, studio and user.

Each row names a field of the client's schema, a test of the studio that draws it (or the reason why it draws nothing),
and the word for it in `%dream` or a session.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Row(NamedTuple):
    """The counterparts of one operation or option of the SDK.

    Attributes:
        client: the method or field of the client.
        studio: the name of the test in `tests/studio` that covers it.
        user: what a user writes: an option of `%dream`, a method or argument, or a command.
    """

    client: str
    studio: str
    user: str


OPERATIONS: Final = {
    "generations.create": Row("create_generation", "test_a_create_answers_with_what_it_made", "%dream"),
    "generations.get": Row("get_generation", "test_an_address_expires_and_a_look_gives_a_fresh_one", "bring_in"),
    "files.create": Row("create_file", "test_a_file_is_announced_put_and_completed", "--frame0"),
    "files.complete": Row("complete_file", "test_a_file_is_announced_put_and_completed", "--frame0"),
    "files.get": Row("get_file", "test_a_file_that_cannot_be_used_fails_with_its_reason", "--frame0"),
    "files.list": Row("list_files", "test_files_are_listed_newest_first_and_page_by_page", "--frame0"),
    "files.delete": Row("delete_file", "test_a_deleted_file_is_remembered_and_its_bytes_are_gone", "Luma.delete_file"),
}

TYPES: Final = {
    "image": Row("LumaRequest.type", "test_an_image_has_the_format_that_was_asked_for", "--image"),
    "image_edit": Row(
        "LumaRequest.type", "test_an_edited_image_keeps_its_source_and_takes_on_the_prompt", "--modify-ref"
    ),
    "video": Row("LumaRequest.type", "test_a_video_is_drawn_in_its_ratio", "%dream"),
    "video_edit": Row("LumaRequest.type", "test_an_edit_goes_as_far_from_its_source_as_is_asked", "--modify"),
    "video_reframe": Row("LumaRequest.type", "test_a_reframed_source_lies_where_it_is_put", "--reframe"),
    "layering": Row("LumaRequest.type", "test_a_picture_is_taken_apart_into_its_layers", "Dream.layers"),
}

_CONTROLS: Final = "ControlledModifyRequest.controls"
_FREEDOM: Final = "test_a_control_leaves_as_much_freedom_as_is_asked"
_REFERENCES: Final = "test_a_reference_acts_alike_whichever_way_it_is_given"
OPTIONS: Final = {
    "GenerationCreateParams": {
        "prompt": Row("LumaRequest.prompt", "test_what_is_done_tells_the_words_that_are_drawn", "%dream"),
        "type": Row("LumaRequest.type", "test_what_the_api_takes_is_taken", "--modify"),
        "model": Row("LumaRequest.model", "test_the_better_model_makes_larger_images", "--model"),
        "aspect_ratio": Row("LumaRequest.aspect_ratio", "test_a_video_is_drawn_in_its_ratio", "--aspect-ratio"),
        "image_ref": Row("LumaRequest.image_ref", "test_each_reference_of_an_image_counts", "--image-ref"),
        "source": Row("LumaRequest.source", "test_an_edit_of_an_earlier_generation", "--modify"),
        "output_format": Row(
            "LumaRequest.output_format", "test_an_image_has_the_format_that_was_asked_for", "--format"
        ),
        "style": Row("LumaRequest.style", "test_a_manga_is_drawn_upright_in_black_and_white", "--style"),
        "web_search": Row("LumaRequest.web_search", "test_what_the_api_takes_is_taken", "--web-search"),
        "layering": Row("LumaRequest.layering", "test_a_picture_is_taken_apart_into_its_layers", "Dream.layers"),
        "video": Row("LumaRequest.video", "test_a_video_is_as_long_as_was_asked_for", "%dream"),
        "user_id": Row("LumaRequest.user_id", "test_what_the_api_takes_is_taken", "--set"),
    },
    "ImageRefParam": {
        "url": Row("MediaReference.url", _REFERENCES, "--frame0"),
        "data": Row("MediaReference.data", _REFERENCES, "--frame0"),
        "media_type": Row("MediaReference.media_type", _REFERENCES, "--frame0"),
        "generation_id": Row("MediaReference.generation_id", _REFERENCES, "--frame0"),
        "file_id": Row("MediaReference.file_id", _REFERENCES, "--frame0"),
    },
    "VideoOptionsParam": {
        "duration": Row("VideoOptions.duration", "test_a_video_is_as_long_as_was_asked_for", "--duration"),
        "resolution": Row("VideoOptions.resolution", "test_a_draft_is_a_quarter_of_the_work", "--resolution"),
        "loop": Row("VideoOptions.loop", "test_a_loop_ends_where_it_begins", "--loop"),
        "start_frame": Row("VideoOptions.start_frame", "test_a_start_frame_is_the_first", "--frame0"),
        "end_frame": Row("VideoOptions.end_frame", "test_an_end_frame_is_the_last", "--frame1"),
        "keyframes": Row("VideoOptions.keyframes", "test_each_guide_frame_is_at_its_place", "--keyframe"),
        "keyframe_indexes": Row("VideoOptions.keyframe_indexes", "test_64_guide_frames_are_all_reached", "--keyframe"),
        "hdr": Row("VideoOptions.hdr", "test_without_exr_high_dynamic_range_is_one_file", "--hdr"),
        "exr_export": Row(
            "VideoOptions.exr_export", "test_a_video_in_high_dynamic_range_comes_with_its_frames_in_exr", "--exr"
        ),
        "source_position": Row(
            "VideoOptions.source_position", "test_a_reframed_source_lies_where_it_is_put", "--position"
        ),
        "edit": Row("VideoOptions.edit", "test_an_edit_goes_as_far_from_its_source_as_is_asked", "--mode"),
    },
    "VideoEditOptionsParam": {
        "auto_controls": Row(
            "VideoEdit.auto_controls",
            "test_automatic_control_keeps_more_of_what_moves",
            "ControlledModifyRequest.auto_controls",
        ),
        "strength": Row("VideoEdit.strength", "test_an_edit_goes_as_far_from_its_source_as_is_asked", "--mode"),
        "controls": Row(
            "VideoEdit.controls",
            "test_what_a_control_keeps_is_nearer_to_the_source",
            "ControlledModifyRequest.controls",
        ),
        "keyframes": Row("VideoEdit.keyframes", "test_guide_frames_of_an_edit_are_reached", "--keyframe"),
        "keyframe_indexes": Row("VideoEdit.keyframe_indexes", "test_guide_frames_of_an_edit_are_reached", "--keyframe"),
    },
    "AdvancedControlsParam": {
        name: Row(f"EditControls.{name}", test, "ControlledModifyRequest.controls")
        for name, test in {
            "pose": "test_what_a_control_keeps_is_nearer_to_the_source",
            "depth": "test_what_a_control_keeps_is_nearer_to_the_source",
            "normals": "test_what_a_control_keeps_is_nearer_to_the_source",
            "trajectory": "test_a_trajectory_that_is_not_kept_lets_the_scene_stand_still",
            "face": "test_a_face_that_is_kept_is_nearer_to_the_source",
        }.items()
    },
    "SourcePositionParam": {
        name: Row(f"SourcePosition.{name}", "test_a_reframed_source_lies_where_it_is_put", "--position")
        for name in ("x_norm", "y_norm", "w_norm", "h_norm")
    },
    "PoseControlParam": {name: Row(f"PoseControl.{name}", _FREEDOM, _CONTROLS) for name in ("enabled", "strength")},
    "DepthControlParam": {name: Row(f"DepthControl.{name}", _FREEDOM, _CONTROLS) for name in ("enabled", "blur")},
    "NormalsControlParam": {
        name: Row(f"NormalsControl.{name}", _FREEDOM, _CONTROLS) for name in ("enabled", "augmentation")
    },
    "TrajectoryControlParam": {
        name: Row(f"TrajectoryControl.{name}", _FREEDOM, _CONTROLS) for name in ("enabled", "sparsity")
    },
    "FaceControlParam": {
        "enabled": Row("FaceControl.enabled", "test_a_face_that_is_kept_is_nearer_to_the_source", _CONTROLS)
    },
    "FileCreateParams": {
        "mime_type": Row("FileRequest.mime_type", "test_what_is_announced_has_a_form", "Luma.upload_file"),
        "size_bytes": Row("FileRequest.size_bytes", "test_what_is_put_is_what_was_announced", "Luma.upload_file"),
        "filename": Row("FileRequest.filename", "test_a_file_comes_along_in_a_form", "Luma.upload_file"),
        "purpose": Row(
            "FileRequest.purpose", "test_files_are_listed_newest_first_and_page_by_page", "Luma.upload_file"
        ),
        "expires_at": Row("FileRequest.expires_at", "test_a_file_goes_when_its_time_is_over", "Luma.upload_file"),
        "user_id": Row("FileRequest.user_id", "test_a_file_comes_along_in_a_form", "Luma.upload_file"),
    },
    "FileListParams": {
        name: Row("list_files", "test_files_are_listed_newest_first_and_page_by_page", "Luma.list_files")
        for name in ("cursor", "limit", "purpose", "state")
    },
}
