"""Reading people from tables: CSV, Parquet and frames, as people write them."""
