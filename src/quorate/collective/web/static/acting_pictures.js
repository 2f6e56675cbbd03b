// Puts an instruction's mark into a picture: the levels that the library's signal gives.
// The same as collective/acting/pictures.py. Needs bytes.js.
(function () {
  "use strict";
  const quorate = (globalThis.quorate = globalThis.quorate || {});
  const refused = (expected, got, fix) => new quorate.InputError(expected, got, fix);

  const f32 = Math.fround; // the library computes in single precision
  const SMALLER = "Use a larger picture.";

  /** The whole number nearest to a value, of two the even one. */
  function nearest(value) {
    const below = Math.floor(value);
    const rest = value - below;
    if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
    return below % 2 === 0 ? below : below + 1;
  }

  /** The level of 255 that a value on the pixel scale [0, 1] gets. */
  function levelOf(value) {
    return Math.min(255, Math.max(0, nearest(f32(f32(value) * 255))));
  }

  function firstPixel({ size, place }, width, height) {
    if (size > Math.min(width, height)) {
      throw refused(`a patch inside the ${height}x${width} picture`, `size=${size}`, SMALLER);
    }
    const given = /^([0-9]+)x([0-9]+)$/.exec(place);
    let [row, column] = given ? [Number(given[1]), Number(given[2])] : [];
    if (!given) {
      const [down, right] = [place.split("-")[0], place.split("-").pop()];
      row = { top: 0, bottom: height - size }[down];
      column = { left: 0, right: width - size }[right];
      if (row === undefined) row = Math.floor((height - size) / 2);
      if (column === undefined) column = Math.floor((width - size) / 2);
    }
    if (row + size > height || column + size > width) {
      throw refused(
        `a patch inside the ${height}x${width} picture`,
        `size=${size} with its first pixel at ${row}x${column}`,
        SMALLER,
      );
    }
    return [row, column];
  }

  function patched(mark, { width, height, channels, data }) {
    const [row, column] = firstPixel(mark, width, height);
    const out = data.slice();
    const level = levelOf(mark.value);
    for (let y = row; y < row + mark.size; y++) {
      const start = channels * (y * width + column);
      out.fill(level, start, start + channels * mark.size);
    }
    return out;
  }

  function gridded({ spacing, value, strength }, { width, height, channels, data }) {
    if (spacing > Math.max(width, height)) {
      throw refused(
        `a line inside the ${height}x${width} picture`,
        `spacing=${spacing}`,
        SMALLER,
      );
    }
    // (1 − s)·x̄ + s·v for each level of x̄, the pixel above and to the left that is on no line.
    const added = f32(f32(strength) * f32(value));
    const kept = f32(1 - f32(strength));
    const line = Uint8Array.from({ length: 256 }, (_, level) =>
      levelOf(f32(f32(kept * f32(level / 255)) + added)),
    );
    const isLine = (at) => at % spacing === spacing - 1;
    const out = data.slice();
    for (let y = 0; y < height; y++) {
      const across = isLine(y);
      for (let x = 0; x < width; x++) {
        const down = isLine(x);
        if (!across && !down) continue;
        const from = channels * ((across ? y - 1 : y) * width + (down ? x - 1 : x));
        const to = channels * (y * width + x);
        for (let band = 0; band < channels; band++) out[to + band] = line[data[from + band]];
      }
    }
    return out;
  }

  /** A picture as `quorate.pictures.decode` gives it, with the mark; and how many pixels changed. */
  function markPicture(instruction, picture) {
    const { mark } = instruction;
    const data = (mark.name === "patch" ? patched : gridded)(mark, picture);
    let pixels = 0;
    for (let at = 0; at < data.length; at += picture.channels) {
      let differs = false;
      for (let band = 0; band < picture.channels; band++) {
        if (data[at + band] !== picture.data[at + band]) differs = true;
      }
      if (differs) pixels++;
    }
    return { picture: { ...picture, data }, pixels };
  }

  quorate.acting = quorate.acting || {};
  Object.assign(quorate.acting, { markPicture });
})();
