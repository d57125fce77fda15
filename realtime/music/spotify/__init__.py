"""Spotify for users with an account: log in, control playback, build private playlists.

errors             what a refusal means, in a sentence (pure)
credentials        login and client id on disk
transport          one request, its timeout, its errors translated; the only module that imports spotipy
auth               PKCE login and its loopback callback page
client             the Web API calls that emodj makes
playback_state     what Spotify plays, polled as rarely as possible
remote_player      devices, and playing on them
playlist_builder   mix songs into a private playlist
desktop_app        the Spotify app of this computer, without an account
"""
