"""Black-box models behind an HTTP API: the client, and a server to practise on."""
