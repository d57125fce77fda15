"""Spotify for those who have an account: a login, the control of what is playing, playlists of one's own.

refusals, mixing   pure: what a refusal means; which songs make a playlist
tokens             the login on disk
wire               one request, and what may go wrong with it        (imports spotipy)
login, callback    how somebody logs in, and the page that they come back to
web                the requests that emodj makes
remote             a session's player: devices, keys, what is on
building           a playlist from a person's own and from searches
"""
