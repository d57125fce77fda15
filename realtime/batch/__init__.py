"""Many pictures and films at once: a table with a row for each face.

rows        the columns of the table, and the rows of faces, of pictures without one, and of errors
reading     one picture or film in, its rows out; every engine calls it
sources     which files are read, in which order
replay      how a film goes on that was read in part
journal     what is done, on disk; a run that was ended goes on from there
results     the journal as one table: Parquet, CSV or JSON lines
table       a table that was written, read back
pool        the processes of this computer that read
cluster     the workers of a Dask cluster that read
batch       one run from its sources to its table
"""
