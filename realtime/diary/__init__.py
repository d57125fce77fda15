"""The diary: one line a session, only for those who turn it on, in one file on this computer.

entry        a line, and what makes one of a session
store        the file
page         the line that a running session will write
days         lines to days: the mood and the valence of each
text_plots   a year of squares and a week's curve for a terminal
svg_plots    the same as SVG, and on a page
png_plots    the same as a picture
export       the lines as CSV and JSON
"""
