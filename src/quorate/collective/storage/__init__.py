"""Where campaigns are stored: tables, their migrations, and the one thread that writes."""
