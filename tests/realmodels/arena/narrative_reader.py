"""A reader who knows nothing of how stories are made: learns the world from frame and recaps, and answers questions."""

import re
from dataclasses import dataclass, field

from realmodels.arena.story import Story

N, P = r"(?P<{}>[^ ,.:，。：]+?)", r"(?P<P>.+?)"


def patterns(*forms: str) -> list[tuple[str, re.Pattern]]:
    """Of "kind form": the form with A, B for a word, P, O, T, D for several."""
    made = []
    for form in forms:
        kind, text = form.split(" ", 1)
        text = re.sub(r"\{([ABC])\}", lambda m: N.format(m[1]), text)
        made.append((kind, re.compile(re.sub(r"\{([POTD])\}", r"(?P<\1>.+?)", text))))
    return made


RECAPS = {
    "en": patterns(
        "here {A} arrived", "at {A} went to {P}", "home {A} made {P} (?:his|her) home", "give {A} gave {O} to {B}",
        "take {A} stole {O} from {B}", "take {A} won {O} from {B}", "trust {A} came to trust {B} most",
        "grudge {A} now counted {B} as (?:his|her) worst enemy", "debt {A} ran into debt with {B}",
        "open {A} promised {B} to {T}",
        "kept {A} kept the promise made to {B} and {D}", "broken {A} broke the promise made to {B} to {T}",
    ),
    "zh": patterns(
        "here {A}来了", "at {A}去了{P}", "home {A}搬到{P}住下", "give {A}把{O}给了{B}", "take {A}偷走了{B}的{O}",
        "take {A}从{B}那里赢走了{O}", "trust {A}从此最信任{B}", "grudge {A}从此最恨{B}", "debt {A}欠下了{B}的钱",
        "open {A}答应{B}，要{T}", "kept {A}履行了对{B}的诺言，{D}", "broken {A}对{B}食言，不肯{T}了",
    ),
}  # fmt: skip
QUESTIONS = {
    "en": patterns(
        r"at Where is {A} now\?", r"home Where does {A} live now\?", r"object Who has {O} now\?",
        r"trust Whom does {A} trust most now\?", r"grudge Whom does {A} count as (?:his|her) worst enemy now\?",
        r"debt To whom does {A} owe money now\?", r"open Who is now bound by a promise to {T}\?",
        r"to {A} is bound by a promise to {T}\. To whom did (?:he|she) make it\?", r"kept Who has kept the promise to {T}\?",
        r"broken Who was the last to break a promise to {T}\?",
    ),
    "zh": patterns(
        "at {A}现在人在哪里？", "home {A}现在住在哪里？", "object {O}现在在谁手里？", "trust {A}现在最信任谁？",
        "grudge {A}现在最恨谁？",
        "debt {A}现在欠谁的钱？", "open 答应了要{T}、现在还没办的是谁？", "to {A}答应了要{T}，这话是答应谁的？",
        "kept 有人答应过要{T}，最后是谁办到的？", "broken 答应了要{T}，最近一个食言的是谁？",
    ),
}  # fmt: skip
FRAMES = {
    "en": re.compile(r"(?P<A>\S+), .+?, lives at (?P<P>.+?)(?: and has (?P<O>.+?))?\."),
    "zh": re.compile(r"(?P<A>[^，]+)，[^，]+，住在(?P<P>[^，。]+)(?:，手里有(?P<O>[^，。]+))?。"),
}
HERE = {"en": re.compile(r"At (.+?): "), "zh": re.compile(r"在(.+?)：")}


@dataclass
class Reader:
    """history: of a slot, (chapter, value) in order, 0 being the frame. seen: the last chapter with a person in it."""

    story: Story
    tasks: dict[str, str]  # what was done: what was promised
    history: dict[tuple[str, str], list[tuple[int, str]]] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    read: int = 0

    def __post_init__(self):
        for line in self.story.frame.split("\n\n")[1].split("\n"):
            found = FRAMES[self.story.language].fullmatch(line)
            for slot in ("at", "home"):
                self.history[slot, found["A"]] = [(0, found["P"])]
            if found["O"]:
                self.history["object", found["O"]] = [(0, found["A"])]

    @property
    def people(self) -> list[str]:
        return [name for slot, name in self.history if slot == "home"]

    def chapter(self) -> list[tuple[str, dict[str, str]]]:
        """Read the next chapter's recap; what happened in it."""
        self.read += 1
        language, recap = self.story.language, self.story.chapters[self.read - 1].recap
        here = HERE[language].match(recap)
        events = []
        ends = r"\. |\.$|, and " if language == "en" else "。|，"
        rest = recap[here.end() :]
        while rest:
            kind, found = next(
                (kind, found) for kind, form in RECAPS[language] if (found := re.match(f"(?:{form.pattern})(?:{ends})", rest))
            )
            events.append((kind, found.groupdict()))
            rest = rest[found.end() :]
        for kind, words in events:
            self._learn(kind, words, here[1])
        return events

    def _learn(self, kind: str, words: dict[str, str], here: str) -> None:
        actor, other = words["A"], words.get("B")
        self.seen |= {who: self.read for who in (actor, other) if who}
        if kind in ("here", "at", "home"):
            self._add(("home" if kind == "home" else "at", actor), words.get("P", here))
        elif kind in ("give", "take"):
            holder, taker = (actor, other) if kind == "give" else (other, actor)
            assert self.now("object", words["O"]) == holder, "nobody gives or loses what he does not have"
            self._add(("object", words["O"]), taker)
        elif kind in ("trust", "grudge", "debt"):
            self._add((kind, actor), other)
        else:
            task = words["T"] if "T" in words else self.tasks[words["D"]]
            if kind != "open":
                assert self.now("task", task) == f"open {actor} {other}", "a promise is open before it ends"
            self._add(("task", task), f"{kind} {actor} {other}")
        for who in (actor, other):
            assert who is None or kind == "at" or self.now("at", who) == here, f"{who} is where the chapter is"

    def _add(self, slot: tuple[str, str], value: str) -> None:
        self.history.setdefault(slot, []).append((self.read, value))

    def now(self, *slot: str) -> str | None:
        return self.history[slot][-1][1] if slot in self.history else None

    def answer(self, question: str) -> tuple[int, str, list[str], set[str]]:
        """(chapter, answer, answers before it without it, all that were ever right)."""
        kind, found = next((k, f) for k, form in QUESTIONS[self.story.language] if (f := form.fullmatch(question)))
        words = found.groupdict()
        if "T" not in words:
            slot = kind, words.get("A") or words["O"]
            chapter, values = self.history[slot][-1][0], [value for _, value in self.history[slot]]
            chapter = self.seen[words["A"]] if kind == "at" else chapter
        else:
            chapter, told = self.history["task", words["T"]][-1][0], [v.split() for _, v in self.history["task", words["T"]]]
            status, actor, _ = told[-1]
            assert status == ("open" if kind == "to" else kind), "the question fits the state of the promise"
            values = [who for how, who, _ in told if how == ("broken" if kind == "broken" else "open")]
            if kind == "to":
                assert actor == words["A"]
                values = [to for how, who, to in told if how == "open" and who == actor]
                assert len(values) == 1, "one promise only"
        return chapter, values[-1], list(dict.fromkeys(v for v in values if v != values[-1])), set(values)
