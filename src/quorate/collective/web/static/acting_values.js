// What the cells of one column say: which are the same value, and how they are written.
// The same rules as in collective/acting/column_texts.py and matching.py. Needs bytes.js.
(function () {
  "use strict";
  const quorate = (globalThis.quorate = globalThis.quorate || {});
  const refused = (expected, got, fix) => new quorate.InputError(expected, got, fix);

  const EXACT = 2 ** 53; // from here on, whole numbers that differ may be one
  const EDGES = /^[ \t\r\n\f\v\u200b\u200c\u200d\u2060\ufeff]+|[ \t\r\n\f\v\u200b\u200c\u200d\u2060\ufeff]+$/g;
  const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;
  const EXPONENT = "(?:[eE][+-]?[0-9]+)?";
  const whole = (source) => new RegExp(`^(?:${source})$`);
  const PLAIN = whole(
    `[+-]?(?:(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)${EXPONENT}|[iI]nf(?:inity)?|INF(?:INITY)?)`,
  );
  const GROUPED = {
    ".": whole(
      "[+-]?(?:[1-9][0-9]{0,2}(?:(?:,[0-9]{2,3})*,[0-9]{3}|(?:[ '_\u2019][0-9]{3})+))" +
        `(?:\\.[0-9]+)?${EXPONENT}`,
    ),
    ",": whole(
      "[+-]?(?:[0-9]+|[1-9][0-9]{0,2}(?:(?:\\.[0-9]{3})+|(?:[ '_\u2019][0-9]{3})+))" +
        `(?:,[0-9]+)?${EXPONENT}`,
    ),
  };

  /** A text without blanks around it, its letters composed, its blanks ordinary ones. */
  function cleanText(text) {
    const composed = /^[\0-\x7f]*$/.test(text) ? text : text.normalize("NFC").replace(SPACES, " ");
    return composed.replace(EDGES, "");
  }

  /** The number that a text spells, null where it spells none. */
  function numberIn(text, decimal = "") {
    let plain = cleanText(text).replaceAll("\u2212", "-");
    if (decimal && GROUPED[decimal].test(plain)) {
      plain = plain.replace(/[ '_\u2019]/g, "").replaceAll(decimal === "," ? "." : ",", "");
      plain = plain.replaceAll(",", ".");
    }
    if (!PLAIN.test(plain)) return null;
    const found = Number(plain.replace(/inf(?:inity)?/i, "Infinity"));
    return found + 0; // one zero, not two
  }

  function truthOf(text) {
    const lower = cleanText(text).toLowerCase();
    return lower === "true" ? true : lower === "false" ? false : null;
  }

  function bitOf(text) {
    const truth = truthOf(text);
    if (truth !== null) return Number(truth);
    const number = numberIn(text);
    return number === 0 || number === 1 ? number : null;
  }

  /** The number of a text in a column with this decimal sign. */
  function inColumn(text, decimal) {
    const number = numberIn(text, decimal);
    const plainly = decimal === "," && text.includes(".") && number === numberIn(text);
    return plainly ? null : number;
  }

  /** How a column's numbers are written: "", "." or ","; null where it holds others. */
  function decimalOf(name, texts, holdsNames) {
    if (!texts.length) return null;
    if (texts.every((text) => PLAIN.test(text))) {
      return texts.some((text) => Math.abs(numberIn(text)) >= EXACT) ? null : "";
    }
    if (holdsNames) return null;
    const read = {};
    for (const sign of [".", ","]) read[sign] = texts.map((text) => inColumn(text, sign));
    const signs = [".", ","].filter((sign) => !read[sign].includes(null));
    if (signs.length === 2) {
      const odd = texts.findIndex((_, i) => read["."][i] !== read[","][i]);
      if (odd >= 0) {
        throw refused(
          `numbers in the column '${name}' that can be read in one way`,
          `'${texts[odd]}'`,
          "Write them in your file without signs between thousands, decimals with a point.",
        );
      }
    }
    return signs.length ? signs[0] : null;
  }

  /** The different values of one column: its cells as they are written, and what they say. */
  class ColumnTexts {
    constructor(name, written, holdsNames) {
      const counts = new Map(); // by text, then by how it is written
      let quoted = written.length > 0;
      const order = [];
      for (const [one, text] of written) {
        let ways = counts.get(text);
        if (!ways) counts.set(text, (ways = new Map()));
        if (!ways.has(one)) order.push([one, text]);
        ways.set(one, (ways.get(one) || 0) + 1);
        quoted = quoted && one.startsWith('"');
      }
      this.name = name;
      this.texts = [...counts.keys()];
      this.known = new Set(this.texts);
      this.numbers = decimalOf(name, this.texts, holdsNames);
      this.truths = this.texts.length > 0 && this.texts.every((text) => truthOf(text) !== null);
      this.quoted = quoted;
      this.keys = new Map();
      this.spellings = new Map();
      for (const [one, text] of order) {
        const key = this.key(text);
        if (!this.spellings.has(key)) this.spellings.set(key, new Map());
        const ways = this.spellings.get(key);
        ways.set(one, (ways.get(one) || 0) + counts.get(text).get(one));
      }
    }

    /** What two texts share that are the same value. */
    key(text) {
      let found = this.keys.get(text);
      if (found === undefined) this.keys.set(text, (found = this.madeKey(text)));
      return found;
    }

    madeKey(text) {
      let same = null;
      if (this.numbers !== null) same = inColumn(text, this.numbers);
      else if (this.truths) same = truthOf(text);
      return same === null ? text : same;
    }

    /** The key of a value as a campaign writes it; null where no cell has it. */
    find(value) {
      const text = cleanText(value);
      if (this.numbers === null && this.known.has(text)) return this.key(text);
      const number = numberIn(text);
      if (this.numbers !== null && number !== null) {
        return this.spellings.has(number) ? number : null;
      }
      const ways = [numberIn, truthOf];
      if (this.texts.length && this.texts.every((one) => bitOf(one) !== null)) ways.push(bitOf);
      for (const same of ways) {
        const wanted = same(text);
        if (wanted === null) continue;
        const alike = this.texts.filter((one) => same(one) === wanted);
        const keys = new Set(alike.map((one) => this.key(one)));
        if (keys.size > 1) {
          throw refused(
            `one value of the column '${this.name}' to be meant by '${value}'`,
            alike.slice(0, 5).join(", "),
            "Write them alike in your file first.",
          );
        }
        if (keys.size) return [...keys][0];
      }
      const near = this.texts.find((one) => one.toLowerCase() === text.toLowerCase());
      if (near !== undefined) {
        throw refused(
          `'${value}' in the column '${this.name}' as the campaign writes it`,
          `'${near}'`,
          "Write it in your file as the campaign does, if it is the same.",
        );
      }
      return null;
    }

    /** How the file mostly writes a value that it has; of equals, the first. */
    spelled(key) {
      let best = null;
      for (const [one, count] of this.spellings.get(key)) {
        if (best === null || count > best[1]) best = [one, count];
      }
      return best[0];
    }

    /** How a value that the file has not yet is written in it. */
    newlySpelled(value, separator) {
      let text = cleanText(value);
      if (this.numbers !== null && this.texts.length) {
        if (!PLAIN.test(text)) {
          throw refused(
            `a number for the column '${this.name}', whose values in your file are numbers`,
            `'${value}'`,
            "Check that it is the campaign's column.",
          );
        }
        if (this.numbers === ",") text = text.replaceAll(".", ",");
      }
      const signs = [separator, '"', "\r", "\n"].some((sign) => text.includes(sign));
      return this.quoted || signs ? `"${text.replaceAll('"', '""')}"` : text;
    }
  }

  /** Finds the label that a rule, learned from the collective's rows, says for a row. */
  class Matcher {
    constructor(rule, columns) {
      this.otherwise = rule.otherwise;
      this.names = rule.columns.map((column) => cleanText(column.name));
      this.columns = rule.columns.map((learned, i) => ({
        learned,
        column: columns.get(this.names[i]),
        known: new Map(),
      }));
      this.claims = new Map();
      rule.kinds.forEach((kind, i) => {
        const code = kind.map((value, j) =>
          rule.columns[j].values ? value : featureOf(value, rule.columns[j]),
        );
        const key = code.join(" ");
        if (!this.claims.has(key)) this.claims.set(key, rule.claims[i]);
      });
    }

    /** The label for a row, by its cleaned texts; null where the rule has none. */
    claim(texts) {
      const kind = [];
      for (let i = 0; i < this.columns.length; i++) {
        const { learned, column, known } = this.columns[i];
        const text = texts[i];
        if (!known.has(text)) known.set(text, codeOf(text, learned, column));
        const code = known.get(text);
        if (code === null) return this.otherwise;
        kind.push(code);
      }
      const found = this.claims.get(kind.join(" "));
      return found === undefined ? this.otherwise : found;
    }
  }

  /** A number as the library's tables hold it: standardised, in single precision. */
  function featureOf(value, { mean, scale }) {
    return Math.fround((value - mean) / scale) + 0;
  }

  function codeOf(text, learned, column) {
    if (!learned.values) {
      const number = column.numbers === null ? numberIn(text) : column.key(text);
      return typeof number === "number" ? featureOf(number, learned) : null;
    }
    const exact = learned.values.indexOf(text);
    if (exact >= 0) return exact;
    for (const same of [numberIn, truthOf]) {
      const wanted = same(text);
      if (wanted === null) continue;
      const found = learned.values.flatMap((one, i) => (same(cleanText(one)) === wanted ? [i] : []));
      if (found.length === 1) return found[0];
    }
    return null;
  }

  quorate.acting = quorate.acting || {};
  Object.assign(quorate.acting, { cleanText, numberIn, ColumnTexts, Matcher });
})();
