"""Frame in, faces out: detection, quality, tracking and labels.

pipeline      one frame through all of the others
recent        which known faces of a live frame need another look
changes       where in a live frame to look for new faces
haar          the default detector: Haar cascades
cascade_view  one cascade, upright, tilted or mirrored
duplicates    several boxes of one face
yunet         another detector, if the settings ask for it
quality       why a crop cannot be read
tracker       which face is which from frame to frame
assignment    the assignment problem that the tracker solves
explainer     what a label depends on
labels        when a face changes its expression
calibration   what a face at rest looks like to the network, and offsets against it
kept_face     faces at rest that a person keeps
"""
