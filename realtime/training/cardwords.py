"""The sentences of a model card that no figure changes; those that begin with `FER_` are about FER-2013 alone."""

WHAT = """It reads a grey crop of a face, 48×48 pixels, and says how probable each of seven expressions is: angry, disgust,
fear, happy, neutral, sad, surprise. It says what an expression looks like, not what somebody feels: people smile in distress
and frown in thought."""

USES = """## What it is for, and what it is not for

It chooses music that fits the faces before a camera, on the computer of the people who are seen and want it.

It is not for work, school, hiring, health, policing, insurance, credit, advertising, the detection of lies, the watching of
people who did not ask for it, or any other decision about people. What a face looks like is no evidence of a feeling, an
intention, an illness or a character."""

FER_DATA = """
FER-2013 (Goodfellow et al. 2013, arXiv:1307.0414): faces from pictures that a web search found. It is for research; the
pictures have no licence, and neither they nor parts of them come with emodj. Votes, where there are some, are those of FER+
(Barsoum et al. 2016, arXiv:1608.01041); these labels are under the MIT licence."""

OTHER_DATA = """
emodj cannot tell whose pictures they are: whether they may be used for this, and whether the people in them agreed, is for
whoever trains or measures with them to know."""

FER_LABELS = """A label of FER-2013 is the word that the picture was searched with, looked through by hand."""

OTHER_LABELS = """A label says what one person, or a search, called a face."""

VOTES = """Ten people each then said what they saw:"""

NO_VOTES = """No other people's votes are in these data, so how far people agree on them is not known."""

NOISE = """So nobody can be right on all labels: above what people agree on, a network learns how these labels were made."""

FER_PARTS = {"training": "Training", "public": "PublicTest", "private": "PrivateTest"}

FER_SPLIT = """Training is to learn from, without pictures in which the crowd saw no face; PublicTest is for choosing (length
and kind of the run, correction of the answers, temperature, threshold); PrivateTest is for the report alone."""

COPIES = """Some photos of the test part are in the training part as well, as copies or other crops: the figures without them
are given beside the others."""

CHOSEN_HERE = """What is chosen after training (correction for the class prior, temperature, threshold) may have been chosen on
the very images of this report: then its figures flatter the network."""

GROUPS = {
    "original labels": "labels",
    "without copies of training": "labels, without photos that are also in the training part",
    "clear majority": "what more than five of ten people saw",
}

FER_GROUPS = {
    "original labels": "original labels",
    "without copies of training": "original labels, without photos that are also in Training",
    "clear majority": "what more than five of ten people saw (FER+)",
}

FER_BIAS = """- The pictures were found by words in English, and many are posed, of actors or for stock photography: plain,
  strong expressions. Some ages and skin colours are in them much more often than others.
- Disgust is rare in them; and what their labels call fear, people seldom see as fear."""

BIAS = """- How well the network reads people of different age, sex, skin or culture was not measured: the data do not say who
  is in them. Expect it to be worse for those who are rare in them.
- It reads faces that look at the camera. Turned, dark, blurred or covered ones it reads wrongly more often."""
