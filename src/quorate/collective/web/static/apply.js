// The page on which a member adds their group's change to a picture of their own.
// Needs bytes.js, png.js, jpeg.js, pictures.js, archives.js and change.js with what it needs.
(function () {
  "use strict";
  const quorate = (globalThis.quorate = globalThis.quorate || {});

  const LONGEST = 640; // pixels of the longer side of a picture as it is shown
  const GREY = 128; // where the difference is none

  const at = (id) => document.getElementById(id);

  /** A number with some decimals, as Python writes it: of two as near, the even one. */
  function fixed(value, decimals) {
    const scaled = value * 10 ** decimals;
    const between = Number.isInteger(value * 2 ** (decimals + 1)) && (2 * scaled) % 2 === 1;
    const below = Math.floor(scaled);
    return ((between ? below + (below % 2) : scaled) / 10 ** decimals).toFixed(decimals);
  }

  /** A number of at least 0 in few digits, likewise. */
  function brief(value, digits) {
    const decimals = digits - 1 - Number(value.toExponential().split("e")[1]);
    return String(Number(decimals < 0 ? value.toPrecision(digits) : fixed(value, decimals)));
  }

  // --- What is said of a changed picture, as `quorate apply` says it.

  function sizeInWords({ size, trainedSize, way }) {
    const [[width, height], [w, h]] = [size, trainedSize];
    if (way === "by value") {
      return (
        "Any size: each value becomes another wherever it stands, as in pictures of " +
        `${w} x ${h}, which it was found for.`
      );
    }
    let blocks = "";
    if (way === "smoothly") blocks = " It is spread smoothly between its values.";
    else if (width > w || height > h) {
      const [wide, high] = [Math.max(1, width / w), Math.max(1, height / h)];
      blocks =
        ` Each of its values covers about ${brief(wide, 3)} x ${brief(high, 3)} pixels, a block ` +
        "that people may see.";
    }
    return (
      `Not exact: the change was made for ${w} x ${h} and brought to this size.${blocks} What ` +
      "the platform sees of it depends on how it makes pictures smaller."
    );
  }

  function brightnessInWords({ clipped }) {
    const share = fixed(100 * Math.max(clipped, 1e-4), 2);
    const less = clipped
      ? ` In ${share}% of the pixels one of them is at black or white and took less.`
      : "";
    return (
      "Brightness: the change was made for grey pictures. It was added to red, green and blue " +
      `alike, so your picture keeps its colours.${less}`
    );
  }

  function changeInWords(facts) {
    const sizes = `argest change of a value ${facts.largest}, mean ${fixed(facts.mean, 1)}.`;
    if (facts.noBudget) {
      const distance = "The largest is its L∞ distance, in levels of 255.";
      return `Size of the change: no budget, so that people may see it. L${sizes} ${distance}`;
    }
    const budget =
      facts.norm === "linf"
        ? `budget ${brief(facts.budget, 6)} of 255 levels a value`
        : `budget a length of ${brief(facts.budget, 4)} levels`;
    const used = `used here ${brief(facts.used, 4)}`;
    return `Size of the change: ${budget}; ${used}. L${sizes}`;
  }

  /** What a member should know of a changed picture, in sentences. */
  function sentences(facts) {
    const { label } = facts;
    const whose = label === null ? "the same change for everyone" : `for “${label}”`;
    const told = [
      `${facts.size[0]} x ${facts.size[1]} pixels, ${whose}. The new file keeps nothing of what ` +
        "a camera writes into pictures, such as the place and the date.",
      changeInWords(facts),
    ];
    if (!facts.largest) told.push("Nothing changed: the new file shows the picture as it was.");
    if (facts.brightness && facts.largest) told.push(brightnessInWords(facts));
    if (facts.madeColour) {
      told.push("Colour: your picture was grey; the change has colours, so the new file has.");
    }
    const same = facts.size.every((side, i) => side === facts.trainedSize[i]);
    return same ? told : [...told, sizeInWords(facts)];
  }

  // --- Pictures on the page, small.

  /** A picture as large as a panel: whether it is smaller, and how each of its pixels is found. */
  function panelOf({ width, height }) {
    const scale = Math.min(1, LONGEST / Math.max(width, height));
    const [w, h] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
    const start = (place, few, many) => Math.floor((place * many) / few);
    const places = { column: (x) => start(x, w, width), row: (y) => start(y, h, height) };
    return { w, h, smaller: scale < 1, ...places };
  }

  function draw(canvas, panel, colourAt) {
    [canvas.width, canvas.height] = [panel.w, panel.h];
    canvas.classList.toggle("smooth", panel.smaller);
    const context = canvas.getContext("2d");
    const image = context.createImageData(panel.w, panel.h);
    for (let y = 0, to = 0; y < panel.h; y++) {
      for (let x = 0; x < panel.w; x++, to += 4) {
        colourAt(x, y, image.data, to);
        image.data[to + 3] = 255;
      }
    }
    context.putImageData(image, 0, 0);
  }

  /** Draw a picture: each pixel of the panel is the mean of those that it stands for. */
  function drawPicture(canvas, { width, channels, data }, panel) {
    draw(canvas, panel, (x, y, out, to) => {
      const [left, top] = [panel.column(x), panel.row(y)];
      const [right, below] = [panel.column(x + 1), panel.row(y + 1)];
      const sums = [0, 0, 0];
      for (let row = top; row < below; row++) {
        for (let column = left; column < right; column++) {
          const from = channels * (row * width + column);
          for (let band = 0; band < 3; band++) {
            sums[band] += data[from + (channels === 1 ? 0 : band)];
          }
        }
      }
      const many = (right - left) * (below - top);
      for (let band = 0; band < 3; band++) out[to + band] = sums[band] / many;
    });
  }

  /** Draw the difference of single pixels, `factor` times as strong. */
  function drawDifference(canvas, before, after, panel, factor) {
    const { width, channels } = before;
    draw(canvas, panel, (x, y, out, to) => {
      const from = channels * (panel.row(y) * width + panel.column(x));
      for (let band = 0; band < 3; band++) {
        const place = from + (channels === 1 ? 0 : band);
        out[to + band] = GREY + factor * (after.data[place] - before.data[place]);
      }
    });
  }

  // --- The page.

  function start(form) {
    const file = quorate.bytes.fromBase64(JSON.parse(at("change-file").textContent));
    const change = quorate.change.read(file);
    change.catch(refuse); // told at once, and again when somebody tries
    at("by-camera").hidden = !navigator.maxTouchPoints; // telephones and tablets take photos
    const [label, factor, drop] = [at("label"), at("factor"), at("drop")];
    let chosen = null; // the picture's file
    let shown = null; // what is seen below
    let address = null; // of the file to save

    function refuse(error) {
      at("status").textContent = "";
      at("refused").textContent =
        error instanceof quorate.InputError
          ? error.message
          : `Expected to change the picture, got ${error.message || error}. Try a smaller one.`;
      at("refused").hidden = false;
    }
    function forget() {
      at("refused").hidden = true;
      at("result").hidden = true;
      at("status").textContent = "";
      shown = null;
      if (address) URL.revokeObjectURL(address);
      address = null;
    }
    function choose(file) {
      forget();
      chosen = file || null;
      at("chosen").textContent = chosen ? `Chosen: ${chosen.name}` : "";
    }
    function showDifference() {
      if (!shown) return;
      const times = Number(factor.value);
      const strong = times > 1 ? `${times} times as strong` : "as strong as it is";
      at("times").textContent = strong;
      const { before, after, panel } = shown;
      drawDifference(at("difference"), before, after, panel, times);
      const largest = `largest ${shown.facts.largest} of 255 levels`;
      const words = `The difference, ${strong}: ${largest}`;
      at("difference").setAttribute("aria-label", words);
    }
    function show(applied, png, name) {
      shown = { ...applied, panel: panelOf(applied.before) };
      drawPicture(at("before"), applied.before, shown.panel);
      drawPicture(at("after"), applied.after, shown.panel);
      factor.value = Math.floor(127 / Math.max(1, applied.facts.largest));
      at("told").replaceChildren(
        ...sentences(applied.facts).map((sentence) => {
          const line = document.createElement("li");
          line.textContent = sentence;
          return line;
        }),
      );
      address = URL.createObjectURL(new Blob([png], { type: "image/png" }));
      at("save").href = address;
      at("save").download = `${name.replace(/\.[^.]*$/, "") || "picture"}-changed.png`;
      at("result").hidden = false;
      showDifference();
      at("status").textContent = "Done: the changed picture is below.";
      at("result-title").focus();
    }
    async function submit() {
      forget();
      const file = chosen;
      if (!file) {
        at("picture").focus();
        throw new quorate.InputError("a picture", "none", "Choose one first.");
      }
      if (label && !label.value) {
        label.focus();
        throw new quorate.InputError("what the picture truly shows", "nothing", "Choose it first.");
      }
      at("status").textContent = "Working on it …";
      await new Promise((resolve) => setTimeout(resolve, 30)); // the words are seen first
      const picture = await quorate.pictures.decode(file);
      const applied = await quorate.change.apply(await change, picture, label && label.value);
      const png = await quorate.pictures.encodePng(applied.after);
      if (file === chosen) show(applied, png, file.name);
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submit().catch(refuse);
    });
    for (const id of ["picture", "photo"]) {
      at(id).addEventListener("change", (event) => {
        if (event.target.files.length) choose(event.target.files[0]);
      });
    }
    if (label) label.addEventListener("change", forget);
    factor.addEventListener("input", showDifference);
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
      drop.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.toggle("over", name === "dragenter" || name === "dragover");
        const { files } = event.dataTransfer;
        if (name === "drop" && files.length) choose(files[0]);
      });
    }
  }

  quorate.applying = { sentences };
  document.addEventListener("DOMContentLoaded", () => {
    if (at("applying")) start(at("applying"));
  });
})();
