"""Everything that is written: whole files, files that grow, films and logs."""
