"""What to do about a request that came to nothing, in a sentence for each way it may fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SLOW = "The platform is slow, or stalls: ask its operator, or send fewer images_at_once."


@dataclass(frozen=True)
class Wording:
    """What messages about one kind of server advise.

    Args:
        address: where it cannot be reached.
        slow: where no whole answer comes in time.
        lasting: where its name or certificate is wrong.
        later: where it fails for now, and ``fixes`` has no more to say.
        again: where it failed at every try.
        fixes: by the status of its answer.
    """

    address: str
    slow: str
    lasting: str
    later: str
    again: str
    fixes: Mapping[int, str] = field(default_factory=dict)


PLATFORM = Wording(
    address="Check the address, and whether the platform runs.",
    slow=SLOW,
    lasting="Check the address, its certificate, and the key.",
    later="Go on later, or ask its operator.",
    again="What was answered is stored: do the same again to go on.",
    fixes={
        400: "Mend the API's description.",
        401: "Give the right key, and check key_in, key_name and key_format.",
        403: "Give a key that may ask here.",
        404: "Check the address and the API's paths.",
        405: "Check the API's paths.",
        407: "Sign in at the proxy that the environment names.",
        408: SLOW,
        410: "What was there is gone: check the address and the API's paths.",
        413: "Set images_at_once lower.",
        414: "Check the API's paths, and send the key in a header.",
        415: "Set another encoding.",
        422: "Check the images' shape and the API's encoding and image_at.",
        429: "Ask more slowly, with --rate, or go on later.",
        431: "Check the key, which is too long for this platform.",
        501: "Check the API's paths, or ask its operator.",
        511: "Sign in to the network that you are in.",
    },
)
