// CSV files as text with the place of every cell, so that all that is not changed stays as it is.
// The same rules as in collective/acting/csv_cells.py, to the byte. Needs bytes.js.
(function () {
  "use strict";
  const quorate = (globalThis.quorate = globalThis.quorate || {});
  const { join } = quorate.bytes;

  const MOST_BYTES = 2 ** 28;
  const SEPARATORS = [",", ";", "\t"];
  const ENCODINGS = ["utf-8", "cp1252", "latin-1"];
  const LINES = 20; // of a file by which its separator is found
  const LONGEST_FIELD = 131072; // as Python's csv module has it
  const MARKS = [
    [[0xef, 0xbb, 0xbf], "utf-8"],
    [[0xff, 0xfe], "utf-16-le"],
    [[0xfe, 0xff], "utf-16-be"],
  ];
  const OTHERS = [
    [[0x1f, 0x8b], "a compressed file"],
    [[0x42, 0x5a, 0x68], "a compressed file"],
    [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "a compressed file"],
    [[0x50, 0x4b, 3, 4], "an archive, or a file of a spreadsheet program"],
    [[0xd0, 0xcf, 0x11, 0xe0], "a file of a spreadsheet program"],
    [[0x50, 0x41, 0x52, 0x31], "a parquet file"],
    [[0x25, 0x50, 0x44, 0x46], "a PDF"],
    [[0x89, 0x50, 0x4e, 0x47], "a picture"],
    [[0xff, 0xd8, 0xff], "a picture"],
  ];
  const BLANKS = " \t\r\n\f\v\u200b\u200c\u200d\u2060\ufeff\u00a0"; // around a cell, and kept there
  const AS_CSV = "Save it as CSV (UTF-8) in the program that made it.";

  const refused = (expected, got, fix) => new quorate.InputError(expected, got, fix);
  const begins = (bytes, sign) => sign.every((byte, i) => bytes[i] === byte);

  /** What a cell says that is written so. */
  function unquoted(written) {
    if (!written.startsWith('"')) return written;
    let end = written.indexOf('"', 1);
    while (written[end + 1] === '"') end = written.indexOf('"', end + 2);
    return written.slice(1, end).replaceAll('""', '"') + written.slice(end + 1);
  }

  // Bytes 0x80 to 0x9f of Windows' encoding; 0 for those that it does not have.
  const cp1252 = [
    0x20ac, 0, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152,
    0, 0x17d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161,
    0x203a, 0x153, 0, 0x17e, 0x178,
  ];
  const codesOf = (encoding) =>
    Array.from({ length: 256 }, (_, byte) =>
      encoding === "cp1252" && byte >= 0x80 && byte < 0xa0 ? cp1252[byte - 0x80] || null : byte,
    );

  function fromSingleBytes(bytes, encoding) {
    const codes = codesOf(encoding);
    const parts = [];
    for (let at = 0; at < bytes.length; at += 4096) {
      const some = Array.from(bytes.subarray(at, at + 4096), (byte) => codes[byte]);
      if (some.includes(null)) throw new TypeError("no such byte");
      parts.push(String.fromCharCode(...some));
    }
    return parts.join("");
  }

  function decode(bytes, encoding) {
    if (encoding === "cp1252" || encoding === "latin-1") return fromSingleBytes(bytes, encoding);
    const label = encoding.replace("16-", "16");
    return new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(bytes);
  }

  function encodeText(text, encoding) {
    if (encoding === "utf-8") return new TextEncoder().encode(text);
    if (encoding.startsWith("utf-16")) {
      const bytes = new Uint8Array(2 * text.length);
      const view = new DataView(bytes.buffer);
      for (let i = 0; i < text.length; i++) {
        view.setUint16(2 * i, text.charCodeAt(i), encoding === "utf-16-le");
      }
      return bytes;
    }
    const byteOf = new Map(codesOf(encoding).map((code, byte) => [code, byte]));
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) {
      const byte = byteOf.get(text.charCodeAt(i));
      if (byte === undefined) {
        throw refused(
          `a value that can be written in ${encoding}, the encoding of the file`,
          `'${String.fromCodePoint(text.codePointAt(i))}'`,
          "Save the file as UTF-8 first.",
        );
      }
      bytes[i] = byte;
    }
    return bytes;
  }

  function decoded(bytes, named) {
    if (bytes.length > MOST_BYTES) {
      throw refused(
        `a file of at most ${MOST_BYTES / 2 ** 20} MB`,
        `${bytes.length.toLocaleString("en-US")} bytes`,
        "Split it, and act on each part.",
      );
    }
    const other = OTHERS.find(([sign]) => begins(bytes, sign));
    if (other) throw refused("a CSV file", other[1], AS_CSV);
    if (named && !ENCODINGS.includes(named)) {
      throw refused("a known encoding", `'${named}'`, "Save the file as UTF-8 first.");
    }
    if (begins(bytes, [0xff, 0xfe, 0, 0]) || begins(bytes, [0, 0, 0xfe, 0xff])) {
      throw refused("UTF-8 or UTF-16", "UTF-32", "Save the file as UTF-8 first.");
    }
    const marked = MARKS.find(([sign]) => begins(bytes, sign));
    const mark = bytes.subarray(0, marked ? marked[0].length : 0);
    const encoding = marked ? marked[1] : named || "utf-8";
    try {
      return { text: decode(bytes.subarray(mark.length), encoding), mark, encoding };
    } catch {
      throw refused(
        `text in ${encoding}`,
        "other bytes",
        "If a spreadsheet on Windows saved it, name the encoding cp1252; else save it as UTF-8 " +
          "first.",
      );
    }
  }

  /** How many cells each of the first rows has, as Python's csv module reads them. */
  function widths(text, delimiter) {
    const found = [];
    let [state, cells, length] = ["record", 0, 0];
    const field = () => {
      cells++;
      length = 0;
    };
    const row = () => {
      if (cells) found.push(cells);
      [state, cells] = ["record", 0];
    };
    for (let i = 0; i < text.length && found.length < LINES; i++) {
      const sign = text[i];
      const ends = sign === "\n" || sign === "\r";
      if (ends && state !== "quoted") {
        if (state !== "record") field();
        row();
        if (sign === "\r" && text[i + 1] === "\n") i++;
        continue;
      }
      if (state === "record") state = "start";
      if (state === "start") {
        if (sign === '"') state = "quoted";
        else if (sign === delimiter) field();
        else if (sign !== " ") [state, length] = ["field", 1];
      } else if (state === "quoted") {
        if (sign === '"') state = "quote";
        else length++;
      } else if (state === "quote" && sign === '"') {
        [state, length] = ["quoted", length + 1];
      } else if (sign === delimiter) {
        field();
        state = "start";
      } else {
        [state, length] = ["field", length + 1];
      }
      if (length > LONGEST_FIELD) return [];
    }
    if (state !== "record" && found.length < LINES) {
      field();
      row();
    }
    return found;
  }

  function separatorOf(text) {
    const header = text.replace(/^[\r\n]+/, "").split("\n", 1)[0];
    const best = (worth) => SEPARATORS.reduce((a, b) => (worth(b) > worth(a) ? b : a));
    const width = Object.fromEntries(
      SEPARATORS.map((one) => {
        const seen = new Set(widths(text, one));
        return [one, seen.size === 1 ? [...seen][0] : 0];
      }),
    );
    const found = best((one) => width[one]);
    return width[found] > 1 ? found : best((one) => header.split(one).length);
  }

  /** The place of a cell without the blanks around it. */
  function core(text, start, end, quoted) {
    while (end > start && BLANKS.includes(text[end - 1])) end--;
    if (quoted) return [start, end];
    let first = start;
    while (first < end && BLANKS.includes(text[first])) first++;
    return first < end && text[first] === '"' ? [start, end] : [first, end];
  }

  /** The places of the cells of each row that is not blank, and those of its line. */
  function split(text, start, separator) {
    const sign = separator.replace(/[\\\]^-]/g, "\\$&");
    const space = separator === "\t" ? " " : " \\t";
    const blank = new RegExp(`[${space}]*(?:\\r\\n|\\r|\\n|$)`, "y");
    const cell = new RegExp(
      ` *(?:("[^"]*(?:""[^"]*)*"(?!")[^${sign}\\r\\n]*)|(?! *")([^${sign}\\r\\n]*))` +
        `([${sign}]|\\r\\n|\\r|\\n|$)`,
      "y",
    );
    const [rows, lines] = [[], []];
    let row = [];
    let begin = start;
    for (let at = start; at < text.length; ) {
      if (!row.length) {
        begin = at;
        blank.lastIndex = at;
        if (blank.test(text)) {
          at = blank.lastIndex;
          continue;
        }
      }
      cell.lastIndex = at;
      const found = cell.exec(text);
      if (!found) {
        const line = text.slice(0, at).split("\n").length;
        throw refused(
          "every quotation mark to be closed",
          `one in line ${line} that is not`,
          "Close it, or save the file again.",
        );
      }
      at = cell.lastIndex;
      const quoted = found[1] !== undefined;
      const end = at - found[3].length;
      row.push(core(text, end - (quoted ? found[1] : found[2]).length, end, quoted));
      if (found[3] === separator && at < text.length) continue;
      if (found[3] === separator) row.push([at, at]); // one more empty cell at the end
      rows.push(row);
      lines.push([begin, at]);
      row = [];
    }
    return { rows, lines };
  }

  function checkRows(header, rows) {
    const width = header.length;
    const isEmpty = ([start, end]) => start === end;
    const ended = rows.length > 0 && rows[0].length === width + 1;
    rows.forEach((row, i) => {
      if (ended && row.length === width + 1 && isEmpty(row[width])) row.pop();
      if (row.length > width) {
        throw refused(
          `at most ${width} cells in each row, as in the header line`,
          `${row.length} in row ${i + 1} below it`,
          "Name every column, or give another separator.",
        );
      }
    });
  }

  /** A CSV file (Uint8Array) with the place of every cell. */
  function readCells(bytes, { encoding = null, separator = null } = {}) {
    const { text, mark, encoding: found } = decoded(bytes, encoding);
    if (text.includes("\0")) throw refused("a CSV file", "one with zero bytes", AS_CSV);
    const body = text.replace(/\x1a+$/, ""); // as DOS ended files
    const hint = /^sep=([^\n])\r?\n/u.exec(body);
    const start = hint ? hint[0].length : 0;
    let sign = separator || (hint ? hint[1] : separatorOf(body.slice(start)));
    if (sign === "tab" || sign === "\\t") sign = "\t";
    if (sign.length !== 1 || '" \r\n'.includes(sign)) {
      throw refused(
        "a separator of one sign, such as ; or tab",
        `'${sign}'`,
        "Save the file with commas first.",
      );
    }
    const { rows, lines } = split(body, start, sign);
    if (!rows.length) {
      throw refused(
        "a header line with the names of the columns",
        "none",
        "Give a file whose first line names them.",
      );
    }
    const header = rows.shift();
    lines.shift();
    checkRows(header, rows);
    const value = ([from, to]) => unquoted(text.slice(from, to));
    const encode = (changed) => join([mark, encodeText(changed, found)]);
    return { text, separator: sign, header, rows, lines, value, encode };
  }

  quorate.acting = quorate.acting || {};
  Object.assign(quorate.acting, { readCells, unquoted, ENCODINGS });
})();
