// Keeps the counts of a campaign's page up to date; without it the page says what it said when it
// was opened.
(function () {
  "use strict";
  var EVERY = 5000; // milliseconds
  var place = document.querySelector("[data-live-from]");
  if (!place) {
    return;
  }
  var state = document.querySelector("[data-live=state]");
  var stateAtFirst = null;

  function put(name, text) {
    var found = place.querySelector("[data-live=" + name + "]");
    if (found && found.textContent !== text) {
      found.textContent = text;
    }
  }

  function show(told) {
    put("pledges", told.pledges.toLocaleString("en"));
    put("members", told.members.toLocaleString("en"));
    var progress = place.querySelector("progress");
    progress.value = Math.min(told.pledges, told.quorum);
    if (stateAtFirst === null) {
      stateAtFirst = told.state;
    } else if (stateAtFirst !== told.state && state) {
      state.textContent = told.state;
      put("note", "The campaign has moved on. Load this page again to see what is next.");
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
