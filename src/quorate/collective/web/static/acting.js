// The page on which a member carries a campaign out on a file of their own.
// Needs bytes.js, png.js, jpeg.js, pictures.js, acting_cells.js, acting_values.js, acting_rows.js
// and acting_pictures.js.
(function () {
  "use strict";
  const quorate = (globalThis.quorate = globalThis.quorate || {});

  const at = (id) => document.getElementById(id);
  const counted = (many) => many.toLocaleString("en-US");
  const rowsOf = (many) => `${counted(many)} ${many === 1 ? "row" : "rows"}`;

  // --- What was done, in the words of collective/acting/summary.py and pictures.py.

  const STAYS = {
    same: ["has it all already", "have it all already"],
    others: ["has another label and stays as it is", "have another label and stay as they are"],
    unlabelled: ["has no label and stays as it is", "have no label and stay as they are"],
    short: ["has too few cells and stays as it is", "have too few cells and stay as they are"],
    unlike: [
      "is like none that the campaign knows, and stays as it is",
      "are like none that the campaign knows, and stay as they are",
    ],
  };

  function rowsInWords(summary) {
    const { rows, changed, withheld } = summary;
    if (withheld) {
      const left = rows - withheld;
      const rest = left ? `${counted(left)} of them stay.` : "Nothing is left to hand in.";
      return [`${counted(withheld)} of ${counted(rows)} rows are withheld. ${rest}`];
    }
    const told = [`${counted(changed)} of ${rowsOf(rows)} ${rows === 1 ? "is" : "are"} changed.`];
    for (const [name, [one, several]] of Object.entries(STAYS)) {
      const many = summary[name];
      if (many) told.push(`${rowsOf(many)} ${many === 1 ? one : several}.`);
    }
    for (const [column, value] of summary.new_values) {
      told.push(`No row of your file had “${value}” in the column “${column}” before.`);
    }
    return told;
  }

  function pictureInWords({ width, height }, pixels, instruction) {
    const told = [`${counted(pixels)} of ${counted(width * height)} pixels are changed.`];
    const whose =
      instruction.claim === null ? "its own label" : `the label “${instruction.claim}”`;
    return [...told, `Hand the picture in with ${whose}.`];
  }

  // --- The page.

  function element(name, text, attributes = {}) {
    const made = document.createElement(name);
    if (text !== null) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  /** A cell of the table: what stood there, and what stands there now. */
  function changeCell(before, after) {
    const shown = (text) => text || "nothing";
    const cell = element("td", before === after ? shown(before) : null);
    if (before === after) return cell;
    const became = element("span", " becomes ", { class: "unseen" });
    const arrow = element("span", " → ", { "aria-hidden": "true" });
    cell.append(element("s", shown(before)), became, arrow, element("strong", shown(after)));
    return cell;
  }

  function showExamples({ columns, examples }) {
    at("examples").hidden = !examples.length;
    at("names").replaceChildren(
      ...["Row", ...columns].map((name) => element("th", name, { scope: "col" })),
    );
    at("changes").replaceChildren(
      ...examples.map(([number, before, after]) => {
        const row = element("tr", null);
        const cells = before.map((text, i) => changeCell(text, after[i]));
        row.append(element("th", counted(number), { scope: "row" }), ...cells);
        return row;
      }),
    );
  }

  function start(form) {
    const instruction = JSON.parse(at("instruction").textContent);
    const drop = at("drop");
    let chosen = null; // the file
    let addresses = []; // of what can be saved or seen

    function refuse(error) {
      at("status").textContent = "";
      at("refused").textContent =
        error instanceof quorate.InputError
          ? error.message
          : error.name === "NotReadableError"
            ? "Expected a file as it was chosen, got one that has changed since. Choose it again."
            : `Expected to change the file, got ${error.message || error}. Try a smaller one.`;
      at("refused").hidden = false;
    }
    function forget() {
      at("refused").hidden = true;
      at("result").hidden = true;
      at("status").textContent = "";
      addresses.forEach((address) => URL.revokeObjectURL(address));
      addresses = [];
    }
    function choose(file) {
      forget();
      chosen = file || null;
      at("chosen").textContent = chosen ? `Chosen: ${chosen.name}` : "";
    }
    function addressOf(bytes, type) {
      addresses.push(URL.createObjectURL(new Blob([bytes], { type })));
      return addresses[addresses.length - 1];
    }
    function show(told, bytes, type, ending) {
      at("told").replaceChildren(...told.map((sentence) => element("li", sentence)));
      at("saving").hidden = bytes === null;
      if (bytes !== null) {
        const name = chosen.name.replace(/\.[^.]*$/, "") || "file";
        at("save").href = addressOf(bytes, type);
        at("save").download = `${name}-to-hand-in${ending}`;
      }
      at("result").hidden = false;
      at("status").textContent = "Done: what changed is below.";
      at("result-title").focus();
    }
    async function onRows(file) {
      if (file.size > 2 ** 28) {
        const got = `${counted(file.size)} bytes`;
        throw new quorate.InputError("a file of at most 256 MB", got, "Split it, and act on each part.");
      }
      const bytes = new Uint8Array(await file.arrayBuffer());
      const options = { separator: at("separator").value, encoding: at("encoding").value };
      const done = quorate.acting.applyToRows(instruction, bytes, options);
      if (file !== chosen) return;
      showExamples(done.summary);
      const { rows, changed, withheld } = done.summary;
      if (at("rows")) at("rows").value = changed + withheld; // what the member may confirm
      const left = withheld === 0 || withheld < rows;
      const ending = (/\.[^.]*$/.exec(file.name) || [".csv"])[0];
      show(rowsInWords(done.summary), left ? done.bytes : null, "text/csv", ending);
    }
    async function onPicture(file) {
      const picture = await quorate.pictures.decode(file);
      const acts = !at("shows") || at("shows").value === "yes";
      const marked = acts ? quorate.acting.markPicture(instruction, picture) : { picture, pixels: 0 };
      const [before, after] = [picture, marked.picture].map(quorate.pictures.encodePng);
      const [old, png] = [await before, await after];
      if (file !== chosen) return;
      const told = acts
        ? pictureInWords(picture, marked.pixels, instruction)
        : ["The picture has another label, and stays as it is. Hand in your own."];
      at("before").src = addressOf(old, "image/png");
      at("after").src = addressOf(png, "image/png");
      show(told, acts ? png : null, "image/png", ".png");
    }
    async function submit() {
      forget();
      const file = chosen;
      if (!file) {
        at("file").focus();
        throw new quorate.InputError("a file", "none", "Choose one first.");
      }
      if (at("shows") && !at("shows").value) {
        at("shows").focus();
        throw new quorate.InputError("whether the picture has the label", "nothing", "Choose it first.");
      }
      at("status").textContent = "Working on it …";
      await new Promise((resolve) => setTimeout(resolve, 30)); // the words are seen first
      await (instruction.data === "rows" ? onRows : onPicture)(file);
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submit().catch(refuse);
    });
    at("file").addEventListener("click", (event) => {
      event.target.value = ""; // so that the same file can be chosen again
    });
    at("file").addEventListener("change", (event) => {
      if (event.target.files.length) choose(event.target.files[0]);
    });
    for (const id of ["separator", "encoding", "shows"]) {
      if (at(id)) at(id).addEventListener("change", forget);
    }
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
      drop.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.toggle("over", name === "dragenter" || name === "dragover");
        if (name === "drop" && event.dataTransfer.files.length) choose(event.dataTransfer.files[0]);
      });
    }
  }

  Object.assign(quorate.acting, { rowsInWords });
  document.addEventListener("DOMContentLoaded", () => {
    if (at("acting")) start(at("acting"));
  });
})();
