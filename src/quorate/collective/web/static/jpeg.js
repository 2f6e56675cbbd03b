// JPEG, baseline and progressive, decoded to the same levels as libjpeg does in its usual settings:
// slow integer IDCT, triangle ("fancy") upsampling, integer colours. Browsers differ from each
// other here; this does not. Needs bytes.js.
(function () {
  "use strict";
  const quorate = (globalThis.quorate = globalThis.quorate || {});
  const { latin1, view } = quorate.bytes;

  const ZIGZAG = Uint8Array.of(
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
  );
  const LOOKED_UP = 9; // bits of a code that one look finds

  const broken = (what) => new Error(what);

  /** Tables of one Huffman code, from its 16 counts and its symbols. */
  function huffman(counts, symbols) {
    const fast = new Int16Array(1 << LOOKED_UP).fill(-1); // length << 8 | symbol
    const first = new Int32Array(18); // code, and place, of the first symbol of each length
    const offset = new Int32Array(18);
    const last = new Int32Array(18).fill(-1);
    let code = 0;
    let at = 0;
    for (let length = 1; length <= 16; length++) {
      first[length] = code;
      offset[length] = at;
      for (let i = 0; i < counts[length - 1]; i++, code++, at++) {
        if (length <= LOOKED_UP) {
          const from = code << (LOOKED_UP - length);
          fast.fill((length << 8) | symbols[at], from, from + (1 << (LOOKED_UP - length)));
        }
      }
      if (code > 1 << length) throw broken("a Huffman table with too many codes");
      last[length] = code - 1;
      code <<= 1;
    }
    return { fast, first, offset, last, symbols };
  }

  /** Read one scan's bits, into the coefficients of its components. */
  function decodeScan(bytes, start, frame, scan, restart) {
    const { components, from, to, high, low } = scan;
    let at = start;
    let bits = 0; // waiting, the highest first
    let many = 0; // how many wait
    let over = 0; // bits read beyond the end of the data
    let run = 0; // of blocks that end early

    function fill() {
      while (many <= 16) {
        let byte = at < bytes.length ? bytes[at] : 0xff;
        if (byte === 0xff) {
          if (at + 1 < bytes.length && bytes[at + 1] === 0) at += 2;
          else {
            byte = 0; // a marker: nothing more comes
            over += 8;
          }
        } else at++;
        bits = (bits << 8) | byte;
        many += 8;
      }
    }
    function take(count) {
      if (!count) return 0;
      if (many < count) fill();
      many -= count;
      return (bits >>> many) & ((1 << count) - 1);
    }
    function symbol(table) {
      if (many < 16) fill();
      const found = table.fast[(bits >>> (many - LOOKED_UP)) & ((1 << LOOKED_UP) - 1)];
      if (found >= 0) {
        many -= found >> 8;
        return found & 255;
      }
      for (let length = LOOKED_UP + 1; length <= 16; length++) {
        const code = (bits >>> (many - length)) & ((1 << length) - 1);
        if (code <= table.last[length] && code >= table.first[length]) {
          many -= length;
          return table.symbols[table.offset[length] + code - table.first[length]];
        }
      }
      throw broken("a code that is in no table");
    }
    function signed(size) {
      if (size > 15) throw broken("a coefficient that is too large");
      const value = take(size);
      return size && value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
    }

    function whole(one, block) {
      const { coefficients } = one;
      one.before += signed(symbol(one.dc));
      coefficients[block] = one.before;
      for (let k = 1; k < 64; k++) {
        const found = symbol(one.ac);
        const size = found & 15;
        if (!size) {
          if (found !== 0xf0) break;
          k += 15;
          continue;
        }
        k += found >> 4;
        if (k > 63) throw broken("too many coefficients");
        coefficients[block + ZIGZAG[k]] = signed(size);
      }
    }
    function dcFirst(one, block) {
      one.before += signed(symbol(one.dc));
      one.coefficients[block] = one.before << low;
    }
    function dcAgain(one, block) {
      if (take(1)) one.coefficients[block] |= 1 << low;
    }
    function acFirst(one, block) {
      if (run) {
        run--;
        return;
      }
      for (let k = from; k <= to; k++) {
        const found = symbol(one.ac);
        const zeros = found >> 4;
        const size = found & 15;
        if (!size) {
          if (zeros < 15) {
            run = (1 << zeros) - 1 + take(zeros);
            return;
          }
          k += 15;
          continue;
        }
        k += zeros;
        if (k > 63) throw broken("too many coefficients");
        one.coefficients[block + ZIGZAG[k]] = signed(size) * (1 << low);
      }
    }
    function refine(coefficients, place) {
      if (take(1) && !(Math.abs(coefficients[place]) & (1 << low))) {
        coefficients[place] += coefficients[place] > 0 ? 1 << low : -(1 << low);
      }
    }
    function acAgain(one, block) {
      const { coefficients } = one;
      let k = from;
      if (!run) {
        for (; k <= to; k++) {
          const found = symbol(one.ac);
          let zeros = found >> 4;
          let value = 0;
          if (found & 15) {
            if ((found & 15) !== 1) throw broken("a correction of more than one bit");
            value = take(1) ? 1 << low : -(1 << low);
          } else if (zeros < 15) {
            run = (1 << zeros) + take(zeros);
            break;
          }
          for (; k <= to; k++) {
            const place = block + ZIGZAG[k];
            if (coefficients[place]) refine(coefficients, place);
            else if (--zeros < 0) {
              coefficients[place] = value;
              break;
            }
          }
        }
      }
      if (run) {
        for (; k <= to; k++) {
          const place = block + ZIGZAG[k];
          if (coefficients[place]) refine(coefficients, place);
        }
        run--;
      }
    }

    let decodeBlock = whole;
    if (frame.progressive) {
      if (from === 0) decodeBlock = high ? dcAgain : dcFirst;
      else decodeBlock = high ? acAgain : acFirst;
    }
    const single = components.length === 1 ? components[0] : null;
    const across = single ? Math.ceil(single.width / 8) : frame.across;
    const units = across * (single ? Math.ceil(single.height / 8) : frame.down);
    let next = 0; // number of the next restart marker
    for (let unit = 0; unit < units; unit++) {
      if (restart && unit && unit % restart === 0) {
        if (over > many) throw broken("image file is truncated");
        if (bytes[at] !== 0xff || bytes[at + 1] !== 0xd0 + next) throw broken("a restart missing");
        at += 2;
        next = (next + 1) & 7;
        [bits, many, over, run] = [0, 0, 0, 0];
        for (const one of components) one.before = 0;
      }
      const row = Math.floor(unit / across);
      const column = unit - row * across;
      if (single) decodeBlock(single, 64 * (row * single.blocks + column));
      else {
        for (const one of components) {
          for (let v = 0; v < one.v; v++) {
            for (let h = 0; h < one.h; h++) {
              decodeBlock(one, 64 * ((row * one.v + v) * one.blocks + column * one.h + h));
            }
          }
        }
      }
      if (over > many) throw broken("image file is truncated");
    }
    return at;
  }

  /** One dimension of the IDCT of libjpeg's jidctint.c: 8 values, `step` apart. */
  function transform(values, at, step, shift, out, to, toStep) {
    const v0 = values[at];
    const v4 = values[at + 4 * step];
    let z2 = values[at + 2 * step];
    let z3 = values[at + 6 * step];
    let z1 = Math.imul(z2 + z3, 4433);
    let t2 = z1 - Math.imul(z3, 15137);
    let t3 = z1 + Math.imul(z2, 6270);
    let t0 = (v0 + v4) << 13;
    let t1 = (v0 - v4) << 13;
    const e0 = t0 + t3;
    const e3 = t0 - t3;
    const e1 = t1 + t2;
    const e2 = t1 - t2;
    t0 = values[at + 7 * step];
    t1 = values[at + 5 * step];
    t2 = values[at + 3 * step];
    t3 = values[at + step];
    z1 = t0 + t3;
    z2 = t1 + t2;
    z3 = t0 + t2;
    let z4 = t1 + t3;
    const z5 = Math.imul(z3 + z4, 9633);
    z1 = -Math.imul(z1, 7373);
    z2 = -Math.imul(z2, 20995);
    z3 = z5 - Math.imul(z3, 16069);
    z4 = z5 - Math.imul(z4, 3196);
    t0 = Math.imul(t0, 2446) + z1 + z3;
    t1 = Math.imul(t1, 16819) + z2 + z4;
    t2 = Math.imul(t2, 25172) + z2 + z3;
    t3 = Math.imul(t3, 12299) + z1 + z4;
    const half = 1 << (shift - 1);
    out[to] = (e0 + t3 + half) >> shift;
    out[to + 7 * toStep] = (e0 - t3 + half) >> shift;
    out[to + toStep] = (e1 + t2 + half) >> shift;
    out[to + 6 * toStep] = (e1 - t2 + half) >> shift;
    out[to + 2 * toStep] = (e2 + t1 + half) >> shift;
    out[to + 5 * toStep] = (e2 - t1 + half) >> shift;
    out[to + 3 * toStep] = (e3 + t0 + half) >> shift;
    out[to + 4 * toStep] = (e3 - t0 + half) >> shift;
  }

  /** The samples of a component, (rows of blocks · 8, `stride`). */
  function samplesOf(one) {
    const { coefficients, blocks, rows, quantization } = one;
    const stride = 8 * blocks;
    const samples = new Uint8ClampedArray(stride * 8 * rows);
    const [plain, half, whole] = [new Int32Array(64), new Int32Array(64), new Int32Array(64)];
    for (let block = 0; block < blocks * rows; block++) {
      let flat = true;
      for (let i = 0; i < 64; i++) {
        const value = coefficients[64 * block + i];
        if (value && i) flat = false;
        plain[i] = value && Math.imul(value, quantization[i]);
      }
      const to = Math.floor(block / blocks) * 8 * stride + (block % blocks) * 8;
      if (flat) {
        const level = (((plain[0] << 2) + 16) >> 5) + 128;
        for (let y = 0; y < 8; y++) samples.fill(level, to + y * stride, to + y * stride + 8);
        continue;
      }
      for (let x = 0; x < 8; x++) transform(plain, x, 8, 11, half, x, 8);
      for (let y = 0; y < 8; y++) transform(half, 8 * y, 1, 18, whole, 8 * y, 1);
      for (let y = 0; y < 8; y++) {
        for (let x = 0; x < 8; x++) samples[to + y * stride + x] = whole[8 * y + x] + 128;
      }
    }
    one.coefficients = null;
    return { samples, stride };
  }

  /** Return how to read row `y` of a component at the picture's size, as jdsample.c does it. */
  function upsampler(one, frame) {
    const { samples, stride } = samplesOf(one);
    const [across, down] = [frame.most.h / one.h, frame.most.v / one.v];
    if (across % 1 || down % 1) throw broken("sampling factors that do not divide each other");
    const { width, height } = one;
    const row = (y) => Math.min(Math.max(y, 0), height - 1) * stride;
    const out = new Uint8Array(Math.max(frame.width, width * across) + 1);
    const fancy = width > 2 && across === 2 && down <= 2;
    if (across === 1 && down === 1) {
      return (y) => samples.subarray(y * stride, y * stride + frame.width);
    }
    if (across === 1 && down === 2) {
      return (y) => {
        const here = row(y >> 1);
        const other = row((y >> 1) + (y & 1 ? 1 : -1));
        for (let x = 0; x < width; x++) {
          out[x] = (3 * samples[here + x] + samples[other + x] + 1 + (y & 1)) >> 2;
        }
        return out;
      };
    }
    if (fancy) {
      // Sums of columns: of two rows where there are fewer rows, too; so they count 4 or 1.
      const sums = new Int32Array(width);
      const [shift, less, more] = down === 2 ? [4, 8, 7] : [2, 1, 2];
      return (y) => {
        const here = row(down === 2 ? y >> 1 : y);
        const other = row((y >> 1) + (y & 1 ? 1 : -1));
        for (let x = 0; x < width; x++) {
          const level = samples[here + x];
          sums[x] = down === 2 ? 3 * level + samples[other + x] : level;
        }
        for (let x = 0; x < width; x++) {
          const left = x ? sums[x - 1] : sums[x];
          const right = x < width - 1 ? sums[x + 1] : sums[x];
          out[2 * x] = (3 * sums[x] + left + less) >> shift;
          out[2 * x + 1] = (3 * sums[x] + right + more) >> shift;
        }
        return out;
      };
    }
    return (y) => {
      const here = row(Math.floor(y / down));
      for (let x = 0; x < frame.width; x++) out[x] = samples[here + Math.floor(x / across)];
      return out;
    };
  }

  /** Whether three components are already red, green and blue. */
  function isRgb(frame, segments) {
    let transform = null;
    for (const [marker, segment] of segments) {
      const text = latin1(segment.subarray(0, 5));
      if (marker === 0xe0 && text === "JFIF\0") return false;
      if (marker === 0xee && text === "Adobe" && segment.length >= 12) transform = segment[11];
    }
    if (transform !== null) return transform === 0;
    return frame.components.map((one) => one.id).join() === "82,71,66";
  }

  function levelsOf(frame, rgb) {
    const { width, height, components } = frame;
    const channels = components.length;
    const rows = components.map((one) => upsampler(one, frame));
    const data = new Uint8ClampedArray(width * height * channels);
    for (let y = 0, to = 0; y < height; y++) {
      const [first, second, third] = rows.map((row) => row(y));
      for (let x = 0; x < width; x++, to += channels) {
        if (channels === 1) data[to] = first[x];
        else if (rgb) {
          data[to] = first[x];
          data[to + 1] = second[x];
          data[to + 2] = third[x];
        } else {
          const [level, cb, cr] = [first[x], second[x] - 128, third[x] - 128];
          data[to] = level + ((91881 * cr + 32768) >> 16);
          data[to + 1] = level + ((-22554 * cb - 46802 * cr + 32768) >> 16);
          data[to + 2] = level + ((116130 * cb + 32768) >> 16);
        }
      }
    }
    return { width, height, channels, data: new Uint8Array(data.buffer), opaque: true };
  }

  function frameOf(segment, progressive, check) {
    const at = view(segment);
    const [height, width, count] = [at.getUint16(1), at.getUint16(3), segment[5]];
    check([width, height]);
    const frame = { width, height, progressive, components: [], most: { h: 1, v: 1 } };
    frame.depth = segment[0];
    for (let i = 0; i < count; i++) {
      const [id, factors, table] = segment.subarray(6 + 3 * i, 9 + 3 * i);
      const one = { id, h: factors >> 4, v: factors & 15, table, before: 0 };
      if (!(one.h >= 1 && one.h <= 4 && one.v >= 1 && one.v <= 4)) throw broken("bad sampling");
      frame.most.h = Math.max(frame.most.h, one.h);
      frame.most.v = Math.max(frame.most.v, one.v);
      frame.components.push(one);
    }
    frame.across = Math.ceil(width / (8 * frame.most.h));
    frame.down = Math.ceil(height / (8 * frame.most.v));
    return frame;
  }

  /** Make room for the coefficients, once it is known that the picture is taken. */
  function prepare(frame) {
    for (const one of frame.components) {
      one.width = Math.ceil((frame.width * one.h) / frame.most.h);
      one.height = Math.ceil((frame.height * one.v) / frame.most.v);
      one.blocks = frame.across * one.h;
      one.rows = frame.down * one.v;
      one.coefficients = new Int16Array(64 * one.blocks * one.rows);
      one.known = new Int8Array(64).fill(-1); // lowest bit known of each coefficient
    }
  }

  function scanOf(segment, frame, tables) {
    const components = [];
    for (let i = 0; i < segment[0]; i++) {
      const one = frame.components.find(({ id }) => id === segment[1 + 2 * i]);
      if (!one || components.includes(one)) throw broken("a scan of no component");
      const codes = segment[2 + 2 * i];
      one.dc = tables.dc[codes >> 4];
      one.ac = tables.ac[codes & 15];
      one.before = 0;
      components.push(one);
    }
    const at = 1 + 2 * segment[0];
    let [from, to, bits] = segment.subarray(at, at + 3);
    if (!frame.progressive) [from, to, bits] = [0, 63, 0];
    const [high, low] = [bits >> 4, bits & 15];
    const mixed = from === 0 ? frame.progressive && to !== 0 : components.length > 1;
    if (!components.length || mixed || from > to || to > 63 || low > 13) throw broken("a bad scan");
    for (const one of components) {
      const needed = [from === 0 && !high && "dc", to > 0 && "ac"].filter(Boolean);
      if (needed.some((name) => !one[name])) throw broken("a scan without its Huffman table");
      if (!one.quantization) {
        one.quantization = tables.quantization[one.table];
        if (!one.quantization) throw broken("a component without its quantization table");
      }
      one.known.fill(low, from, to + 1);
    }
    return { components, from, to, high, low };
  }

  function readQuantization(segment, tables) {
    for (let at = 0; at < segment.length; ) {
      const [deep, id] = [segment[at] >> 4, segment[at] & 15];
      const table = new Int32Array(64);
      if (at + 1 + 64 * (1 + deep) > segment.length) throw broken("a short quantization table");
      for (let i = 0; i < 64; i++) {
        const place = at + 1 + i * (1 + deep);
        table[ZIGZAG[i]] = deep ? (segment[place] << 8) | segment[place + 1] : segment[place];
      }
      tables.quantization[id] = table;
      at += 1 + 64 * (1 + deep);
    }
  }

  function readHuffman(segment, tables) {
    for (let at = 0; at < segment.length; ) {
      const counts = segment.subarray(at + 1, at + 17);
      const total = counts.reduce((sum, many) => sum + many, 0);
      if (at + 17 + total > segment.length || total > 256) throw broken("a short Huffman table");
      const table = huffman(counts, segment.slice(at + 17, at + 17 + total));
      tables[segment[at] >> 4 ? "ac" : "dc"][segment[at] & 15] = table;
      at += 17 + total;
    }
  }

  /**
   * Read a JPEG: {width, height, channels, data, opaque, segments}; `segments` are its metadata,
   * [marker, bytes] each. No pixels where its kind is not decoded, but `unusual`, which says why.
   * `check` gets [width, height] before anything is unpacked, and throws where it is too large.
   */
  function decode(bytes, check) {
    const tables = { quantization: [], dc: [], ac: [] };
    const segments = [];
    let frame = null;
    let restart = 0;
    for (let at = 2; ; ) {
      while (at < bytes.length && bytes[at] !== 0xff) at++;
      while (at < bytes.length && bytes[at] === 0xff) at++;
      if (at >= bytes.length) throw broken("image file is truncated");
      const marker = bytes[at++];
      if (marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd8)) continue;
      if (marker === 0xd9) break;
      const length = at + 2 <= bytes.length ? view(bytes).getUint16(at) : 0;
      if (length < 2 || at + length > bytes.length) throw broken("image file is truncated");
      const segment = bytes.subarray(at + 2, at + length);
      at += length;
      if (marker === 0xdb) readQuantization(segment, tables);
      else if (marker === 0xc4) readHuffman(segment, tables);
      else if (marker === 0xdd) restart = view(segment).getUint16(0);
      else if (marker >= 0xe0 && marker <= 0xef) segments.push([marker, segment]);
      else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc8 && marker !== 0xcc) {
        if (frame) throw broken("a second frame");
        frame = frameOf(segment, marker === 0xc2, check);
        let unusual = [1, 3].includes(frame.components.length) ? "" : "of other colours (CMYK)";
        if (frame.depth !== 8) unusual = `of ${frame.depth} bits a value`;
        if (marker > 0xc2) unusual = "of a rare kind (lossless or arithmetic)";
        if (unusual) return { segments, unusual: `a JPEG ${unusual}` };
        prepare(frame);
      } else if (marker === 0xda) {
        if (!frame) throw broken("a scan before its frame");
        at = decodeScan(bytes, at, frame, scanOf(segment, frame, tables), restart);
      }
    }
    if (!frame) throw broken("no picture");
    const missing = frame.components.some((one) => one.known.some((low) => low !== 0));
    if (missing) return { segments, unusual: "a JPEG without its last scans" };
    return { ...levelsOf(frame, isRgb(frame, segments)), segments };
  }

  quorate.jpeg = { decode };
})();
