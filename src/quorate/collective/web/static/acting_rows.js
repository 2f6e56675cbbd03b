// Applies an instruction to a CSV file: what is not changed keeps every byte.
// The same as collective/acting/rows.py. Needs bytes.js, acting_cells.js and acting_values.js.
(function () {
  "use strict";
  const quorate = (globalThis.quorate = globalThis.quorate || {});
  const { readCells, unquoted, cleanText, numberIn, ColumnTexts, Matcher } = quorate.acting;
  const refused = (expected, got, fix) => new quorate.InputError(expected, got, fix);

  const EXAMPLES = 5; // rows that are shown before and after

  function needed(instruction) {
    const names = instruction.columns.map(([name]) => name);
    if (instruction.label !== null) names.push(instruction.label);
    if (instruction.claims !== null) names.push(...instruction.claims.columns.map((c) => c.name));
    return [...new Set(names.map(cleanText))];
  }

  function checkColumn(name, names, separator) {
    const times = names.filter((one) => one === name).length;
    if (!times) {
      let fix = `Known: ${names.slice(0, 40).join(", ")}. The first line of the file must name the columns.`;
      if (names.length === 1) {
        fix += ` If another sign than '${separator}' separates its cells, name it.`;
      }
      throw refused("a known column of your file", `'${name}'`, fix);
    }
    if (times > 1) throw refused(`one column called '${name}'`, `${times}`, "Rename the others.");
  }

  function checkHeader(cells, names) {
    cells.rows.forEach((row, i) => {
      if (row.length !== names.length || cleanText(cells.value(row[0])) !== names[0]) return;
      const again = row.every((place, j) => cleanText(cells.value(place)) === names[j]);
      if (again && names.some((name) => numberIn(name) === null)) {
        throw refused("one header line", `it again in row ${i + 1}`, "Take it out there.");
      }
    });
  }

  /** A file, and its columns as far as the instruction needs them. */
  class CsvFile {
    constructor(instruction, cells) {
      this.cells = cells;
      this.names = cells.header.map((place) => cleanText(cells.value(place)));
      const names = needed(instruction);
      for (const name of names) checkColumn(name, this.names, cells.separator);
      checkHeader(cells, this.names);
      this.at = new Map(names.map((name) => [name, this.names.indexOf(name)]));
      this.last = Math.max(-1, ...this.at.values());
      this.missing = new Set(["", ...instruction.missing.map(cleanText)]);
      const label = instruction.label === null ? null : cleanText(instruction.label);
      this.texts = new Map();
      this.columns = new Map();
      for (const name of names) this.read(name, name === label);
    }

    read(name, holdsNames) {
      const at = this.at.get(name);
      const said = new Map();
      const [written, texts] = [[], []];
      for (const row of this.cells.rows) {
        if (at >= row.length) {
          texts.push("");
          continue;
        }
        const one = this.cells.text.slice(row[at][0], row[at][1]);
        let text = said.get(one);
        if (text === undefined) said.set(one, (text = cleanText(unquoted(one))));
        texts.push(text);
        if (!this.missing.has(text)) written.push([one, text]);
      }
      this.texts.set(name, texts);
      this.columns.set(name, new ColumnTexts(name, written, holdsNames));
    }

    has(name, row, key) {
      if (name === null || key === null) return false;
      const text = this.texts.get(name)[row];
      return !this.missing.has(text) && this.columns.get(name).key(text) === key;
    }
  }

  function labelKey(instruction, file) {
    if (instruction.label === null) return [null, null];
    const label = cleanText(instruction.label);
    const { only } = instruction;
    return [label, only === null ? null : file.columns.get(label).find(only)];
  }

  const nothing = (rows) => ({
    ...{ rows, changed: 0, same: 0, others: 0, unlabelled: 0, short: 0, unlike: 0, withheld: 0 },
    ...{ new_values: [], columns: [], examples: [] },
  });

  /** The file without the rows of a data strike. */
  function withheld(instruction, file) {
    const { cells, missing } = file;
    const [label, wanted] = labelKey(instruction, file);
    const summary = nothing(cells.rows.length);
    const kept = [];
    let start = 0;
    cells.lines.forEach(([begin, end], row) => {
      if (instruction.only === null || file.has(label, row, wanted)) {
        kept.push(cells.text.slice(start, begin));
        start = end;
        summary.withheld++;
      } else if (label !== null && missing.has(file.texts.get(label)[row])) {
        summary.unlabelled++;
      }
    });
    kept.push(cells.text.slice(start));
    summary.others = summary.rows - summary.withheld - summary.unlabelled;
    return { text: kept.join(""), summary };
  }

  function setterOf(file, name, value) {
    const column = file.columns.get(name);
    const key = column.find(value);
    const spelled =
      key === null ? column.newlySpelled(value, file.cells.separator) : column.spelled(key);
    return { name, key, spelled, value, shown: cleanText(unquoted(spelled)) };
  }

  /** What one row needs: a list of setters, or why it is left alone. */
  function todoOf(instruction, file, row, { label, wanted, sets, matcher, claimOf }) {
    if (file.cells.rows[row].length <= file.last) return "short";
    if (label !== null && file.missing.has(file.texts.get(label)[row])) return "unlabelled";
    if (instruction.only !== null && !file.has(label, row, wanted)) return "others";
    let claimed = instruction.claim;
    if (matcher) {
      claimed = matcher.claim(matcher.names.map((name) => file.texts.get(name)[row]));
      if (claimed === null) return "unlike";
    }
    return claimed === null || label === null ? sets : [...sets, claimOf(claimed)];
  }

  /** The file with the columns set and the labels claimed. */
  function changed(instruction, file) {
    const { cells } = file;
    const [label, wanted] = labelKey(instruction, file);
    const sets = instruction.columns.map(([name, value]) => setterOf(file, cleanText(name), value));
    const matcher = instruction.claims === null ? null : new Matcher(instruction.claims, file.columns);
    const claims = new Map();
    const claimOf = (value) => {
      if (!claims.has(value)) claims.set(value, setterOf(file, label, value));
      return claims.get(value);
    };
    const rule = { label, wanted, sets, matcher, claimOf };
    const claiming = label !== null && (instruction.claim !== null || matcher !== null);
    const summary = nothing(cells.rows.length);
    summary.columns = [...sets.map((set) => set.name), ...(claiming ? [label] : [])];
    const edits = [];
    const used = new Map();
    for (let row = 0; row < cells.rows.length; row++) {
      const todo = todoOf(instruction, file, row, rule);
      if (typeof todo === "string") {
        summary[todo]++;
        continue;
      }
      const wrote = todo.filter((set) => !file.has(set.name, row, set.key));
      for (const set of wrote) {
        edits.push([cells.rows[row][file.at.get(set.name)], set.spelled]);
        if (set.key === null) used.set(`${set.name}\0${set.value}`, [set.name, set.value]);
      }
      summary[wrote.length ? "changed" : "same"]++;
      if (wrote.length && summary.examples.length < EXAMPLES) {
        const before = summary.columns.map((name) => file.texts.get(name)[row]);
        const after = summary.columns.map((name, i) => {
          const set = wrote.find((one) => one.name === name);
          return set ? set.shown : before[i];
        });
        summary.examples.push([row + 1, before, after]);
      }
    }
    summary.new_values = [...used.values()];
    return { text: edited(cells.text, edits), summary };
  }

  function edited(text, edits) {
    edits.sort((a, b) => a[0][0] - b[0][0] || a[0][1] - b[0][1]);
    const parts = [];
    let at = 0;
    for (const [[start, end], spelled] of edits) {
      parts.push(text.slice(at, start), spelled);
      at = end;
    }
    parts.push(text.slice(at));
    return parts.join("");
  }

  /** A member's CSV file (Uint8Array) as they hand it in: {bytes, summary}. */
  function applyToRows(instruction, bytes, options = {}) {
    const cells = readCells(bytes, options);
    const file = new CsvFile(instruction, cells);
    const { text, summary } = (instruction.withholds ? withheld : changed)(instruction, file);
    return { bytes: cells.encode(text), summary };
  }

  Object.assign(quorate.acting, { applyToRows });
})();
