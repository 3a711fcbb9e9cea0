"""A space between prompt and answer stands where a writer of the script puts one, and white space that was given stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realmodels.text.spacing import continuation, spaced

WRITTEN = [  # prompt and answer as people write them
    ("The capital of France is", " Paris"),
    ("Die Hauptstadt heißt", " Köln"),
    ("Столица России —", " Москва"),
    ("Η πρωτεύουσα είναι η", " Αθήνα"),
    ("프랑스의 수도는", " 파리"),
    ("عاصمة فرنسا هي", " باريس"),
    ("בירת צרפת היא", " פריז"),
    ("फ़्रांस की राजधानी है", " पेरिस"),
    ("मुंबई शहर है।", " हाँ"),
    ("中国的首都是", "北京"),
    ("中国的首都是哪里？", "纽约"),
    ("中国的首都是哪里?", "纽约"),
    ("答案：", "Paris"),
    ("《西游记》的作者是", "吴承恩"),
    ("他说：“", "好"),
    ("フランスの首都は", "パリ"),
    ("サッカー", "日本"),
    ("เมืองหลวงของไทยคือ", "กรุงเทพ"),
    ("ນະຄອນຫຼວງ", "ວຽງຈັນ"),
    ("រាជធានី", "ភ្នំពេញ"),
    ("မြို့တော်", "နေပြည်တော်"),
    ("རྒྱལ་ས་", "ལྷ་ས"),
    ("The Japanese word for cat is", " 猫"),
    ("It was founded in", " 1984"),
    ("in 1984", " Orwell"),
    ("The price is", " $100"),
    ("It lies at", " -5 degrees"),
    ("The framework is called", " .NET"),
    ("The flag of France is", " 🇫🇷"),
    ("He asked", " ¿qué?"),
    ("The play is", " 'Hamlet'"),
    ("The play is", " “Hamlet”"),
    ("The capital (of France):", " Paris"),
    ('the word "x"', " is"),
    ("le mot « oui »", " est"),
    ("das Wort „ja“", " ist"),
    ("x =", " 5"),
    ("x=", "5"),
    ("COVID-", "19"),
    ("The answer—", "Paris"),
    ("f(", "x"),
    ('He said "', "Paris"),
    ("er sagte „", "ja"),
    ("il dit «", "oui"),
    ("han sa ”", "ja"),
    ("https://", "example.org"),
    ("The price is €", "5"),
    ("Hamlet", "'s mother"),
    ("Paris", ", France"),
    ("really", "?"),
    ("cafe\u0301", " noir"),
]


@pytest.mark.parametrize(("prompt", "answer"), WRITTEN)
def test_a_space_is_put_where_a_writer_puts_one(prompt, answer):
    assert continuation(prompt, answer.strip()) == (prompt, answer)
    assert spaced(prompt, answer.strip()) == answer.startswith(" ")


@pytest.mark.parametrize(
    ("prompt", "answer", "space", "stem", "text"),
    [
        ("A is in ", "France", None, "A is in", " France"),
        ("A is in  ", "  New  York \n", None, "A is in", " New  York"),
        ("A is in", "\u00a0France", None, "A is in", " France"),
        ("中国的首都是", " 北京", None, "中国的首都是", " 北京"),
        ("f(", " x", None, "f(", " x"),
        ("Q: who?\nA:\n", "Paris", None, "Q: who?\nA:", "\nParis"),
        ("def f(x):\n", "    return x", None, "def f(x):", "\n    return x"),
        ("a\t", "b", None, "a", "\tb"),
        ("A is in ", " France", False, "A is in", "France"),
        ("中国的首都是", "北京", True, "中国的首都是", " 北京"),
        ("f(", "x", True, "f(", " x"),
    ],
)
def test_white_space_that_was_given_stays_and_the_user_has_the_last_word(prompt, answer, space, stem, text):
    assert continuation(prompt, answer, space) == (stem, text)


@given(st.text(min_size=1), st.text(min_size=1))
def test_nothing_but_white_space_is_moved_and_a_second_look_changes_nothing(prompt, answer):
    stem, text = continuation(prompt, answer)
    assert stem == prompt.rstrip()
    assert text.strip() == answer.strip()
    assert text == text.rstrip() or not answer.strip()
    assert answer.strip() == "" or continuation(stem, text) == (stem, text)
