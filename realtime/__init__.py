"""emodj: expressions on camera or in a picture, and a playlist that fits; everything on this computer."""
