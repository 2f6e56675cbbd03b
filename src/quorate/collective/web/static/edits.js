// Photo edits in whole numbers: to the bit as the library does them, in quorate.test_time.edits.
// One function an edit, of a picture (c, h, w) of 8 bits a value and the tables of a file.
(function () {
  "use strict";
  const quorate = (globalThis.quorate = globalThis.quorate || {});

  const level = (value) => Math.min(Math.max(value, 0), 255);
  const inside = (place, side) => Math.min(Math.max(place, 0), side - 1);

  // --- Tone: what each level becomes, by how often a picture has each of them.

  /** A curve for all channels, or one of each. */
  function fixedCurves(counts, { curve }) {
    const own = curve.length === 256 ? () => curve : (c) => curve.subarray(256 * c, 256 * c + 256);
    return counts.map((_, channel) => own(channel));
  }

  /** Lines through the mean of each channel. */
  function ownContrast(counts, { factor }) {
    return counts.map((many) => {
      let [total, count] = [0, 0];
      many.forEach((times, value) => {
        total += times * value;
        count += times;
      });
      const mean = Math.floor((2 * total + count) / (2 * count));
      return Uint8Array.from(many, (_, v) => level((((v - mean) * factor[0] + 128) >> 8) + mean));
    });
  }

  const TONES = {
    exposure: fixedCurves,
    gamma: fixedCurves,
    contrast: fixedCurves,
    "own-contrast": ownContrast,
    "white-balance": fixedCurves,
  };

  /** How many values of each of some planes have each level. */
  function countsOf(planes) {
    return planes.map((plane) => {
      const counts = new Float64Array(256);
      for (let i = 0; i < plane.length; i++) counts[plane[i]]++;
      return counts;
    });
  }

  /** What each level becomes by all steps, a curve of each channel; null unless all are of tone. */
  function curvesOf(steps, counts) {
    let found = counts.map(() => Uint8Array.from({ length: 256 }, (_, value) => value));
    for (const { name, tables } of steps) {
      if (!TONES[name]) return null;
      const curves = TONES[name](counts, tables);
      counts = counts.map((many, channel) => {
        const moved = new Float64Array(256);
        many.forEach((times, value) => (moved[curves[channel][value]] += times));
        return moved;
      });
      found = found.map((so, channel) => so.map((value) => curves[channel][value]));
    }
    return found;
  }

  function toned(name, x, [c, h, w], tables) {
    const planes = Array.from({ length: c }, (_, at) => x.subarray(at * h * w, (at + 1) * h * w));
    const out = new Uint8Array(x.length);
    TONES[name](countsOf(planes), tables).forEach((curve, channel) => {
      planes[channel].forEach((value, i) => (out[channel * h * w + i] = curve[value]));
    });
    return out;
  }

  // --- Sums along rows, then along columns.

  /** Sums of each value and those beside it, times the taps from the middle outwards. */
  function along(x, [c, h, w], taps, down) {
    const out = new Int32Array(x.length);
    const [many, step] = down ? [h, w] : [w, 1];
    for (let line = 0; line < x.length / many; line++) {
      const start = down ? Math.floor(line / w) * h * w + (line % w) : line * w;
      for (let i = 0; i < many; i++) {
        let sum = x[start + i * step] * taps[0];
        for (let away = 1; away < taps.length; away++) {
          if (!taps[away]) continue;
          const [before, after] = [Math.max(i - away, 0), Math.min(i + away, many - 1)];
          sum += (x[start + before * step] + x[start + after * step]) * taps[away];
        }
        out[start + i * step] = sum;
      }
    }
    return out;
  }

  /** A picture filtered along rows and columns, in levels times 2^15. */
  function filtered(x, shape, taps) {
    const across = along(x, shape, taps, false).map((sum) => (sum + 64) >> 7);
    return along(across, shape, taps, true);
  }

  function smoothed(x, shape, { taps }) {
    return Uint8Array.from(filtered(x, shape, taps), (sum) => level((sum + (1 << 14)) >> 15));
  }

  function sharpen(x, shape, { taps, amount }) {
    const blurred = filtered(x, shape, taps);
    return x.map((value, i) => {
      const detail = ((value << 15) - blurred[i]) >> 7;
      return level(value + ((Math.imul(detail, amount[0]) + (1 << 15)) >> 16));
    });
  }

  // --- What stands around a value.

  /** A picture with its edges repeated `margin` times on every side. */
  function padded(x, [c, h, w], margin) {
    const [high, wide] = [h + 2 * margin, w + 2 * margin];
    const out = new Uint8Array(c * high * wide);
    for (let channel = 0, to = 0; channel < c; channel++) {
      for (let y = 0; y < high; y++) {
        const row = (channel * h + inside(y - margin, h)) * w;
        for (let i = 0; i < wide; i++, to++) out[to] = x[row + inside(i - margin, w)];
      }
    }
    return { values: out, high, wide };
  }

  function median(x, shape, _, [size]) {
    const [c, h, w] = shape;
    const margin = size >> 1;
    const { values, high, wide } = padded(x, shape, margin);
    const seen = new Uint8Array(size * size);
    const out = new Uint8Array(x.length);
    for (let channel = 0, to = 0; channel < c; channel++) {
      for (let y = 0; y < h; y++) {
        for (let column = 0; column < w; column++, to++) {
          let many = 0;
          for (let i = 0; i < size; i++) {
            const from = (channel * high + y + i) * wide + column;
            for (let j = 0; j < size; j++, many++) {
              const value = values[from + j];
              let place = many; // among those that are sorted already
              for (; place > 0 && seen[place - 1] > value; place--) seen[place] = seen[place - 1];
              seen[place] = value;
            }
          }
          out[to] = seen[many >> 1];
        }
      }
    }
    return out;
  }

  /**
   * Means of 5 x 5 around each pixel, halves upwards. `own`: the weight of the pixel itself;
   * `weigh(wide picture, a, b, squared)`: that of a neighbour at `b` for the pixel at `a`.
   */
  function weighted(x, shape, margin, own, weigh) {
    const [c, h, w] = shape;
    const wide = padded(x, shape, margin);
    const plane = wide.high * wide.wide;
    const out = new Uint8Array(x.length);
    const sums = new Float64Array(c);
    for (let y = 0; y < h; y++) {
      for (let column = 0; column < w; column++) {
        const a = (y + margin) * wide.wide + column + margin;
        let weights = own;
        for (let channel = 0; channel < c; channel++) {
          sums[channel] = wide.values[channel * plane + a] * own;
        }
        for (let down = -2; down <= 2; down++) {
          for (let right = -2; right <= 2; right++) {
            if (!down && !right) continue;
            const b = a + down * wide.wide + right;
            const weight = weigh(wide, a, b, down * down + right * right);
            weights += weight;
            for (let channel = 0; channel < c; channel++) {
              sums[channel] += wide.values[channel * plane + b] * weight;
            }
          }
        }
        for (let channel = 0; channel < c; channel++) {
          const mean = Math.floor((2 * sums[channel] + weights) / (2 * weights));
          out[(channel * h + y) * w + column] = mean;
        }
      }
    }
    return out;
  }

  function bilateral(x, shape, { weights }) {
    const row = { 1: 1, 2: 2, 4: 3, 5: 4, 8: 5 }; // of each squared distance
    const entries = 255 * shape[0] + 1;
    return weighted(x, shape, 2, weights[0], ({ values, high, wide }, a, b, squared) => {
      let apart = 0;
      for (let at = 0; at < values.length; at += high * wide) {
        apart += Math.abs(values[at + a] - values[at + b]);
      }
      return weights[row[squared] * entries + apart];
    });
  }

  function nonLocalMeans(x, shape, { weights, step }) {
    const last = weights.length - 1;
    return weighted(x, shape, 3, 255, ({ values, high, wide }, a, b) => {
      let apart = 0;
      for (let at = 0; at < values.length; at += high * wide) {
        for (let y = -wide; y <= wide; y += wide) {
          for (let i = at + y - 1; i <= at + y + 1; i++) {
            const by = values[i + a] - values[i + b];
            apart += by * by;
          }
        }
      }
      return weights[Math.min(Math.floor(apart / step[0]), last)];
    });
  }

  // --- Smaller and back.

  /** The entries of a table (side, side) that are not 0, row by row: [[places, weights]]. */
  function entriesOf(table, side) {
    return Array.from({ length: side }, (_, row) => {
      const own = table.subarray(row * side, (row + 1) * side);
      const places = [...own.keys()].filter((place) => own[place]);
      return [places, places.map((place) => own[place])];
    });
  }

  function rescale(x, [c, h, w], { rows, columns }) {
    const [down, across] = [entriesOf(rows, h), entriesOf(columns, w)];
    const lines = new Float64Array(x.length);
    for (let row = 0; row < c * h; row++) {
      across.forEach(([places, weights], to) => {
        let sum = 0;
        for (let i = 0; i < places.length; i++) sum += x[row * w + places[i]] * weights[i];
        lines[row * w + to] = sum;
      });
    }
    const out = new Uint8Array(x.length);
    for (let channel = 0; channel < c; channel++) {
      down.forEach(([places, weights], row) => {
        for (let column = 0; column < w; column++) {
          let sum = 0;
          for (let i = 0; i < places.length; i++) {
            sum += lines[(channel * h + places[i]) * w + column] * weights[i];
          }
          out[(channel * h + row) * w + column] = level((sum + (1 << 21)) >> 22);
        }
      });
    }
    return out;
  }

  // --- What JPEG keeps, without halved colours.

  const COSINES = [
    [8192, 8192, 8192, 8192, 8192, 8192, 8192, 8192],
    [11363, 9633, 6437, 2260, -2260, -6437, -9633, -11363],
    [10703, 4433, -4433, -10703, -10703, -4433, 4433, 10703],
    [9633, -2259, -11362, -6436, 6436, 11362, 2259, -9633],
    [8192, -8192, -8192, 8192, 8192, -8192, -8192, 8192],
    [6437, -11362, 2261, 9633, -9633, -2261, 11362, -6437],
    [4433, -10704, 10704, -4433, -4433, 10704, -10704, 4433],
    [2260, -6436, 9633, -11363, 11363, -9633, 6436, -2260],
  ];
  const BACK = COSINES.map((_, i) => COSINES.map((row) => row[i]));

  /** A block of 8 x 8 transformed along rows or columns, in place; `bits` are rounded away. */
  function transform(block, matrix, bits, down) {
    const [step, next] = down ? [8, 1] : [1, 8];
    const line = new Float64Array(8);
    for (let i = 0; i < 8; i++) {
      for (let j = 0; j < 8; j++) line[j] = block[i * next + j * step];
      for (let k = 0; k < 8; k++) {
        let sum = 2 ** (bits - 1);
        for (let j = 0; j < 8; j++) sum += line[j] * matrix[k][j];
        block[i * next + k * step] = Math.floor(sum / 2 ** bits);
      }
    }
  }

  /** A plane (h, w) as its rounded coefficients have it. */
  function coded(plane, h, w, steps) {
    const out = new Uint8Array(plane.length);
    const block = new Float64Array(64);
    for (let top = 0; top < h; top += 8) {
      for (let left = 0; left < w; left += 8) {
        for (let i = 0; i < 64; i++) {
          const row = Math.min(top + (i >> 3), h - 1) * w;
          block[i] = plane[row + Math.min(left + (i & 7), w - 1)] - 128;
        }
        transform(block, COSINES, 11, false);
        transform(block, COSINES, 15, true);
        for (let i = 0; i < 64; i++) {
          const size = Math.floor((Math.abs(block[i]) + 4 * steps[i]) / (8 * steps[i]));
          block[i] = Math.sign(block[i]) * size * steps[i];
        }
        transform(block, BACK, 11, true);
        transform(block, BACK, 18, false);
        for (let i = 0; i < 64; i++) {
          const [y, x] = [top + (i >> 3), left + (i & 7)];
          if (y < h && x < w) out[y * w + x] = level(block[i] + 128);
        }
      }
    }
    return out;
  }

  function jpeg(x, [c, h, w], { steps }) {
    const [brightness, colours] = [steps.subarray(0, 64), steps.subarray(64)];
    if (c === 1) return coded(x, h, w, brightness);
    const plane = h * w;
    const planes = [0, 1, 2].map(() => new Uint8Array(plane));
    for (let i = 0; i < plane; i++) {
      const [r, g, b] = [x[i], x[plane + i], x[2 * plane + i]];
      planes[0][i] = (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
      planes[1][i] = (-11059 * r - 21709 * g + 32768 * b + (128 << 16) + 32767) >> 16;
      planes[2][i] = (32768 * r - 27439 * g - 5329 * b + (128 << 16) + 32767) >> 16;
    }
    const [bright, blues, reds] = planes.map((one, at) => {
      return coded(one, h, w, at ? colours : brightness);
    });
    const out = new Uint8Array(3 * plane);
    for (let i = 0; i < plane; i++) {
      const [blue, red] = [blues[i] - 128, reds[i] - 128];
      out[i] = level(bright[i] + ((91881 * red + 32768) >> 16));
      out[plane + i] = level(bright[i] + ((-22554 * blue - 46802 * red + 32768) >> 16));
      out[2 * plane + i] = level(bright[i] + ((116130 * blue + 32768) >> 16));
    }
    return out;
  }

  const AROUND = {
    gaussian: smoothed,
    median,
    bilateral,
    "non-local-means": nonLocalMeans,
    sharpen,
    deblur: smoothed,
    rescale,
    jpeg,
  };

  /** A picture (c, h, w) after steps [{name, parameters, tables}], one after the other. */
  async function edited(steps, x, shape, pause) {
    for (const { name, parameters, tables } of steps) {
      if (TONES[name]) x = toned(name, x, shape, tables);
      else x = AROUND[name](x, shape, tables, parameters);
      await pause();
    }
    return x;
  }

  quorate.edits = { edited, curvesOf, countsOf, names: Object.keys({ ...TONES, ...AROUND }) };
})();
