from __future__ import annotations

import pytest

from realtime.music.local.code_pages import guess_code_page


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Ёлка – «Прованс»", "cp1251"),
        ("#EXTINF:215,McCartney - Жди меня\nmusic/Жди меня.mp3", "cp1251"),
        ("Мир – ДДТ", "cp1251"),
        ("ЗВЕЗДА", "cp1251"),
        ("Виктор Цой", "koi8_r"),
        ("Ζορμπάς", "cp1253"),
        ("宇多田ヒカル First Love", "cp932"),
        ("椎名林檎 本能", "cp932"),
        ("月亮代表我的心", "gb18030"),
        ("周杰倫 青花瓷", "big5"),
        ("서태지와 아이들", "cp949"),
    ],
)
def test_text_of_another_script_gets_its_code_page(text: str, codec: str) -> None:
    data = text.encode(codec)
    assert data.decode(guess_code_page(data)) == text
    # Lines in ASCII do not count
    assert guess_code_page(b"#EXTM3U\nmusic/one.mp3\n" * 999 + data) == guess_code_page(data)


@pytest.mark.parametrize("text", ["", "a", "Ö", "Für Elise", "Ænima", "Sigur Rós – Ágætis byrjun", "“Café”", "Æ Ø Å"])
def test_latin_text_stays_latin(text: str) -> None:
    assert guess_code_page(text.encode("cp1252")) == "cp1252"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((text, "cp1252") for text in ("Það þýðir", "Þýðir", "Þíða", "Þíða – Þýðir\nÞýðir", "Hjá þér", "Við þjóðveginn")),
        *((text, "cp1252") for text in ("ÆØÅ", "ÆØÅ\nÆØÅ", "Æ i å", "Få mæ på", "ÅÄÖ", "åäö", "LÖÖÖF", "Önsketrädgård")),
        *((text, "cp1254") for text in ("ÜÇÜNCÜ", "Şükür", "Değişir", "Gülşen – Büyü", "ŞÖLEN", "Çöğür")),
        *(
            (text, "cp1252")
            for text in ("ÄÖÜ", "Größe", "Übermäßig", "Öööh", "Été", "Élève", "ÉÉÉ", "Noël à l’église", "ÊTRE AIMÉE")
        ),
    ],
)
def test_title_with_many_letters_beyond_ascii_stays_latin(text: str, encoding: str) -> None:
    assert guess_code_page(text.encode(encoding)) == "cp1252"


@pytest.mark.parametrize("data", [bytes(range(256)), b"\x81", b"\xff" * 10_000, bytes(range(128, 256)) * 999])
def test_any_bytes_get_a_codec(data: bytes) -> None:
    assert data.decode(guess_code_page(data), "replace")
