"""Reading people from pictures: folders, Parquet files and data sets of the hub."""
