"""The Dream Machine API of June 2025: videos are created at `/generations/video`, and every create needs a model."""

from typing import Final

from dream_nb.api.dream_machine_dialect import DreamMachineDialect

DREAM_MACHINE_2025: Final = DreamMachineDialect(
    api="2025",
    paths={
        "video": "/generations/video",
        "image": "/generations/image",
        "modify_video": "/generations/video/modify",
        "reframe_video": "/generations/video/reframe",
        "reframe_image": "/generations/image/reframe",
        "upscale_video": "/generations/{id}/upscale",
        "add_audio": "/generations/{id}/audio",
    },
    models={"video": "ray-2", "image": "photon-1"},
    # Written out, so that changes of the server's defaults do not change what is paid for.
    billed={model: {"resolution": "720p", "duration": "5s"} for model in ("ray-2", "ray-flash-2")},
    lists="concepts",
)
"""The dialect of the newer API, which the hosted servers speak."""
