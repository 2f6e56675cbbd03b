// Archives of arrays (.npz) from strangers: unpacked once their sizes and types are known.
// Plain arrays of numbers and text alone; nothing in a file is run. Needs bytes.js.
(function () {
  "use strict";
  const quorate = (globalThis.quorate = globalThis.quorate || {});
  const { inflate, crc32, latin1, view } = quorate.bytes;

  // The limits of the library, in runtime/archives.py.
  const MOST_BYTES = 2 ** 29;
  const MOST_MEMBERS = 64;
  const END = 0x06054b50;
  const MEMBER = 0x02014b50;
  const LOCAL = 0x04034b50;
  const [STORED, DEFLATED] = [0, 8];
  const ENDING = /\.npy$/;
  const HEADER = new RegExp(
    "^\\{'descr': '([<>|=])([iufU])(\\d+)', 'fortran_order': (True|False), " +
      "'shape': \\(([\\d, ]*)\\), \\} *\\n$",
  );
  const LONGEST_HEADER = 2 ** 16; // bytes
  const ARRAYS = {
    i1: Int8Array,
    u1: Uint8Array,
    i2: Int16Array,
    u2: Uint16Array,
    i4: Int32Array,
    u4: Uint32Array,
    f4: Float32Array,
    f8: Float64Array,
  };

  function broken(what) {
    return new Error(what);
  }

  /** The directory of an archive: {name: {packing, packed, plain, sum, at}}. */
  function directoryOf(bytes) {
    const at = view(bytes);
    const first = Math.max(0, bytes.length - 22 - 65535);
    let end = bytes.length - 22;
    while (end >= first && at.getUint32(end, true) !== END) end--;
    if (end < first) throw broken("no directory of an archive");
    const many = at.getUint16(end + 10, true);
    if (many > MOST_MEMBERS) throw broken(`more than ${MOST_MEMBERS} arrays`);
    const members = new Map();
    let total = 0;
    let place = at.getUint32(end + 16, true);
    for (let i = 0; i < many; i++) {
      if (at.getUint32(place, true) !== MEMBER) throw broken("a damaged directory");
      const [flags, packing] = [at.getUint16(place + 8, true), at.getUint16(place + 10, true)];
      const [sum, packed, plain] = [16, 20, 24].map((by) => at.getUint32(place + by, true));
      const [long, extra, comment] = [28, 30, 32].map((by) => at.getUint16(place + by, true));
      const local = at.getUint32(place + 42, true);
      const name = latin1(bytes.subarray(place + 46, place + 46 + long)).replace(ENDING, "");
      if (members.has(name)) throw broken("two arrays of one name");
      const known = [STORED, DEFLATED].includes(packing);
      if (flags & 1 || !known) throw broken("an unusual compression");
      if (at.getUint32(local, true) !== LOCAL) throw broken("a damaged archive");
      const start = local + 30 + at.getUint16(local + 26, true) + at.getUint16(local + 28, true);
      if (start + packed > bytes.length) throw broken("an archive that is cut off");
      total += plain;
      members.set(name, { name, packing, plain, sum, data: bytes.subarray(start, start + packed) });
      place += 46 + long + extra + comment;
    }
    if (total > MOST_BYTES) throw broken(`arrays of more than ${MOST_BYTES} bytes`);
    return members;
  }

  function unpacked(member, most) {
    const { packing, data } = member;
    if (packing === STORED) return Promise.resolve(data.subarray(0, most));
    return inflate([data], "deflate-raw", most);
  }

  /** What an array says of itself, which its size in the archive agrees with. */
  async function headerOf(member) {
    const start = await unpacked(member, Math.min(member.plain, LONGEST_HEADER + 12));
    const at = view(start);
    const version = start[6];
    if (latin1(start.subarray(0, 6)) !== "\x93NUMPY" || ![1, 2].includes(version) || start[7]) {
      throw broken(`the array ${member.name} in an unknown format`);
    }
    const begins = version === 1 ? 10 : 12;
    const size = version === 1 ? at.getUint16(8, true) : at.getUint32(8, true);
    const found = HEADER.exec(latin1(start.subarray(begins, begins + size)));
    if (!found) throw broken(`the array ${member.name} of another type`);
    const [, order, kind, bytes, columnsFirst, axes] = found;
    const shape = axes.split(",").filter((axis) => axis.trim()).map(Number);
    const item = Number(bytes) * (kind === "U" ? 4 : 1);
    const count = shape.reduce((product, axis) => product * axis, 1);
    const header = { shape, kind, item, count, big: order === ">", begins: begins + size };
    if (header.begins + count * item !== member.plain) {
      throw broken(`the array ${member.name} of another size than it says`);
    }
    return { ...header, bytes: count * item, columnsFirst: columnsFirst === "True" };
  }

  function half(bits) {
    const [sign, exponent, rest] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    if (exponent === 31) return rest ? NaN : sign * Infinity;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + rest / 1024) : 2 ** -14 * (rest / 1024));
  }

  /** How to read one number at a byte, for those that no array of the browser holds as they lie. */
  function readerOf(at, { kind, item, big }) {
    const little = !big;
    const name = `${kind}${item}`;
    const readers = {
      f2: (place) => half(at.getUint16(place, little)),
      f4: (place) => at.getFloat32(place, little),
      f8: (place) => at.getFloat64(place, little),
      i1: (place) => at.getInt8(place),
      u1: (place) => at.getUint8(place),
      i2: (place) => at.getInt16(place, little),
      u2: (place) => at.getUint16(place, little),
      i4: (place) => at.getInt32(place, little),
      u4: (place) => at.getUint32(place, little),
      i8: (place) => Number(at.getBigInt64(place, little)),
      u8: (place) => Number(at.getBigUint64(place, little)),
    };
    if (!readers[name]) throw broken(`an array of type ${name}`);
    return readers[name];
  }

  function numbersOf(plain, header) {
    const Kind = ARRAYS[`${header.kind}${header.item}`];
    const little = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
    let values;
    if (Kind && (header.item === 1 || header.big !== little)) {
      values = new Kind(plain.slice().buffer);
    } else {
      const read = readerOf(view(plain), header);
      values = Float64Array.from({ length: header.count }, (_, i) => read(i * header.item));
    }
    return header.columnsFirst ? rowsFirst(values, header.shape) : values;
  }

  /** Values in Fortran's order, brought to that of C. */
  function rowsFirst(values, shape) {
    const out = new values.constructor(values.length);
    const index = shape.map(() => 0);
    for (let i = 0; i < values.length; i++) {
      let from = 0;
      for (let axis = shape.length - 1; axis >= 0; axis--) from = from * shape[axis] + index[axis];
      out[i] = values[from];
      for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) {
        index[axis] = 0;
      }
    }
    return out;
  }

  function textOf(plain, { item, count, big }) {
    if (count !== 1) throw broken("several texts");
    const at = view(plain);
    let text = "";
    for (let place = 0; place < item; place += 4) {
      text += String.fromCodePoint(at.getUint32(place, !big));
    }
    return text.replace(/\0+$/, "");
  }

  /** An archive of arrays in memory, whose arrays are read one by one. */
  class ArrayArchive {
    static async open(bytes) {
      const archive = new ArrayArchive();
      archive.members = directoryOf(bytes);
      archive.headers = new Map();
      for (const member of archive.members.values()) {
        archive.headers.set(member.name, await headerOf(member));
      }
      return archive;
    }

    /** The values of one array: an array of numbers, or a text. */
    async read(name) {
      const [member, header] = [this.members.get(name), this.headers.get(name)];
      const whole = await unpacked(member, member.plain);
      if (whole.length !== member.plain || crc32([whole]) !== member.sum) {
        throw broken(`the array ${name} is damaged`);
      }
      const plain = whole.subarray(header.begins);
      return header.kind === "U" ? textOf(plain, header) : numbersOf(plain, header);
    }
  }

  quorate.ArrayArchive = ArrayArchive;
})();
