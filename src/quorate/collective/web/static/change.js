// A collective's change (perturbation.npz), read and added to a picture of any size: to the bit as
// the library does it, in quorate.test_time.perturbations. Needs bytes.js and archives.js.
//
// The library computes in float32 where an array is one, which Math.fround (or storing into a
// Float32Array) does here: a product or a sum of two such numbers, rounded from float64, is the
// one of float32.
(function () {
  "use strict";
  const quorate = (globalThis.quorate = globalThis.quorate || {});
  const single = Math.fround;

  const FORMAT = 1;
  const FAMILIES = ["additive", "gain", "filter", "combined"];
  const NORMS = ["linf", "l2"];
  const MOST_FILE = 2 ** 29; // bytes
  const MOST_FACTS = 2 ** 24;
  const MOST_LEVELS = 1e6;
  const MOST_SIDE = 63;
  const MOST_VALUES = 2 ** 26;
  const MOST_WORK = 1e10;
  const ROUNDING = 1e-6; // of a level: 255·(33/255) falls short of 33
  const WIDE = ["i4", "u4", "i8", "u8", "f8"]; // types that NumPy brings to float64, not float32

  const refused = (expected, got, fix) => new quorate.InputError(expected, got, fix);
  const damaged = "Get the file anew; it may be damaged.";
  const product = (numbers) => numbers.reduce((so, one) => so * one, 1);
  const same = (one, other) => one.length === other.length && one.every((n, i) => n === other[i]);

  /** How many whole levels a budget on the pixel scale comes to; -1 where it is none. */
  function levelsOf(epsilon) {
    return Number.isFinite(epsilon) ? Math.floor(epsilon * 255 + ROUNDING) : -1;
  }

  /** The shapes that the arrays of a family may have; none where a limit is passed. */
  function shapesOf(family, shape, k, given) {
    const whole = (axis) => Number.isInteger(axis) && axis >= 1;
    if (shape.length !== 3 || !shape.every(whole) || product(shape) > MOST_VALUES) return [];
    const [c, h, w] = shape;
    if (family === "additive") return [{ delta: [k, ...shape] }, { delta: [1, ...shape] }];
    if (family === "gain") return [{ gain: [c], bias: [c] }];
    const side = (given.weight || [0]).at(-1);
    if (side % 2 !== 1 || side > MOST_SIDE || (c * side) ** 2 * h * w > MOST_WORK) return [];
    const wanted = { weight: [c, c, side, side], bias: [c] };
    return [family === "combined" ? { ...wanted, delta: [1, ...shape] } : wanted];
  }

  function fits(given, wanted) {
    const names = Object.keys(wanted);
    if (names.length !== Object.keys(given).length) return false;
    return names.every((name) => given[name] && same(given[name], wanted[name]));
  }

  /** Facts as Python writes them: JSON, in which NaN and infinity may stand. */
  function factsOf(text) {
    const plain = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g;
    return JSON.parse(text.replace(plain, (found) => (found[0] === '"' ? found : "null")));
  }

  function checkFacts({ family, classes, shape, epsilon, norm }) {
    const texts = Array.isArray(classes) && classes.every((name) => typeof name === "string");
    if (!texts || !classes.length || new Set(classes).size < classes.length) {
      throw refused("the names of the labels, each of its own", "others", damaged);
    }
    if (!FAMILIES.includes(family) || !NORMS.includes(norm) || !Array.isArray(shape)) {
      throw refused("a change of a known family and norm", `${family} and ${norm}`, damaged);
    }
    if (typeof epsilon !== "number" || levelsOf(epsilon) < 1 || (epsilon > 1 && norm === "linf")) {
      throw refused("a budget of at least one level of a picture", String(epsilon), damaged);
    }
  }

  async function readArchive(bytes) {
    const archive = await quorate.ArrayArchive.open(bytes);
    const facts = archive.headers.get("facts");
    if (!facts || facts.kind !== "U" || facts.bytes > MOST_FACTS) throw new Error("no facts");
    const said = factsOf(await archive.read("facts"));
    if (said.format > FORMAT) {
      const newer = "Ask your organiser for a newer page.";
      throw refused(`a change of format ${FORMAT} or older`, `format ${said.format}`, newer);
    }
    checkFacts(said);
    const given = {};
    for (const [name, header] of archive.headers) if (name !== "facts") given[name] = header.shape;
    const { family, shape, classes, epsilon, norm, about } = said;
    const allowed = shapesOf(family, shape, classes.length, given);
    if (!allowed.some((wanted) => fits(given, wanted))) {
      throw refused(`arrays of a change of family ${family}`, "arrays of other shapes", damaged);
    }
    const arrays = {};
    for (const name of Object.keys(given)) {
      const { kind, item } = archive.headers.get(name);
      if (kind === "U") throw new Error("a text where numbers should be");
      const values = await archive.read(name);
      if (!values.every((value) => value >= -MOST_LEVELS && value <= MOST_LEVELS)) {
        throw refused(`numbers up to ${MOST_LEVELS} in its arrays`, "others", damaged);
      }
      arrays[name] = { values, shape: given[name], wide: WIDE.includes(`${kind}${item}`) };
    }
    const labelFree = family !== "additive" || given.delta[0] === 1;
    return { family, arrays, classes, shape, epsilon, norm, about: about || {}, labelFree };
  }

  /** Read the bytes of a perturbation file. Rejects with InputError where it is none. */
  async function read(bytes) {
    const none = (got) => refused("a change file (perturbation.npz)", got, damaged);
    if (bytes.length > MOST_FILE) throw none(`one of ${bytes.length} bytes`);
    if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) throw none("a file of another kind");
    try {
      return await readArchive(bytes);
    } catch (error) {
      if (error instanceof quorate.InputError) throw error;
      throw none(`a damaged one, or another archive (${error.message})`);
    }
  }

  // --- The change of a picture of the size trained for.

  /** Whole numbers nearest to values, the even ones of two as near, as NumPy has it. */
  function rounded(value) {
    const below = Math.floor(value);
    const rest = value - below;
    if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
    return below % 2 === 0 ? below : below + 1;
  }

  /**
   * Changes in levels brought to whole levels within the budget: an Int16Array.
   * `counts`: how many values each one stands for in a length, by its place in (h, w); or null.
   */
  function within(moved, epsilon, norm, counts) {
    const whole = new Int16Array(moved.length);
    if (norm === "linf") {
      const most = levelsOf(epsilon);
      for (let i = 0; i < moved.length; i++) {
        whole[i] = Math.min(Math.max(rounded(moved[i]), -most), most);
      }
      return whole;
    }
    let squares = 0; // one by one, in the order of the values, as the library sums them
    for (let i = 0; i < moved.length; i++) {
      const square = moved[i] * moved[i];
      squares += counts ? square * counts[i % counts.length] : square;
    }
    const length = Math.sqrt(squares);
    const most = 255 * epsilon;
    const factor = most / Math.max(length, most);
    for (let i = 0; i < moved.length; i++) {
      const value = Math.trunc(length <= most + ROUNDING ? moved[i] : moved[i] * factor);
      whole[i] = Math.min(Math.max(value, -255), 255);
    }
    return whole;
  }

  /** The cross-correlation of an image (c, h, w) with a filter, edges repeated, in float32. */
  function convolve(x, [c, h, w], weight, side) {
    const out = new Float32Array(c * h * w);
    const margin = side >> 1;
    for (let i = 0; i < side; i++) {
      for (let j = 0; j < side; j++) {
        for (let o = 0; o < c; o++) {
          const taps = Array.from({ length: c }, (_, band) => {
            return single(weight[((o * c + band) * side + i) * side + j]);
          });
          for (let y = 0; y < h; y++) {
            const row = Math.min(Math.max(y + i - margin, 0), h - 1) * w;
            const to = (o * h + y) * w;
            for (let column = 0; column < w; column++) {
              const from = row + Math.min(Math.max(column + j - margin, 0), w - 1);
              let part = single(taps[0] * x[from]);
              for (let band = 1; band < c; band++) {
                part = single(part + single(taps[band] * x[band * h * w + from]));
              }
              out[to + column] += part;
            }
          }
        }
      }
    }
    return out;
  }

  /** T(x) − x in levels of an image (c, h, w), before the budget. */
  function movedBy({ family, arrays, shape }, x, row) {
    const size = product(shape);
    const plane = shape[1] * shape[2];
    if (family === "additive") {
      const from = arrays.delta.shape[0] === 1 ? 0 : row * size;
      return arrays.delta.values.subarray(from, from + size);
    }
    const bias = Float32Array.from(arrays.bias.values);
    if (family === "gain") {
      const gain = Float32Array.from(arrays.gain.values, (value) => single(single(value) - 1));
      const moved = new Float32Array(size);
      for (let i = 0; i < size; i++) {
        const band = Math.floor(i / plane);
        moved[i] = single(gain[band] * x[i]) + bias[band];
      }
      return moved;
    }
    const filtered = convolve(x, shape, arrays.weight.values, arrays.weight.shape[3]);
    for (let i = 0; i < size; i++) filtered[i] += bias[Math.floor(i / plane)];
    if (family === "filter") return filtered;
    const moved = new (arrays.delta.wide ? Float64Array : Float32Array)(size);
    for (let i = 0; i < size; i++) moved[i] = filtered[i] + arrays.delta.values[i];
    return moved;
  }

  /** The change of an image (c, h, w), 8 bits a value, as it comes out on the 8-bit scale. */
  function changeOfSmall(change, x, row) {
    const moved = within(movedBy(change, x, row), change.epsilon, change.norm, null);
    for (let i = 0; i < x.length; i++) {
      moved[i] = Math.min(Math.max(x[i] + moved[i], 0), 255) - x[i];
    }
    return moved;
  }

  // --- Pictures of other sizes, made smaller or larger as Pillow does it.

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

  /** A picture's planes as a platform's grey or RGB image has them, (c, H·W). */
  function planesOf({ width, height, channels, data }, c) {
    const pixels = width * height;
    return Array.from({ length: c }, (_, band) => {
      const plane = new Uint8Array(pixels);
      for (let i = 0; i < pixels; i++) {
        const at = channels * i;
        if (channels === c) plane[i] = data[at + band];
        else {
          const grey = data[at] * 19595 + data[at + 1] * 38470 + data[at + 2] * 7471;
          plane[i] = (grey + 0x8000) >> 16;
        }
      }
      return plane;
    });
  }

  /** The block, of few, that each of many pixels lies in by its centre. */
  function placesOf(many, few) {
    const place = (i) => Math.floor(((2 * i + 1) * few) / (2 * many));
    return Int32Array.from({ length: many }, (_, i) => place(i));
  }

  function countsOf(rows, columns, high, wide) {
    const [down, across] = [new Float64Array(high), new Float64Array(wide)];
    for (const row of rows) down[row]++;
    for (const column of columns) across[column]++;
    return Float64Array.from({ length: high * wide }, (_, i) => {
      return down[Math.floor(i / wide)] * across[i % wide];
    });
  }

  /** How much longer a change is under L2 for the same mean square a value. */
  function lengthScale(picture, { norm, shape }) {
    if (norm === "linf") return 1;
    return Math.sqrt((picture.width * picture.height * picture.channels) / product(shape));
  }

  /** The change for a picture: its levels on a small grid, and where each pixel lies in it. */
  function changeOf(picture, change, row) {
    const [c, h, w] = change.shape;
    const { width, height } = picture;
    const small = new Uint8Array(c * h * w);
    planesOf(picture, c).forEach((plane, band) => {
      small.set(resized(plane, [height, width], [h, w], tent, 1, true), band * h * w);
    });
    const levels = changeOfSmall(change, small, row);
    const [high, wide] = [Math.min(h, height), Math.min(w, width)];
    const [rows, columns] = [placesOf(height, high), placesOf(width, wide)];
    if (width === w && height === h) return { levels, rows, columns, high, wide };
    const means = new Float32Array(c * high * wide);
    for (let band = 0; band < c; band++) {
      const plane = Float32Array.from(levels.subarray(band * h * w, (band + 1) * h * w));
      const fewer = resized(plane, [h, w], [high, wide], box, 0.5, false);
      means.set(fewer, band * high * wide);
    }
    const bands = picture.channels / c; // which share a change
    const counts = countsOf(rows, columns, high, wide).map((count) => bands * count);
    const epsilon = change.epsilon * lengthScale(picture, change);
    return { levels: within(means, epsilon, change.norm, counts), rows, columns, high, wide };
  }

  /** Add a change to the picture; what became of its values, in levels. */
  function addTo(picture, { levels, rows, columns, high, wide }, c) {
    const { width, height, channels, data } = picture;
    const after = new Uint8Array(data.length);
    const moved = { largest: 0, total: 0, squares: 0, clipped: 0 };
    for (let y = 0, i = 0; y < height; y++) {
      const row = rows[y] * wide;
      for (let x = 0; x < width; x++) {
        let less = 0;
        for (let band = 0; band < channels; band++, i++) {
          const wanted = levels[(c === 1 ? 0 : band) * high * wide + row + columns[x]];
          const level = Math.min(Math.max(data[i] + wanted, 0), 255);
          after[i] = level;
          const size = Math.abs(level - data[i]);
          if (level - data[i] !== wanted) less = 1;
          if (size > moved.largest) moved.largest = size;
          moved.total += size;
          moved.squares += size * size;
        }
        moved.clipped += less;
      }
    }
    return { after, moved };
  }

  function inColour(picture) {
    const data = new Uint8Array(3 * picture.data.length);
    for (let i = 0; i < data.length; i++) data[i] = picture.data[Math.floor(i / 3)];
    return { ...picture, channels: 3, data, profile: null };
  }

  /** Whether a label has a change: none where the collective had no pictures of it. */
  function hasChange(change, row) {
    const size = product(change.shape);
    const { values } = change.arrays.delta;
    for (let i = row * size; i < (row + 1) * size; i++) if (values[i]) return true;
    return false;
  }

  /** The labels that a member can choose; none where the change is the same for everyone. */
  function labelsOf(change) {
    if (change.labelFree) return [];
    return change.classes.filter((_, row) => hasChange(change, row));
  }

  function rowOf(change, label) {
    if (change.labelFree) {
      if (label === null || label === undefined) return 0;
      throw refused("no label, as this change is the same for everyone", label, "Leave it out.");
    }
    const row = change.classes.indexOf(label);
    if (row < 0) {
      const names = change.classes.slice(0, 20).join(", ");
      throw refused("the picture's true label", label || "none", `Choose one of: ${names}.`);
    }
    if (!hasChange(change, row)) {
      const other = "Use a change that was made with pictures of it, or one without labels.";
      throw refused("a label that the collective had pictures of", label, other);
    }
    return row;
  }

  /**
   * Add a change to a picture {width, height, channels, data, profile}: {before, after, facts}.
   * `before` is the picture, in colour where the change has colours. `label` is null where the
   * change is the same for everyone. Throws InputError.
   */
  function apply(change, picture, label) {
    const [c, h, w] = change.shape;
    if (c !== 1 && c !== 3) {
      throw refused("a change of grey or RGB pictures", `${c} channels`, "Use Python for others.");
    }
    const row = rowOf(change, label);
    const before = c === 3 && picture.channels === 1 ? inColour(picture) : picture;
    const { after, moved } = addTo(before, changeOf(before, change, row), c);
    const linf = change.norm === "linf";
    const longest = 255 * change.epsilon * lengthScale(before, change);
    const facts = {
      label: change.labelFree ? null : label,
      norm: change.norm,
      budget: linf ? levelsOf(change.epsilon) : longest,
      used: linf ? moved.largest : Math.sqrt(moved.squares),
      largest: moved.largest,
      mean: moved.total / after.length,
      size: [before.width, before.height],
      trainedSize: [w, h],
      brightness: c === 1 && before.channels === 3,
      madeColour: before !== picture,
      clipped: moved.clipped / (before.width * before.height),
    };
    return { before, after: { ...before, data: after }, facts };
  }

  quorate.change = { read, apply, labelsOf, levelsOf };
})();
