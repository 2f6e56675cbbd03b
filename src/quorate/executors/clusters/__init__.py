"""What Dask, Slurm, Ray and engines of others share: messages to other machines, pools, jobs."""
