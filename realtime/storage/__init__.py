"""Everything that emodj writes: whole files, files that grow, films and logs."""
