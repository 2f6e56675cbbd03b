// Keeps a campaign's page up to date; without it the page says what it said when it was opened.
(function () {
  "use strict";
  var EVERY = 5000; // milliseconds
  var PARTS_EVERY = 20000; // parts of the page that the server draws anew, at most so often
  var place = document.querySelector("[data-live-from]");
  if (!place) {
    return;
  }
  var before = null;
  var drawn = 0;

  function put(name, text) {
    var found = place.querySelector("[data-live=" + name + "]");
    if (found && found.textContent !== text) {
      found.textContent = text;
    }
  }

  function draw(html) {
    var page = new DOMParser().parseFromString(html, "text/html");
    document.querySelectorAll("[data-part]").forEach(function (part) {
      var found = page.querySelector("[data-part=" + part.dataset.part + "]");
      if (found) {
        part.replaceChildren.apply(part, Array.from(found.childNodes));
      }
    });
  }

  function drawParts() {
    if (Date.now() - drawn < PARTS_EVERY) {
      return false;
    }
    drawn = Date.now();
    fetch(location.pathname)
      .then(function (answer) {
        return answer.ok ? answer.text().then(draw) : null;
      })
      .catch(function () {}); // offline: the next one will do
    return true;
  }

  function show(told) {
    put("pledges", told.pledges.toLocaleString("en"));
    put("members", told.members.toLocaleString("en"));
    var progress = place.querySelector("progress");
    progress.value = Math.min(told.pledges, told.quorum);
    if (before === null) {
      before = told;
      return;
    }
    if (before.state !== told.state) {
      drawn = 0;
      put("note", "The campaign has moved on. Load this page again to see what is next.");
    }
    var same = before.pledges === told.pledges && before.state === told.state;
    if (same || drawParts()) {
      before = told;
    }
  }

  function ask() {
    if (document.hidden) {
      return;
    }
    fetch(place.dataset.liveFrom, { headers: { Accept: "application/json" } })
      .then(function (answer) {
        return answer.ok ? answer.json().then(show) : null;
      })
      .catch(function () {}); // offline: the next one will do
  }

  setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", ask);
})();
