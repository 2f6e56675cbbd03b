"""What every study uses: cells, a store of their records, one loop that runs what is missing."""
