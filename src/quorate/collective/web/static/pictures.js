// A member's own picture: opened upright, grey or RGB, level by level; never uploaded.
// Takes what `quorate apply` takes, but for TIFF and PPM. Needs bytes.js, png.js and jpeg.js.
(function () {
  "use strict";
  const quorate = (globalThis.quorate = globalThis.quorate || {});
  const { join, latin1, count, view } = quorate.bytes;

  // The limits of the library, in runtime/pictures.py.
  const MOST_PIXELS = 2 ** 26;
  const MOST_SIDE = 2 ** 16 - 1;
  const MOST_BYTES = 2 ** 28;
  const MOST_SCANS = 100;
  const TILE = 2048; // pixels of a side that a canvas is read by
  const KINDS = {
    PNG: /^\x89PNG\r\n\x1a\n/,
    JPEG: /^\xff\xd8\xff/,
    WEBP: /^RIFF[^]{4}WEBP/,
    GIF: /^GIF8[79]a/,
    BMP: /^BM[^]{4}\0{4}/,
  };
  const DAMAGED = "It may be damaged; save it again as PNG.";

  function refused(expected, where, got, fix) {
    return new quorate.InputError(`${expected} in ${where}`, got, fix);
  }

  /** Throw where a picture is larger than the library takes. */
  function checkSize([width, height], where) {
    if (width * height < 1) throw new Error("no pixels");
    const got = `${width} x ${height}`;
    const least = "Make it smaller first.";
    const comma = (number) => number.toLocaleString("en-US");
    if (Math.max(width, height) > MOST_SIDE) {
      throw refused(`a picture of at most ${comma(MOST_SIDE)} pixels a side`, where, got, least);
    }
    if (width * height > MOST_PIXELS) {
      throw refused(`a picture of at most ${comma(MOST_PIXELS)} pixels`, where, got, least);
    }
  }

  /** How EXIF, or else XMP, says that a picture stands: 1 to 8; 1 where neither can be read. */
  function orientationOf({ exif, xmp }) {
    try {
      const turned = exif ? fromExif(exif) : null;
      if (turned !== null) return turned;
      const said = xmp && /tiff:Orientation(?:="|>)([0-9])/.exec(latin1(xmp));
      return said ? Number(said[1]) : 1;
    } catch {
      return 1; // EXIF that cannot be read turns nothing, as in any viewer
    }
  }

  function fromExif(exif) {
    while (latin1(exif.subarray(0, 6)) === "Exif\0\0") exif = exif.subarray(6);
    const order = latin1(exif.subarray(0, 4));
    if (order !== "II*\0" && order !== "MM\0*") throw new Error("no EXIF");
    const little = order === "II*\0";
    const at = view(exif);
    const start = at.getUint32(4, little);
    const many = at.getUint16(start, little);
    let found = null;
    for (let place = start + 2, i = 0; i < many; i++, place += 12) {
      if (at.getUint16(place, little) !== 0x0112) continue;
      const kind = at.getUint16(place + 2, little);
      if (at.getUint32(place + 4, little) !== 1) continue;
      if (kind === 3) found = at.getUint16(place + 8, little);
      if (kind === 4) found = at.getUint32(place + 8, little);
    }
    return found;
  }

  /** The picture as its EXIF says that it stands upright. */
  function upright(picture, orientation) {
    if (!(orientation >= 2 && orientation <= 8)) return picture;
    const { width, height, channels, data } = picture;
    const swapped = orientation >= 5;
    const [wide, high] = swapped ? [height, width] : [width, height];
    const mirrored = [2, 3, 7, 8].includes(orientation); // columns are read from the right
    const turned = [3, 4, 6, 7].includes(orientation); // rows are read from below
    const out = new Uint8Array(data.length);
    for (let y = 0, to = 0; y < high; y++) {
      for (let x = 0; x < wide; x++) {
        const [column, row] = swapped ? [y, x] : [x, y];
        const from =
          (turned ? height - 1 - row : row) * width + (mirrored ? width - 1 - column : column);
        for (let band = 0; band < channels; band++) out[to++] = data[channels * from + band];
      }
    }
    return { ...picture, width: wide, height: high, data: out };
  }

  /** What the segments of a JPEG say: EXIF, XMP and the colour profile, if it is whole. */
  function jpegMetadata(segments) {
    const found = { exif: null, xmp: null, profile: null };
    const profiles = [];
    for (const [marker, segment] of segments) {
      const text = latin1(segment.subarray(0, 30));
      if (marker === 0xe1 && text.startsWith("Exif\0\0")) {
        const more = segment.subarray(6);
        found.exif = found.exif ? join([found.exif, more]) : more;
      }
      if (marker === 0xe1 && text.startsWith("http://ns.adobe.com/xap/1.0/\0")) {
        found.xmp = segment.subarray(29);
      }
      if (marker === 0xe2 && text.startsWith("ICC_PROFILE\0")) profiles.push(segment);
    }
    profiles.sort((one, other) => one[12] - other[12]);
    if (profiles.length && profiles[0][13] === profiles.length) {
      found.profile = join(profiles.map((part) => part.subarray(14)));
    }
    return found;
  }

  // --- What the browser itself unpacks: WebP, GIF and BMP.

  /** What a WebP says of itself, and the file with nothing in it but its pixels. */
  function webpOf(bytes) {
    const at = view(bytes);
    const found = { exif: null, xmp: null, profile: null, frames: 0, grey: false };
    const kept = [];
    for (let start = 12; start + 8 <= bytes.length; ) {
      const name = latin1(bytes.subarray(start, start + 4));
      const length = at.getUint32(start + 4, true);
      const chunk = bytes.subarray(start + 8, start + 8 + length);
      if (chunk.length < length) throw new Error("image file is truncated");
      if (name === "EXIF") found.exif = chunk;
      if (name === "XMP ") found.xmp = chunk;
      if (name === "ICCP") found.profile = chunk;
      if (name === "ANMF") found.frames++;
      const end = start + 8 + length + (length & 1);
      const whole = bytes.slice(start, end);
      if (name === "VP8X") {
        whole[8] &= ~0x2c; // no profile, EXIF or XMP
        found.size = [1 + (at.getUint32(start + 12, true) & 0xffffff)];
        found.size.push(1 + (at.getUint32(start + 14, true) >>> 8));
      } else if (name === "VP8 ") {
        found.size = found.size || [
          at.getUint16(start + 14, true) & 0x3fff,
          at.getUint16(start + 16, true) & 0x3fff,
        ];
      } else if (name === "VP8L") {
        const bits = at.getUint32(start + 9, true);
        found.size = found.size || [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
      }
      if (["VP8X", "VP8 ", "VP8L", "ALPH"].includes(name)) kept.push(whole);
      start = end;
    }
    const head = bytes.slice(0, 12);
    const plain = [head, ...kept];
    view(head).setUint32(4, plain.reduce((sum, part) => sum + part.length, 0) - 8, true);
    return { ...found, plain: join(plain), type: "image/webp" };
  }

  /** What a GIF says of itself: its size, how many frames, and whether its palette is grey. */
  function gifOf(bytes) {
    const at = view(bytes);
    const paletteAt = (start, flags) =>
      flags & 0x80 ? bytes.subarray(start, start + 3 * (2 << (flags & 7))) : null;
    let palette = paletteAt(13, bytes[10]);
    let first = null;
    let frames = 0;
    const skip = (start) => {
      while (bytes[start]) start += bytes[start] + 1;
      return start + 1;
    };
    for (let start = 13 + (palette ? palette.length : 0); start < bytes.length; ) {
      if (bytes[start] === 0x21) start = skip(start + 2);
      else if (bytes[start] === 0x2c) {
        const own = paletteAt(start + 10, bytes[start + 9]);
        if (!frames++) first = own || palette;
        start = skip(start + 11 + (own ? own.length : 0));
      } else break;
    }
    if (!first) throw new Error("no palette");
    const grey = first.every((level, i) => level === Math.floor(i / 3));
    const size = [at.getUint16(6, true), at.getUint16(8, true)];
    return { size, frames, grey, plain: bytes, type: "image/gif" };
  }

  /** What a BMP says of itself: its size, and whether its palette is grey. */
  function bmpOf(bytes) {
    const at = view(bytes);
    const head = at.getUint32(14, true);
    const core = head === 12;
    const size = core
      ? [at.getUint16(18, true), at.getUint16(20, true)]
      : [at.getInt32(18, true), Math.abs(at.getInt32(22, true))];
    const bits = at.getUint16(core ? 24 : 28, true);
    let grey = bits <= 8;
    if (grey) {
      const step = core ? 3 : 4;
      const colours = (core ? 0 : at.getUint32(46, true)) || 1 << bits;
      for (let i = 0; grey && i < colours; i++) {
        const level = colours === 2 ? 255 * i : i;
        grey = [0, 1, 2].every((band) => bytes[14 + head + step * i + band] === level);
      }
    }
    return { size, frames: 1, grey, plain: bytes, type: "image/bmp" };
  }

  function canvasOf(width, height) {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    return canvas.getContext("2d", { willReadFrequently: true });
  }

  /** Throw where the browser changes what pages read of pictures, to protect from being tracked. */
  function checkHonest(where) {
    const context = canvasOf(16, 16);
    const pattern = context.createImageData(16, 16);
    for (let i = 0; i < pattern.data.length; i++) {
      pattern.data[i] = i % 4 === 3 ? 255 : (i * 73 + (i >> 3) * 29) & 255;
    }
    context.putImageData(pattern, 0, 0);
    const read = context.getImageData(0, 0, 16, 16).data;
    if (!read.every((level, i) => level === pattern.data[i])) {
      throw refused(
        "a browser that reads pictures as they are, for a kind of picture it must unpack itself,",
        where,
        "one that changes them (a protection against being tracked)",
        "Save the picture as PNG or JPEG first.",
      );
    }
  }

  async function byBrowser({ plain, type, grey, size }, where) {
    checkHonest(where);
    const asked = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
    const bitmap = await createImageBitmap(new Blob([plain], { type }), asked);
    const { width, height } = bitmap;
    if (width !== size[0] || height !== size[1]) throw new Error(`${width} x ${height} pixels`);
    const channels = grey ? 1 : 3;
    const data = new Uint8Array(width * height * channels);
    const context = canvasOf(Math.min(TILE, width), Math.min(TILE, height));
    let opaque = true;
    for (let top = 0; top < height; top += TILE) {
      for (let left = 0; left < width; left += TILE) {
        const [w, h] = [Math.min(TILE, width - left), Math.min(TILE, height - top)];
        context.clearRect(0, 0, w, h);
        context.drawImage(bitmap, left, top, w, h, 0, 0, w, h);
        const tile = context.getImageData(0, 0, w, h).data;
        for (let i = 0; i < w * h; i++) {
          const to = channels * ((top + Math.floor(i / w)) * width + left + (i % w));
          for (let band = 0; band < channels; band++) data[to + band] = tile[4 * i + band];
          if (tile[4 * i + 3] < 255) opaque = false;
        }
      }
    }
    bitmap.close();
    return { width, height, channels, data, opaque };
  }

  async function read(kind, bytes, where) {
    if (kind === "PNG") {
      checkSize(quorate.png.sizeOf(bytes), where);
      return quorate.png.decode(bytes);
    }
    if (kind === "JPEG") {
      if (count(bytes, [0xff, 0xda]) > MOST_SCANS) throw new Error(`more than ${MOST_SCANS} scans`);
      const found = quorate.jpeg.decode(bytes, (size) => checkSize(size, where));
      return { ...found, ...jpegMetadata(found.segments) };
    }
    const found = { WEBP: webpOf, GIF: gifOf, BMP: bmpOf }[kind](bytes);
    if (!found.size) throw new Error("no pixels");
    checkSize(found.size, where);
    if (found.frames > 1) return found;
    return { ...found, ...(await byBrowser(found, where)) };
  }

  function checkTaken(picture, where) {
    const rgb = "Save it as 8-bit RGB first.";
    const levels = "a grey or RGB picture of 8 bits a value";
    if (picture.deep) throw refused(levels, where, "one of 16 bits", rgb);
    if (picture.unusual) throw refused(levels, where, picture.unusual, rgb);
    if (picture.frames > 1) {
      throw refused("one picture", where, "several frames", "Save one of them as PNG.");
    }
    if (!picture.opaque) {
      throw refused(
        "an opaque picture",
        where,
        "one with transparent parts, which platforms fill differently",
        "Flatten it onto a background first.",
      );
    }
  }

  /**
   * Open a picture file (File or Blob): {width, height, channels, data, profile}.
   * `channels` is 1 or 3; `data` (Uint8Array) holds rows of pixels of channels; `profile` is its
   * colour profile or null. Rejects with InputError.
   */
  async function decode(file) {
    const where = file.name || "the picture";
    if (file.size > MOST_BYTES) {
      const most = `a file of at most ${MOST_BYTES.toLocaleString("en-US")} bytes`;
      throw refused(most, where, file.size.toLocaleString("en-US"), "Make it smaller.");
    }
    const bytes = new Uint8Array(await file.arrayBuffer());
    const begins = latin1(bytes.subarray(0, 16));
    const kind = Object.keys(KINDS).find((name) => KINDS[name].test(begins));
    if (!kind) {
      const none = "a file that is none, or of a kind that cannot be read here";
      throw refused("a picture", where, none, "Save it as PNG or JPEG first.");
    }
    if (!globalThis.DecompressionStream) {
      throw new quorate.InputError("a browser of 2023 or newer", "an older one", "Update it.");
    }
    let picture;
    try {
      picture = await read(kind, bytes, where);
    } catch (error) {
      if (error instanceof quorate.InputError) throw error;
      throw refused("a picture", where, `a damaged one (${error.message})`, DAMAGED);
    }
    checkTaken(picture, where);
    const { width, height, channels, data, profile } = picture;
    const stored = { width, height, channels, data, profile: profile || null };
    return upright(stored, orientationOf(picture));
  }

  /** Bytes (Uint8Array) of a PNG of a picture, with its colour profile and no other metadata. */
  const encodePng = (picture) => quorate.png.encode(picture);

  quorate.pictures = { decode, encodePng, MOST_PIXELS, MOST_SIDE, MOST_BYTES };
})();
