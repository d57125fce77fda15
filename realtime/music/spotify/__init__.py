"""Spotify for those who have an account: a login, the control of what is playing, playlists of one's own.

refusals           what a refusal means                              (pure, as the next two lines)
devices, states    what Spotify lists, and says is on
mixing             which songs make a playlist
tokens, clientid   the login on disk, and the app that it is for
wire               one request, and what may go wrong with it        (imports spotipy)
login, callback    how somebody logs in, and the page that they come back to
web                the requests that emodj makes
watch              what is on, asked for as rarely as will do
remote             a session's player: where it plays, and its keys
building           a playlist from a person's own and from searches
"""
