"""The page: emodj in a browser. A server on this computer gets pictures and frames of the browser and returns faces and mood.

guard      who may send what: hosts, origins, the key, sizes
server     the socket, and the server on it
routes     the addresses of the page, and what each answers
visits     one visit for each tab: its session, its choices
analysis   reads pictures and frames, one at a time
offers     music, songs, movies and a fact for a mood
songs      songs that the page plays, by number
dj         the DJ of a tab
spotify    Spotify's player as buttons, for the user who runs the server
static/    the page itself: HTML, style, scripts, a sample picture
"""
