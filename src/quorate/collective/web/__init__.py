"""The coordinator in a browser and over HTTP: pages, the JSON API, and what guards them."""
