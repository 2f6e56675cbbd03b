// Keys 1 to 9 choose a label; without this the buttons do.
(function () {
  "use strict";
  var form = document.querySelector("[data-ask]");
  if (!form) {
    return;
  }
  var told = form.querySelector("[data-keys]");
  if (told) {
    told.hidden = false;
  }
  document.addEventListener("keydown", function (event) {
    var plain = !(event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.repeat);
    if (!plain || !/^[1-9]$/.test(event.key)) {
      return;
    }
    var button = form.querySelectorAll("button[name=label]")[Number(event.key) - 1];
    if (button) {
      event.preventDefault();
      button.click();
    }
  });
  form.addEventListener("submit", function () {
    setTimeout(function () {
      form.querySelectorAll("button").forEach(function (button) {
        button.disabled = true; // once is enough; the field that was sent is already read
      });
    });
  });
})();
