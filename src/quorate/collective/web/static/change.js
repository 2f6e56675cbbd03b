// A collective's change (perturbation.npz), read and added to a picture of any size: to the bit as
// the library does it, in quorate.test_time.perturbations. Needs bytes.js, archives.js,
// resizing.js, spread.js, edits.js, pipelines.js and networks.js.
//
// The library computes in float32 where an array is one, which Math.fround (or storing into a
// Float32Array) does here: a product or a sum of two such numbers, rounded from float64, is the
// one of float32.
(function () {
  "use strict";
  const quorate = (globalThis.quorate = globalThis.quorate || {});
  const single = Math.fround;

  const FORMAT = 2; // the newest that is read
  const FAMILIES = ["additive", "gain", "filter", "combined", "edit", "network"];
  const SMOOTH = ["edit", "network"]; // without a budget, spread between the values of their grid
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
  const { resized, tent, box, planeOf } = quorate.resizing;
  const { pipelines, networks, edits } = quorate;
  const damaged = "Get the file anew; it may be damaged.";
  const product = (numbers) => numbers.reduce((so, one) => so * one, 1);
  const same = (one, other) => one.length === other.length && one.every((n, i) => n === other[i]);

  /** How many whole levels a budget on the pixel scale comes to; -1 where it is none. */
  function levelsOf(epsilon) {
    return Number.isFinite(epsilon) ? Math.floor(epsilon * 255 + ROUNDING) : -1;
  }

  /** Whether a budget is none: any level may become any other. */
  const isNone = ({ epsilon, norm }) => norm === "linf" && epsilon >= 1;

  /** The shapes that the arrays of a family may have; none where a limit is passed. */
  function shapesOf(family, shape, k, given) {
    const whole = (axis) => Number.isInteger(axis) && axis >= 1;
    if (shape.length !== 3 || !shape.every(whole) || product(shape) > MOST_VALUES) return [];
    const [c, h, w] = shape;
    if (family === "edit") return [pipelines.shapes(shape, Object.keys(given))];
    if (family === "network") return [networks.shapes(shape, given)];
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
    const most = family === "network" ? networks.mostValue : MOST_LEVELS;
    for (const name of Object.keys(given)) {
      const { kind, item, big } = archive.headers.get(name);
      if (kind === "U") throw new Error("a text where numbers should be");
      const values = await archive.read(name);
      if (!values.every((value) => value >= -most && value <= most)) {
        throw refused(`numbers up to ${most} in its arrays`, "others", damaged);
      }
      const type = `${big ? ">" : ""}${kind}${item}`;
      arrays[name] = { values, shape: given[name], type, wide: WIDE.includes(`${kind}${item}`) };
    }
    const labelFree = family !== "additive" || given.delta[0] === 1;
    const steps = family === "edit" ? pipelines.stepsOf(arrays, shape) : null;
    const network = family === "network" ? networks.networkOf(arrays) : null;
    const read = { family, arrays, classes, shape, epsilon, norm, labelFree, steps, network };
    return { ...read, about: about || {} };
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
  async function movedBy({ family, arrays, shape, steps, network }, x, row, pause) {
    const size = product(shape);
    if (network) return networks.changeBy(network, x, shape, pause);
    if (steps) {
      const edited = await edits.edited(steps, x, shape, pause);
      return Int16Array.from(edited, (value, i) => value - x[i]);
    }
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
  async function changeOfSmall(change, x, row, pause) {
    const levels = await movedBy(change, x, row, pause);
    const moved = within(levels, change.epsilon, change.norm, null);
    for (let i = 0; i < x.length; i++) {
      moved[i] = Math.min(Math.max(x[i] + moved[i], 0), 255) - x[i];
    }
    return moved;
  }

  // --- Pictures of other sizes.

  /** How much longer a change is under L2 for the same mean square a value. */
  function lengthScale(picture, { norm, shape }) {
    if (norm === "linf") return 1;
    return Math.sqrt((picture.width * picture.height * picture.channels) / product(shape));
  }

  /** What each level becomes, within the budget; null where that is not all there is. */
  function byValue(picture, planes, { steps, epsilon, norm }) {
    if (!steps || norm !== "linf") return null; // a length is one of the whole change
    const curves = edits.curvesOf(steps, edits.countsOf(planes));
    if (!curves) return null;
    const kept = curves.map((curve) => {
      const moved = Int16Array.from(curve, (value, level) => value - level);
      return within(moved, epsilon, norm, null).map((value, level) => level + value);
    });
    return quorate.spread.byValue(kept, planes, picture);
  }

  /** The change for a picture, and how it is brought to the picture's size. */
  async function changeOf(picture, change, row, pause) {
    const [c, h, w] = change.shape;
    const { width, height } = picture;
    const planes = [];
    for (let band = 0; band < c; band++) {
      planes.push(planeOf(picture, c, band));
      await pause();
    }
    const toned = byValue(picture, planes, change);
    if (toned) return toned;
    const small = new Uint8Array(c * h * w);
    for (let band = 0; band < c; band++) {
      small.set(resized(planes[band], [height, width], [h, w], tent, 1, true), band * h * w);
      await pause();
    }
    const levels = await changeOfSmall(change, small, row, pause);
    const grid = [Math.min(h, height), Math.min(w, width)];
    if (width === w && height === h) return quorate.spread.inBlocks(levels, c, grid, picture);
    const means = new Float32Array(c * product(grid));
    for (let band = 0; band < c; band++) {
      const plane = Float32Array.from(levels.subarray(band * h * w, (band + 1) * h * w));
      means.set(resized(plane, [h, w], grid, box, 0.5, false), band * product(grid));
    }
    const bands = picture.channels / c; // which share a change
    const counts = quorate.spread.countsOf(picture, ...grid).map((count) => bands * count);
    const epsilon = change.epsilon * lengthScale(picture, change);
    const moved = within(means, epsilon, change.norm, counts);
    const smooth = isNone(change) && SMOOTH.includes(change.family);
    const spread = smooth ? quorate.spread.smoothly : quorate.spread.inBlocks;
    return spread(moved, c, grid, picture);
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

  /** Throw InputError where a picture is none that the change is for. */
  function checkSuits(picture, { steps, network, shape }) {
    const colour = network ? shape[0] > 1 : steps && pipelines.needsColour(steps);
    if (colour && picture.channels === 1) {
      const wanted = "a picture in colour, as this change is one of colours";
      throw refused(wanted, "a grey one", "Choose one in colour.");
    }
    const side = network ? networks.sees(network) : 1;
    const { width, height } = picture;
    if (Math.min(width, height) < side) {
      const wanted = `a picture of at least ${side} x ${side} pixels, as far as this network sees`;
      throw refused(wanted, `one of ${width} x ${height}`, "Choose a larger one.");
    }
  }

  /**
   * Add a change to a picture {width, height, channels, data, profile}: {before, after, facts}.
   * `before` is the picture, in colour where the change has colours. `label` is null where the
   * change is the same for everyone. Rejects with InputError. The page lives on meanwhile.
   */
  async function apply(change, picture, label) {
    const [c, h, w] = change.shape;
    if (c !== 1 && c !== 3) {
      throw refused("a change of grey or RGB pictures", `${c} channels`, "Use Python for others.");
    }
    const row = rowOf(change, label);
    checkSuits(picture, change);
    const pause = quorate.spread.pauses();
    const before = c === 3 && picture.channels === 1 ? inColour(picture) : picture;
    const brought = await changeOf(before, change, row, pause);
    const { after, moved } = await quorate.spread.addTo(before, brought, pause);
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
      noBudget: isNone(change),
      way: brought.way,
    };
    return { before, after: { ...before, data: after }, facts };
  }

  quorate.change = { read, apply, labelsOf, levelsOf, format: FORMAT, families: FAMILIES };
})();
