"""Networks of a hub: fetch a release, keep it, lay the files of one for an upload. Only its commands ask the hub.

release    name of a release, its files, and the releases that were fetched
transfer   one file of the hub, within a time and a size
pull       fetch a release or YuNet, check it, and only then keep it
push       the files of a release of one's own, and their upload
"""
