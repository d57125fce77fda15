"""State of a live session, its keys, its view and its documents. Pure: no device, disk, clock, network or thread.

state              what a session knows, and what each key does to it
keymap             the one table of keys
keyboard_layouts   the Latin letter at the place of a key
view               what a screen or a page shows
documents          the JSON documents
"""
