"""A change, a picture and the label, if one is wanted: changed by a page and by the library."""

import io

import numpy as np
from PIL import Image

from quorate.test_time.perturbations.brought import change_of
from quorate.test_time.perturbations.perturbation import Perturbation

APPLY = """async ([npz, picture, label]) => {
  const bytes = quorate.bytes.fromBase64;
  const change = await quorate.change.read(bytes(npz));
  const opened = await quorate.pictures.decode(new Blob([bytes(picture)]));
  const { after, facts } = await quorate.change.apply(change, opened, label);
  const told = quorate.applying.sentences(facts);
  const shape = [after.height, after.width, after.channels];
  return { shape, data: base64(after.data), facts, told };
}"""
Case = tuple[Perturbation, np.ndarray, str | None]


def png_of(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def in_memory(case: Case) -> np.ndarray:
    """The pixels that ``quorate apply`` writes."""
    change, x, label = case
    picture = Image.fromarray(x)
    if change.shape[0] == 3 and picture.mode == "L":
        picture = picture.convert("RGB")
    row = 0 if label is None else change.label(label)
    change_of(picture, change, row).add_to(picture)
    return np.atleast_3d(np.asarray(picture))
