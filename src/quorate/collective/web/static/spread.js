// A change brought to the pixels of a picture: in blocks, smoothly, or by what each value is.
// As the library does it, in quorate.test_time.perturbations.spread. Needs resizing.js.
//
// Each way is {way, wanted}: `wanted(y, line)` fills a line of the picture with its change, for
// each pixel as many values as `bands`, next to each other.
(function () {
  "use strict";
  const quorate = (globalThis.quorate = globalThis.quorate || {});
  const FRACTION = 8; // bits of a fraction that places between two of the grid have
  const SLICE = 60; // milliseconds after which the page is let live

  /** What lets the page live now and then in long work: `await pause()`. */
  function pauses() {
    let since = performance.now();
    return async () => {
      if (performance.now() - since < SLICE) return;
      await new Promise((resolve) => setTimeout(resolve));
      since = performance.now();
    };
  }

  /** The block, of few, that each of many pixels lies in by its centre. */
  function placesOf(many, few) {
    const place = (i) => Math.floor(((2 * i + 1) * few) / (2 * many));
    return Int32Array.from({ length: many }, (_, i) => place(i));
  }

  /** How many pixels each block holds. */
  function countsOf({ width, height }, high, wide) {
    const [down, across] = [new Float64Array(high), new Float64Array(wide)];
    for (const row of placesOf(height, high)) down[row]++;
    for (const column of placesOf(width, wide)) across[column]++;
    return Float64Array.from({ length: high * wide }, (_, i) => {
      return down[Math.floor(i / wide)] * across[i % wide];
    });
  }

  /** Each value of a grid (bands, high, wide) becomes a block of pixels. */
  function inBlocks(levels, bands, [high, wide], { width, height }) {
    const [rows, columns] = [placesOf(height, high), placesOf(width, wide)];
    function wanted(y, line) {
      for (let band = 0; band < bands; band++) {
        const from = (band * high + rows[y]) * wide;
        for (let x = 0, to = band; x < width; x++, to += bands) {
          line[to] = levels[from + columns[x]];
        }
      }
    }
    return { way: "in blocks", bands, wanted };
  }

  /** Where each of many pixels lies between the centres of few. */
  function halfway(many, few) {
    const [before, after] = [new Int32Array(many), new Int32Array(many)];
    const fraction = new Int32Array(many);
    for (let i = 0; i < many; i++) {
      const last = (few - 1) * 2 * many;
      const place = Math.min(Math.max((2 * i + 1) * few - many, 0), last);
      before[i] = Math.floor(place / (2 * many));
      after[i] = Math.min(before[i] + 1, few - 1);
      const rest = place - before[i] * 2 * many;
      fraction[i] = Math.floor((rest * 2 ** FRACTION + many) / (2 * many));
    }
    return { before, after, fraction };
  }

  /**
   * A change on a grid (bands, high, wide) such that, once interpolated along rows or columns, its
   * means are nearer to it.
   */
  function sharpened(levels, [high, wide], down) {
    const [many, step] = down ? [high, wide] : [wide, 1];
    return levels.map((own, i) => {
      const place = Math.floor(i / step) % many;
      const before = levels[place ? i - step : i];
      const after = levels[place < many - 1 ? i + step : i];
      return 2 * own - ((before + 6 * own + after + 4) >> 3);
    });
  }

  /** A change between the values of a grid is interpolated, halves rounded upwards. */
  function smoothly(levels, bands, grid, { width, height }) {
    const [high, wide] = grid;
    if (height >= 2 * high) levels = sharpened(levels, grid, true);
    if (width >= 2 * wide) levels = sharpened(levels, grid, false);
    const [rows, columns] = [halfway(height, high), halfway(width, wide)];
    const [one, half] = [1 << FRACTION, 1 << (2 * FRACTION - 1)];
    const between = new Int32Array(wide); // of the two rows of the grid
    function wanted(y, line) {
      const down = rows.fraction[y];
      for (let band = 0; band < bands; band++) {
        const [above, below] = [rows.before[y], rows.after[y]].map((row) => {
          return (band * high + row) * wide;
        });
        for (let i = 0; i < wide; i++) {
          between[i] = levels[above + i] * (one - down) + levels[below + i] * down;
        }
        for (let x = 0, to = band; x < width; x++, to += bands) {
          const across = columns.fraction[x];
          const left = between[columns.before[x]] * (one - across);
          line[to] = (left + between[columns.after[x]] * across + half) >> (2 * FRACTION);
        }
      }
    }
    return { way: "smoothly", bands, wanted };
  }

  /** Each value of `planes`, the picture as the change sees it, becomes what a curve has for it. */
  function byValue(curves, planes, { width }) {
    const bands = curves.length;
    function wanted(y, line) {
      for (let band = 0; band < bands; band++) {
        const [curve, plane] = [curves[band], planes[band]];
        for (let x = 0, to = band, from = y * width; x < width; x++, to += bands, from++) {
          line[to] = curve[plane[from]] - plane[from];
        }
      }
    }
    return { way: "by value", bands, wanted };
  }

  /** Add a line of changes from `start` on, and count what became of the values. */
  function addLine(line, bands, { channels, data }, after, start, moved) {
    let [largest, total, squares, clipped] = [moved.largest, 0, 0, 0];
    const next = bands === 1 ? 0 : 1; // one change for all channels, or one for each
    for (let at = 0, i = start; at < line.length; at += bands) {
      let less = 0;
      for (let channel = 0, by = at; channel < channels; channel++, i++, by += next) {
        const was = data[i];
        let level = was + line[by];
        if (level < 0 || level > 255) {
          level = level < 0 ? 0 : 255;
          less = 1;
        }
        after[i] = level;
        const size = level < was ? was - level : level - was;
        if (size > largest) largest = size;
        total += size;
        squares += size * size;
      }
      clipped += less;
    }
    moved.largest = largest;
    moved.total += total;
    moved.squares += squares;
    moved.clipped += clipped;
  }

  /** Add a change to a picture: its new data, and what became of its values, in levels. */
  async function addTo(picture, { bands, wanted }, pause) {
    const { width, height, channels, data } = picture;
    const after = new Uint8Array(data.length);
    const moved = { largest: 0, total: 0, squares: 0, clipped: 0 };
    const line = new Int16Array(width * bands);
    for (let y = 0; y < height; y++) {
      wanted(y, line);
      addLine(line, bands, picture, after, y * width * channels, moved);
      await pause();
    }
    return { after, moved };
  }

  quorate.spread = { pauses, countsOf, inBlocks, smoothly, byValue, addTo };
})();
