// Pipelines of photo edits in a file, which may be a stranger's: read once every table is what
// its parameters give, as in quorate.test_time.edits.pipeline. Needs bytes.js and edits.js.
(function () {
  "use strict";
  const quorate = (globalThis.quorate = globalThis.quorate || {});

  const MOST_EDITS = 6;
  const MOST_VALUES = 2 ** 22; // of a picture whose pixels depend on others
  const LEAST_SIDE = 64; // pixels that a shorter side counts as, for the margins around it
  const MOST_SIDE = 1024; // pixels, where a table has as many rows and columns
  // The last bit of an exp or a pow differs between machines, and may turn the rounding of an
  // entry, and by 2 that of the middle of a filter.
  const TOLERANCE = 2;
  const MOST_APART = 8; // so may a row of a table in all: many small changes are another edit

  const refused = (expected, got, fix) => new quorate.InputError(expected, got, fix);
  const damaged = (got) => {
    const fix = "Get the file anew; it may be damaged.";
    return refused("the arrays of a pipeline of photo edits", got, fix);
  };
  const rounded = (value) => Math.floor(value + 0.5);
  const numbers = (many, value) => Array.from({ length: many }, (_, i) => value(i));

  // --- The tables that parameters give.

  const curveOf = (value) =>
    numbers(256, (v) => rounded(Math.min(Math.max(value(v), 0), 255)));

  /** Weights from the middle outwards as whole numbers that sum to 2048 over both sides. */
  function wholeTaps(weights) {
    const taps = weights.map((weight) => rounded(weight * 2048));
    taps[0] = 2048 - 2 * taps.slice(1).reduce((sum, tap) => sum + tap, 0);
    return taps;
  }

  function gaussianTaps(sigma) {
    if (sigma < 0.1) return wholeTaps(numbers(13, (i) => (i ? 0 : 1)));
    const end = Math.max(1, Math.ceil(3 * sigma));
    const weights = numbers(13, (i) => (i <= end ? Math.exp(-(i * i) / (2 * sigma * sigma)) : 0));
    const sum = 2 * weights.reduce((so, weight) => so + weight, 0) - weights[0];
    return wholeTaps(weights.map((weight) => weight / sum));
  }

  function deblurTaps(sigma, noise) {
    const wiener = numbers(256, (i) => {
      const omega = (2 * Math.PI * Math.min(i, 256 - i)) / 256;
      const blur = Math.exp(-((sigma * omega) ** 2) / 2);
      return ((1 + noise) * blur) / (blur ** 2 + noise);
    });
    const tap = (away) => {
      const cosine = (i) => Math.cos((2 * Math.PI * away * i) / 256);
      return wiener.reduce((sum, value, i) => sum + cosine(i) * value, 0) / 256;
    };
    return wholeTaps(numbers(9, tap));
  }

  function bilateralWeights([sigma, levels], c) {
    return [0, 1, 2, 4, 5, 8].flatMap((squared) => {
      const near = squared / (2 * sigma ** 2);
      return numbers(255 * c + 1, (i) => {
        return rounded(1023 * Math.exp(-near - (i / c) ** 2 / (2 * levels ** 2)));
      });
    });
  }

  function nonLocalTables([strength], c) {
    const scale = 9 * c * (strength * strength);
    const step = 1 + Math.floor((6.25 * scale) / 512);
    const weights = numbers(512, (i) => rounded(255 * Math.exp(-i * (step / scale))));
    return { weights, step: [step] };
  }

  /** The weights of a side's pixels in each one of another size: [[place, weight]], row by row. */
  function resampled(many, few) {
    const scale = many / few;
    const width = Math.max(1, scale);
    return numbers(few, (row) => {
      const centre = (row + 0.5) * scale;
      const first = Math.max(0, Math.floor(centre - width) - 1);
      const last = Math.min(many - 1, Math.ceil(centre + width));
      const own = [];
      for (let i = first; i <= last; i++) {
        own.push([i, Math.max(0, 1 - Math.abs(i + 0.5 - centre) / width)]);
      }
      const sum = own.reduce((so, [, weight]) => so + weight, 0);
      return own.map(([place, weight]) => [place, weight / sum]);
    });
  }

  function rescaleWeights(side, factor) {
    const few = Math.max(1, Math.floor(side * factor + 0.5));
    const [smaller, back] = [resampled(side, few), resampled(few, side)];
    const table = new Int32Array(side * side);
    back.forEach((between, row) => {
      const line = new Float64Array(side);
      for (const [middle, weight] of between) {
        for (const [place, part] of smaller[middle]) line[place] += weight * part;
      }
      let sum = 0;
      for (let i = 0; i < side; i++) sum += table[row * side + i] = rounded(line[i] * 2048);
      table[row * side + row] += 2048 - sum;
    });
    return table;
  }

  // Steps at quality 50 of brightness and of colours: ITU-T T.81, annex K.
  const STEPS = [
    [16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55],
    [14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62],
    [18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92],
    [49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99],
    [17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99],
    [24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99],
    new Array(32).fill(99),
  ].flat();

  function jpegSteps([quality]) {
    const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
    return STEPS.map((step) => Math.min(Math.max(Math.floor((step * percent + 50) / 100), 1), 255));
  }

  // --- What each edit takes and gives: ranges of its parameters, the shapes and types of its
  // --- tables for pictures (c, h, w), and what is in them.

  const LEVELS = { curve: [() => [256], "u1"] };
  const EDITS = {
    exposure: {
      bounds: { stops: [-4, 4] },
      kinds: LEVELS,
      tables: ([stops]) => ({ curve: curveOf((v) => v * 2 ** stops) }),
    },
    gamma: {
      bounds: { power: [0.1, 10] },
      kinds: LEVELS,
      tables: ([power]) => ({ curve: curveOf((v) => 255 * (v / 255) ** power) }),
    },
    contrast: {
      bounds: { factor: [0, 8], middle: [0, 255] },
      kinds: LEVELS,
      tables: ([factor, middle]) => ({ curve: curveOf((v) => middle + factor * (v - middle)) }),
    },
    "own-contrast": {
      bounds: { factor: [0, 8] },
      kinds: { factor: [() => [1], "i4"] },
      tables: ([factor]) => ({ factor: [rounded(factor * 256)] }),
    },
    "white-balance": {
      bounds: { warmth: [-2, 2], tint: [-2, 2] },
      kinds: { curve: [() => [3, 256], "u1"] },
      colour: true,
      tables: ([warmth, tint]) => ({
        curve: [warmth, -tint, -warmth].flatMap((stops) => curveOf((v) => 2 ** stops * v)),
      }),
    },
    gaussian: {
      bounds: { sigma: [0, 4] },
      kinds: { taps: [() => [13], "i4"] },
      around: true,
      tables: ([sigma]) => ({ taps: gaussianTaps(sigma) }),
    },
    median: { bounds: { size: [1, 5] }, kinds: {}, around: true, whole: true, tables: () => ({}) },
    bilateral: {
      bounds: { sigma: [0.3, 3], levels: [0.05, 255] },
      kinds: { weights: [([c]) => [6, 255 * c + 1], "u2"] },
      around: true,
      tables: (parameters, [c]) => ({ weights: bilateralWeights(parameters, c) }),
    },
    "non-local-means": {
      bounds: { strength: [0.05, 100] },
      kinds: { weights: [() => [512], "u1"], step: [() => [1], "i4"] },
      around: true,
      exact: ["step"],
      tables: (parameters, [c]) => nonLocalTables(parameters, c),
    },
    sharpen: {
      bounds: { amount: [0, 5], sigma: [0.1, 4] },
      kinds: { taps: [() => [13], "i4"], amount: [() => [1], "i4"] },
      around: true,
      tables: ([amount, sigma]) => ({ taps: gaussianTaps(sigma), amount: [rounded(amount * 256)] }),
    },
    deblur: {
      bounds: { sigma: [0, 1.5], noise: [0.01, 1] },
      kinds: { taps: [() => [9], "i4"] },
      around: true,
      tables: ([sigma, noise]) => ({ taps: deblurTaps(sigma, noise) }),
    },
    rescale: {
      bounds: { factor: [0.1, 1] },
      kinds: { rows: [([, h]) => [h, h], "i4"], columns: [([, , w]) => [w, w], "i4"] },
      around: true,
      side: MOST_SIDE,
      tables: ([factor], [, h, w]) => ({
        rows: rescaleWeights(h, factor),
        columns: rescaleWeights(w, factor),
      }),
    },
    jpeg: {
      bounds: { quality: [1, 100] },
      kinds: { steps: [() => [2, 8, 8], "u1"] },
      around: true,
      whole: true,
      exact: ["steps"],
      tables: (parameters) => ({ steps: jpegSteps(parameters) }),
    },
  };

  /** The names of the edits whose arrays have these names, in order. */
  function namesOf(arrays) {
    const found = new Map();
    for (const name of arrays) {
      const parts = /^(\d{1,2})\.(?:([^]*)\.)?([^.]+)$/.exec(name);
      if (!parts) throw damaged(`an array named ${name.slice(0, 60)}`);
      const [, number, edit = ""] = parts;
      if (!Object.hasOwn(EDITS, edit)) {
        const newer = "Ask your organiser for a newer page.";
        const known = Object.keys(EDITS).join(", ");
        throw refused(`one of the edits ${known}`, edit.slice(0, 60) || "none", newer);
      }
      const place = Number(number);
      const first = found.get(place) ?? edit;
      if (first !== edit) throw damaged(`two edits as step ${place}`);
      found.set(place, edit);
    }
    if (found.size > MOST_EDITS) {
      throw refused(`1 to ${MOST_EDITS} edits`, String(found.size), "Leave some out.");
    }
    const order = numbers(found.size, (i) => found.get(i));
    if (!order.length || order.some((edit, i) => !arrays.includes(`${i}.${edit}.parameters`))) {
      throw damaged("steps that are not numbered 0, 1, ..., each with its parameters");
    }
    return order;
  }

  /** Throw InputError where pictures (c, h, w) cannot be edited so. */
  function checkShape(name, shape) {
    const { colour, around, side } = EDITS[name];
    const [c, h, w] = shape;
    if (colour && c === 1) {
      throw refused(`pictures in colour for ${name}`, "grey ones", "Ask for one without it.");
    }
    if (c !== 1 && c !== 3) {
      throw refused(`grey or RGB pictures for ${name}`, `${c} channels`, "Use another family.");
    }
    const smaller = "Ask for one that is made for smaller ones.";
    const values = c * Math.max(h, LEAST_SIDE) * Math.max(w, LEAST_SIDE);
    if (around && values > MOST_VALUES) {
      const most = `pictures of at most ${MOST_VALUES} values for ${name}`;
      throw refused(most, `${values} with margins`, smaller);
    }
    if (side && Math.max(h, w) > side) {
      const most = `pictures of at most ${side} pixels a side for ${name}`;
      throw refused(most, `${w} x ${h}`, smaller);
    }
  }

  /** The shapes that the arrays of a pipeline have for pictures (c, h, w). */
  function shapes(shape, arrays) {
    const wanted = {};
    namesOf(arrays).forEach((name, i) => {
      checkShape(name, shape);
      wanted[`${i}.${name}.parameters`] = [Object.keys(EDITS[name].bounds).length];
      for (const [table, [axes]] of Object.entries(EDITS[name].kinds)) {
        wanted[`${i}.${name}.${table}`] = axes(shape);
      }
    });
    return wanted;
  }

  function parametersOf(name, { type, values }) {
    if (type !== "f8") throw damaged(`parameters of ${name} of another type`);
    const { bounds, whole } = EDITS[name];
    Object.entries(bounds).forEach(([parameter, [low, high]], i) => {
      const so = `${parameter}=${values[i]} of ${name}`;
      const inside = values[i] >= low && values[i] <= high; // NaN is outside
      const odd = name !== "median" || values[i] % 2 === 1;
      if (!inside || !odd || (whole && !Number.isInteger(values[i]))) {
        const what = whole ? (name === "median" ? "1, 3 or 5" : `whole, ${low} to ${high}`) : "";
        throw damaged(`${so}, which is not ${what || `in [${low}, ${high}]`}`);
      }
    });
    return values;
  }

  /** Whether a table is what its parameters give, but for rounding. */
  function isNear({ values, shape }, own, exact) {
    const long = shape.at(-1); // of a row
    let apart = 0; // in a row
    return values.every((value, at) => {
      const by = Math.abs(value - own[at]);
      apart = at % long ? apart + by : by;
      return by <= (exact ? 0 : TOLERANCE) && apart <= MOST_APART;
    });
  }

  /** The steps in arrays whose shapes are right: [{name, parameters, tables}]. */
  function stepsOf(arrays, shape) {
    return namesOf(Object.keys(arrays)).map((name, i) => {
      const { kinds, exact = [], tables: tablesOf } = EDITS[name];
      const parameters = parametersOf(name, arrays[`${i}.${name}.parameters`]);
      const own = tablesOf([...parameters], shape);
      const tables = {};
      for (const [table, [, type]] of Object.entries(kinds)) {
        const given = arrays[`${i}.${name}.${table}`];
        if (given.type !== type) throw damaged(`a table ${i}.${name}.${table} of another type`);
        if (!isNear(given, own[table], exact.includes(table))) {
          throw refused(
            `the table ${i}.${name}.${table} to be what its parameters give`,
            "another",
            "Do not use the file: it says one thing and does another.",
          );
        }
        tables[table] = given.values;
      }
      return { name, parameters, tables };
    });
  }

  quorate.pipelines = {
    shapes,
    stepsOf,
    needsColour: (steps) => steps.some(({ name }) => EDITS[name].colour),
  };
})();
