// A small convolutional network in whole numbers: read with care, as it may be a stranger's, and
// run to the bit as the library does it, in quorate.test_time.perturbations.whole_network.
// Needs bytes.js.
(function () {
  "use strict";
  const quorate = (globalThis.quorate = globalThis.quorate || {});

  const MOST_WEIGHTS = 50000; // of all layers, biases included
  const MOST_LAYERS = 8;
  const MOST_SIDE = 15; // of a filter, in pixels
  const MOST_SHIFT = 24;
  const MOST_SUM = 2 ** 24; // up to here float32 holds every whole number
  const MOST_WORK = 1e10;
  const PER_UNIT = 256; // steps of the table of tanh
  const LAST = 1024; // its last entry
  const TOP = 1023; // of what goes from one layer to the next
  const WHITE = 255; // of what goes into the first
  const TYPES = { weight: "i1", bias: "i4", shift: "i1", tanh: "i2" };
  const CALLED = { i1: "int8", i2: "int16", i4: "int32" };

  function refused(expected, got) {
    return new quorate.InputError(expected, got, "Get the file anew; it may be damaged.");
  }

  const depthOf = (names) => names.filter((name) => name.endsWith(".weight")).length;

  /** The shapes of a network for pictures (c, h, w) as they are given; throws InputError. */
  function shapes([c, h, w], given) {
    const depth = depthOf(Object.keys(given));
    if (depth < 1 || depth > MOST_LAYERS) {
      throw refused(`a network of 1 to ${MOST_LAYERS} layers`, String(depth));
    }
    const wanted = { tanh: [LAST + 1] };
    let [before, count, seen] = [c, 0, 1];
    for (let at = 0; at < depth; at++) {
      const axes = given[`${at}.weight`] || [];
      const [after, side] = [axes[0], axes[3]];
      if (axes.length !== 4 || side % 2 !== 1 || side > MOST_SIDE) {
        const odd = `filters of odd sides up to ${MOST_SIDE} in layer ${at} of a network`;
        throw refused(odd, axes.length === 4 ? `a side of ${side}` : "others");
      }
      wanted[`${at}.weight`] = [after, before, side, side];
      wanted[`${at}.bias`] = wanted[`${at}.shift`] = [after];
      count += after * (before * side ** 2 + 1);
      seen += side - 1;
      before = after;
    }
    if (before !== c) throw refused(`a network that gives the ${c} channels it takes`, `${before}`);
    if (count > MOST_WEIGHTS) {
      throw refused(`a network of at most ${MOST_WEIGHTS} weights`, String(count));
    }
    if (Math.min(h, w) < seen) {
      const wanted = `a network that sees no further than ${w} x ${h} pixels`;
      throw refused(wanted, `one that sees ${seen}`);
    }
    if (count * h * w > MOST_WORK) {
      throw refused(`a network of less work on ${w} x ${h} pixels`, `${count} weights`);
    }
    return wanted;
  }

  /** The largest absolute sum of a layer, for inputs from 0 to `top`. */
  function largestSum({ taps, bias }, top) {
    return Math.max(
      ...Array.from(bias, (own, o) => {
        const each = taps.length / bias.length;
        const weights = taps.subarray(o * each, (o + 1) * each);
        return top * weights.reduce((sum, tap) => sum + Math.abs(tap), 0) + Math.abs(own);
      }),
    );
  }

  /** The network in arrays whose shapes are right: {layers, tanh, margin}; throws InputError. */
  function networkOf(arrays) {
    for (const [name, { type }] of Object.entries(arrays)) {
      const wanted = TYPES[name.split(".").at(-1)];
      if (type !== wanted) {
        throw refused(`${name} of a network as ${CALLED[wanted]}`, CALLED[type] || "another type");
      }
    }
    const layers = Array.from({ length: depthOf(Object.keys(arrays)) }, (_, at) => {
      const own = (name) => arrays[`${at}.${name}`];
      const [weight, bias, shift] = ["weight", "bias", "shift"].map(own);
      const [outs, ins, side] = weight.shape;
      // Whole numbers of 32 bits: an engine multiplies them fastest.
      const layer = { taps: Int32Array.from(weight.values), bias: bias.values, outs, ins, side };
      return { ...layer, shift: shift.values };
    });
    layers.forEach((layer, at) => {
      const largest = largestSum(layer, at ? TOP : WHITE);
      const which = `in layer ${at} of a network`;
      if (largest >= MOST_SUM) throw refused(`sums below ${MOST_SUM} ${which}`, `up to ${largest}`);
      if (layer.shift.some((by) => Math.abs(by) > MOST_SHIFT)) {
        throw refused(`shifts of up to ${MOST_SHIFT} ${which}`, "larger ones");
      }
    });
    const tanh = arrays.tanh.values;
    const top = tanh[LAST];
    const near = (value, i) => Math.abs(value - top * Math.tanh(i / PER_UNIT)) <= 1.5;
    const grows = (value, i) => !i || value >= tanh[i - 1];
    if (top < 0 || top > WHITE || tanh[0] || !tanh.every(near) || !tanh.every(grows)) {
      throw refused("the table of tanh in a network, of 0 to 255 levels", "another");
    }
    const margin = layers.reduce((sum, { side }) => sum + (side >> 1), 0);
    return { layers, tanh, margin };
  }

  /** One layer: (ins, high, wide) becomes (outs, high - side + 1, wide - side + 1). */
  async function passOn({ taps, bias, shift, outs, ins, side }, a, [high, wide], most, pause) {
    const [h, w] = [high - side + 1, wide - side + 1];
    const [low, top] = most;
    const out = new Int32Array(outs * h * w);
    const sums = new Int32Array(w);
    for (let o = 0; o < outs; o++) {
      const factor = 2 ** -shift[o];
      for (let y = 0; y < h; y++) {
        sums.fill(bias[o]);
        for (let i = 0, tap = o * ins * side * side; i < ins; i++) {
          for (let down = 0; down < side; down++) {
            const row = (i * high + y + down) * wide;
            for (let right = 0; right < side; right++, tap++) {
              const weight = taps[tap];
              if (!weight) continue;
              const from = row + right;
              for (let x = 0; x < w; x++) sums[x] += Math.imul(weight, a[from + x]);
            }
          }
        }
        const to = (o * h + y) * w;
        for (let x = 0; x < w; x++) {
          out[to + x] = Math.min(Math.max(Math.floor(sums[x] * factor), low), top);
        }
        await pause();
      }
    }
    return out;
  }

  /** The change in levels, (c, h, w), of a picture. */
  async function changeBy({ layers, tanh, margin }, x, [c, h, w], pause) {
    let [high, wide] = [h + 2 * margin, w + 2 * margin];
    let a = new Int32Array(c * high * wide);
    for (let channel = 0, to = 0; channel < c; channel++) {
      for (let y = 0; y < high; y++) {
        const row = (channel * h + Math.min(Math.max(y - margin, 0), h - 1)) * w;
        for (let i = 0; i < wide; i++, to++) {
          a[to] = x[row + Math.min(Math.max(i - margin, 0), w - 1)];
        }
      }
    }
    for (const layer of layers) {
      const most = layer === layers.at(-1) ? [-LAST, LAST] : [0, TOP];
      a = await passOn(layer, a, [high, wide], most, pause);
      [high, wide] = [high - layer.side + 1, wide - layer.side + 1];
    }
    return Int16Array.from(a, (z) => Math.sign(z) * tanh[Math.abs(z)]);
  }

  quorate.networks = {
    shapes,
    networkOf,
    changeBy,
    sees: ({ margin }) => 2 * margin + 1,
    mostValue: MOST_SUM,
  };
})();
