// Shows the description of the API; both files are served from here.
(function () {
  "use strict";
  window.SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger", validatorUrl: null });
})();
