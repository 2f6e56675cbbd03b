// PNG, read and written level by level: no colour is converted, no alpha multiplied in.
// Needs bytes.js.
(function () {
  "use strict";
  const quorate = (globalThis.quorate = globalThis.quorate || {});
  const { join, inflate, deflate, crc32, latin1, view } = quorate.bytes;

  const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
  const BANDS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }; // values of a pixel, by type of colour
  const DEPTHS = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };
  // Adam7: first column and row of each pass, and the steps between them.
  const PASSES = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ];
  const MOST_TEXT = 2 ** 20; // bytes of a text or profile, unpacked

  function broken(what) {
    return new Error(what);
  }

  /** The chunks up to the end of the picture: [name, bytes, whether its check sum holds]. */
  function chunksOf(bytes) {
    const at = view(bytes);
    const chunks = [];
    for (let start = 8; start < bytes.length; ) {
      if (start + 12 > bytes.length) throw broken("the file ends within a chunk");
      const length = at.getUint32(start);
      const end = start + 12 + length;
      if (end > bytes.length) throw broken("the file ends within a chunk");
      const name = latin1(bytes.subarray(start + 4, start + 8));
      if (!/^[A-Za-z0-9]{4}$/.test(name)) throw broken("a chunk without a name");
      if (name === "IHDR" && chunks.length) throw broken("a second header (IHDR)");
      chunks.push([name, bytes.subarray(start + 8, end - 4), start, at.getUint32(end - 4)]);
      if (name === "IEND") break;
      start = end;
    }
    return chunks;
  }

  /** Width and height that the header announces, before anything is unpacked. */
  function sizeOf(bytes) {
    if (bytes.length < 33 || latin1(bytes.subarray(12, 16)) !== "IHDR") {
      throw broken("no header (IHDR) at its beginning");
    }
    return [view(bytes).getUint32(16), view(bytes).getUint32(20)];
  }

  function headOf(head) {
    const at = view(head);
    const [depth, colour, packing, filters, interlaced] = head.subarray(8, 13);
    if (head.length < 13 || !(DEPTHS[colour] || []).includes(depth)) {
      throw broken("an unknown type of colour");
    }
    if (packing || filters) throw broken("an unknown filter category");
    const [width, height] = [at.getUint32(0), at.getUint32(4)];
    return { width, height, depth, colour, interlaced: interlaced !== 0 };
  }

  /** The key and the text of a chunk that holds one; null where it is cut off or damaged. */
  async function textOf(name, chunk) {
    const end = chunk.indexOf(0);
    if (end < 0) return null;
    const key = latin1(chunk.subarray(0, end));
    let text = chunk.subarray(end + 1);
    let packed = name === "zTXt";
    if (packed) text = text.subarray(1);
    if (name === "iTXt") {
      packed = chunk[end + 1] === 1;
      const language = chunk.indexOf(0, end + 3);
      const begins = language < 0 ? -1 : chunk.indexOf(0, language + 1);
      if (begins < 0) return null;
      text = chunk.subarray(begins + 1);
    }
    if (packed) text = await inflate([text], "deflate", MOST_TEXT).catch(() => null);
    return text && { key, text };
  }

  /** EXIF that is written as hexadecimal digits, after three lines of a heading. */
  function fromHex(text) {
    const digits = latin1(text).split("\n").slice(3).join("").replace(/\s/g, "");
    return Uint8Array.from(digits.match(/../g) || [], (pair) => parseInt(pair, 16));
  }

  /** The texts and the profile that a reader needs: EXIF, XMP, colour profile. */
  async function metadataOf(name, chunk, into) {
    if (name === "eXIf") into.exif = chunk;
    if (["tEXt", "zTXt", "iTXt"].includes(name)) {
      const found = (await textOf(name, chunk)) || {};
      if (found.key === "XML:com.adobe.xmp") into.xmp = found.text;
      if (found.key === "Raw profile type exif" && !into.exif) into.exif = fromHex(found.text);
    }
    if (name === "iCCP") {
      const end = chunk.indexOf(0);
      if (chunk[end + 1] !== 0) throw broken("an unknown compression of its colour profile");
      const packed = chunk.subarray(end + 2);
      into.profile = await inflate([packed], "deflate", MOST_TEXT).catch(() => null);
    }
  }

  /** Undo the filters of one pass, in place; `line` bytes a row, each after one for the filter. */
  function unfilter(raw, start, rows, line, step) {
    let before = -1; // where the row above begins
    for (let row = 0; row < rows; row++) {
      const filter = raw[start];
      const here = start + 1;
      if (filter > 4) throw broken(`an unknown filter (${filter})`);
      for (let i = 0; filter && i < line; i++) {
        const left = i >= step ? raw[here + i - step] : 0;
        const above = before >= 0 ? raw[before + i] : 0;
        if (filter === 1) raw[here + i] += left;
        else if (filter === 2) raw[here + i] += above;
        else if (filter === 3) raw[here + i] += (left + above) >> 1;
        else {
          const corner = before >= 0 && i >= step ? raw[before + i - step] : 0;
          const a = Math.abs(above - corner);
          const b = Math.abs(left - corner);
          const c = Math.abs(left + above - 2 * corner);
          raw[here + i] += a <= b && a <= c ? left : b <= c ? above : corner;
        }
      }
      before = here;
      start = here + line;
    }
    return start;
  }

  /** Copy one pass to where its values lie in the whole picture. */
  function place(raw, start, [x0, y0, dx, dy], head, bands, line, out) {
    const { width, height, depth } = head;
    const mask = (1 << depth) - 1;
    for (let y = y0; y < height; y += dy, start += line + 1) {
      let i = start + 1;
      let bit = 8;
      for (let x = x0; x < width; x += dx) {
        const to = (y * width + x) * bands;
        if (depth === 8) {
          for (let band = 0; band < bands; band++) out[to + band] = raw[i++];
        } else {
          bit -= depth;
          out[to] = (raw[i] >> bit) & mask;
          if (!bit) {
            bit = 8;
            i++;
          }
        }
      }
    }
  }

  /** The values as stored, (height, width, bands): indices where there is a palette. */
  async function valuesOf(head, data) {
    const { width, height, depth, colour } = head;
    const bands = BANDS[colour];
    const passes = (head.interlaced ? PASSES : [[0, 0, 1, 1]])
      .map((pass) => {
        const [x0, y0, dx, dy] = pass;
        const columns = Math.ceil((width - x0) / dx);
        const rows = Math.ceil((height - y0) / dy);
        return { pass, rows, line: Math.ceil((columns * bands * depth) / 8), columns };
      })
      .filter(({ rows, columns }) => rows > 0 && columns > 0);
    const bytes = passes.reduce((sum, { rows, line }) => sum + rows * (line + 1), 0);
    const raw = await inflate(data, "deflate", bytes);
    if (raw.length < bytes) throw broken("image file is truncated");
    const values = new Uint8Array(width * height * bands);
    let start = 0;
    for (const { pass, rows, line } of passes) {
      const end = unfilter(raw, start, rows, line, Math.max(1, (bands * depth) >> 3));
      place(raw, start, pass, head, bands, line, values);
      start = end;
    }
    return values;
  }

  /** Grey or RGB levels of the values, and whether every pixel is opaque. */
  function levelsOf(values, head, palette, transparent) {
    const { depth, colour } = head;
    const pixels = head.width * head.height;
    const scale = colour === 0 ? 255 / ((1 << depth) - 1) : 1;
    const channels = colour === 0 || colour === 4 ? 1 : 3;
    const data = new Uint8Array(pixels * channels);
    let opaque = true;
    if (colour === 0) {
      for (let i = 0; i < pixels; i++) data[i] = values[i] * scale;
    } else if (colour === 2) data.set(values);
    else if (colour === 3) {
      const colours = new Uint8Array(768);
      colours.set((palette || colours).subarray(0, 768));
      for (let i = 0; i < pixels; i++) {
        for (let band = 0; band < 3; band++) data[3 * i + band] = colours[3 * values[i] + band];
        if (transparent && values[i] < transparent.length && transparent[values[i]] < 255) {
          opaque = false;
        }
      }
    } else {
      for (let i = 0; i < pixels; i++) {
        for (let band = 0; band < channels; band++) {
          data[channels * i + band] = values[(channels + 1) * i + band];
        }
        if (values[(channels + 1) * i + channels] < 255) opaque = false;
      }
    }
    if (transparent && (colour === 0 || colour === 2)) {
      const at = view(transparent);
      if (transparent.length < 2 * channels) throw broken("a transparent colour that is cut off");
      // As Pillow has it: a level of one bit is black or white, others are compared as written.
      const key = Array.from({ length: channels }, (_, band) => at.getUint16(2 * band) & 255);
      if (colour === 0 && depth === 1) key[0] = at.getUint16(0) ? 255 : 0;
      for (let i = 0; opaque && i < pixels; i++) {
        opaque = !key.every((level, band) => data[channels * i + band] === level);
      }
    }
    return { channels, data, opaque };
  }

  const framesOf = (chunk) => view(chunk).getUint32(0) || 1;

  /**
   * Read a PNG: {width, height, channels, data, opaque, deep, frames, exif, xmp, profile}.
   * Where it is `deep` (16 bits a value) or has several `frames` it is not unpacked.
   */
  async function decode(bytes) {
    const chunks = chunksOf(bytes);
    const found = { exif: null, xmp: null, profile: null };
    const data = [];
    let [head, palette, transparent, frames, ended] = [null, null, null, 1, false];
    for (const [name, chunk, start, sum] of chunks) {
      if (name === "IDAT") {
        if (ended) continue;
        data.push(chunk);
        continue;
      }
      if (data.length) ended = true;
      // Beyond the pixels nothing is checked, as Pillow does not.
      if (!ended && crc32([bytes.subarray(start + 4, start + 8), chunk]) !== sum) {
        throw broken(`broken PNG file (bad header checksum in ${name})`);
      }
      if (name === "IHDR") head = headOf(chunk);
      else if (name === "PLTE" && !ended) palette = chunk;
      else if (name === "tRNS" && !ended) transparent = chunk;
      else if (name === "acTL" && !ended) frames = chunk.length < 8 ? 1 : framesOf(chunk);
      else await metadataOf(name, chunk, found);
    }
    const first = chunks.findIndex(([name]) => name === "IDAT");
    const animated = chunks.slice(0, first).some(([name]) => name === "acTL");
    const control = chunks.slice(0, first).some(([name]) => name === "fcTL");
    if (animated && !control) frames += 1; // the picture itself is no frame of the animation
    if (!data.length) throw broken("no pixels");
    if (head.depth === 16) return { ...found, deep: true, colour: head.colour };
    if (frames > 1) return { ...found, frames };
    const values = await valuesOf(head, data);
    const levels = levelsOf(values, head, palette, transparent);
    return { width: head.width, height: head.height, ...levels, ...found, frames };
  }

  function chunk(name, parts) {
    const word = Uint8Array.from(name, (letter) => letter.charCodeAt(0));
    const [length, sum] = [new Uint8Array(4), new Uint8Array(4)];
    view(length).setUint32(0, parts.reduce((total, part) => total + part.length, 0));
    view(sum).setUint32(0, crc32([word, ...parts]));
    return [length, word, ...parts, sum];
  }

  /** Each row with the one above taken off (filter 2): packs better, and costs little. */
  function rowsOf({ width, height, channels, data }) {
    const line = width * channels;
    const raw = new Uint8Array(height * (line + 1));
    for (let y = 0; y < height; y++) {
      const to = y * (line + 1);
      raw[to] = 2;
      for (let i = 0; i < line; i++) {
        raw[to + 1 + i] = data[y * line + i] - (y ? data[(y - 1) * line + i] : 0);
      }
    }
    return raw;
  }

  /** Write a picture {width, height, channels, data, profile?} as PNG, without other metadata. */
  async function encode(picture) {
    const head = new Uint8Array(13);
    view(head).setUint32(0, picture.width);
    view(head).setUint32(4, picture.height);
    head.set([8, picture.channels === 1 ? 0 : 2], 8);
    const parts = [Uint8Array.from(SIGNATURE), ...chunk("IHDR", [head])];
    if (picture.profile) {
      const name = Uint8Array.from("ICC Profile\0\0", (letter) => letter.charCodeAt(0));
      parts.push(...chunk("iCCP", [name, await deflate([picture.profile])]));
    }
    parts.push(...chunk("IDAT", [await deflate([rowsOf(picture)])]), ...chunk("IEND", []));
    return join(parts);
  }

  quorate.png = { SIGNATURE, sizeOf, decode, encode };
})();
