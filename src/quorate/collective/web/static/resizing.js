// Pictures and planes of other sizes, made smaller or larger as Pillow does it.
(function () {
  "use strict";
  const quorate = (globalThis.quorate = globalThis.quorate || {});

  /** What each pixel of a resized line is the mean of: [{start, weights}]. */
  function weightsOf(many, few, support, filter) {
    const scale = many / few;
    const wide = Math.max(scale, 1);
    const reach = support * wide;
    return Array.from({ length: few }, (_, place) => {
      const centre = (place + 0.5) * scale;
      const start = Math.max(0, Math.trunc(centre - reach + 0.5));
      const end = Math.min(many, Math.trunc(centre + reach + 0.5));
      const weights = [];
      let sum = 0;
      for (let i = 0; i < end - start; i++) {
        weights.push(filter((i + start - centre + 0.5) * (1 / wide)));
        sum += weights[i];
      }
      return { start, weights: sum ? weights.map((weight) => weight / sum) : weights };
    });
  }

  const tent = (x) => Math.max(0, 1 - Math.abs(x));
  const box = (x) => (x > -0.5 && x <= 0.5 ? 1 : 0);

  /** One dimension: lines of `many` values, `step` apart, become lines of as many as `weights`. */
  function resample(values, lines, starts, step, weights, out, outStarts, finish) {
    for (let line = 0; line < lines; line++) {
      for (let place = 0; place < weights.length; place++) {
        const { start, weights: few } = weights[place];
        let sum = 0;
        let from = starts(line) + start * step;
        for (let i = 0; i < few.length; i++, from += step) sum += values[from] * few[i];
        out[outStarts(line) + place * step] = finish(sum);
      }
    }
    return out;
  }

  /** A plane (H, W) resized to (h, w): rows first, then columns, each to the type of `Kind`. */
  function resized(plane, [high, wide], [h, w], filter, support, whole) {
    // Pillow weighs 8-bit levels by whole numbers, of 22 bits.
    const weights = (many, few) =>
      weightsOf(many, few, support, filter).map(({ start, weights: few }) => ({
        start,
        weights: whole ? few.map((weight) => Math.trunc(weight * 2 ** 22 + 0.5)) : few,
      }));
    const finish = whole ? (sum) => Math.min((sum + 2 ** 21) / 2 ** 22, 255) : (sum) => sum;
    const Kind = whole ? Uint8Array : Float32Array;
    let now = plane;
    if (wide !== w) {
      const out = new Kind(high * w);
      now = resample(now, high, (y) => y * wide, 1, weights(wide, w), out, (y) => y * w, finish);
    }
    if (high !== h) {
      const out = new Kind(h * w);
      now = resample(now, w, (x) => x, w, weights(high, h), out, (x) => x, finish);
    }
    return now;
  }

  /** One of the planes that a platform's grey or RGB image of `c` channels has of a picture. */
  function planeOf({ width, height, channels, data }, c, band) {
    const plane = new Uint8Array(width * height);
    if (channels === c) {
      for (let i = 0, at = band; i < plane.length; i++, at += c) plane[i] = data[at];
      return plane;
    }
    for (let i = 0, at = 0; i < plane.length; i++, at += channels) {
      const grey = data[at] * 19595 + data[at + 1] * 38470 + data[at + 2] * 7471;
      plane[i] = (grey + 0x8000) >> 16;
    }
    return plane;
  }

  quorate.resizing = { resized, tent, box, planeOf };
})();
