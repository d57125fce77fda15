"""Runs a session. The one room that puts settings and parts together.

build           puts the parts together
run             runs a live session on a display or without one
live            the live loop of a display: frames, keys, notices
headless        the live loop without a display
stills          still pictures: find, analyse, write
display         what a display must do, for a window or a page
window          the display on an OpenCV window
key_codes       the key names of OpenCV's key codes
outputs         where results go: stdout, log, film, snapshots
summary_file    the file that keeps the summary of a session
output_thread   a thread that writes in order, and does not make the window wait
worker          a thread that works on the newest task
explanations    a thread that explains the label of the largest face
rates           frame rate and latency
"""
