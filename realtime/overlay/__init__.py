"""The image that the user sees: boxes, labels, panels and text, drawn into a copy of the frame.

draw          composes the live screen and the annotated picture
panels        what each card says: label, mood, song, help
explanation   the panel that explains a label
widgets       lays out a card and paints it
layers        ink that is computed once and blended into many frames
shapes        masks, rounded plates, icons, face boxes
text          a line of text as a mask; wrap and shorten
shaping       which font draws which part of a line; renders the glyphs
bidi          grapheme clusters and bidirectional order
fonts         fonts of this machine, and the characters that they cover
"""
