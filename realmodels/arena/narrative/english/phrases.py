"""What English says in every genre: recaps, titles, questions, and the sentences that hold a chapter together."""

from realmodels.arena.narrative.english.events import EVENTS
from realmodels.arena.narrative.words import Phrases

RECAPS = {
    "arrive": "{A} arrived",
    "leave": "{A} went to {P}",
    "settle": "{A} made {P} {his} home",
    "give": "{A} gave {O} to {B}",
    "steal": "{A} stole {O} from {B}",
    "win": "{A} won {O} from {B}",
    "trust": "{A} came to trust {B} most",
    "grudge": "{A} now counted {B} as {his} worst enemy",
    "debt": "{A} ran into debt with {B}",
    "promise": "{A} promised {B} to {T}",
    "keep": "{A} kept the promise made to {B} and {D}",
    "break": "{A} broke the promise made to {B} to {T}",
}

TITLES = {
    "settle": ("A New Roof", "{A} Moves House"),
    "give": ("A Gift", "What {A} Gave", "{B} Is Surprised", "An Open Hand", "From {A} to {B}"),
    "steal": ("Quick Fingers", "{A} Helps {Himself}", "What {B} Lost", "An Empty Pocket"),
    "win": ("A Wager", "{A} in Luck", "{B} Loses", "High Stakes"),
    "trust": ("By One Candle", "{A} and {B}", "In Confidence", "What {A} Told {B}", "A Quiet Talk"),
    "grudge": ("Bad Blood", "{A} against {B}", "A Hard Word", "What {B} Said", "No Way Back"),
    "debt": ("Silver", "{A} Borrows", "What It Costs", "A Loan", "{B} Opens {His2} Purse"),
    "promise": (
        "{A} Gives {His} Word",
        "A Promise",
        "Hand on Heart",
        "What {B} Asked",
        "{A} Says Yes",
        "A Word before Witnesses",
    ),
    "keep": ("A Word Kept", "{A} Keeps Faith", "Done at Last", "{B} Is Glad", "As Promised"),
    "break": ("Nothing but Words", "{A} Breaks {His} Word", "A Promise Broken", "{B} Waits in Vain"),
}

QUESTIONS = {
    "at": "Where is {A} now?",
    "home": "Where does {A} live now?",
    "object": "Who has {O} now?",
    "trust": "Whom does {A} trust most now?",
    "grudge": "Whom does {A} count as {his} worst enemy now?",
    "debt": "To whom does {A} owe money now?",
    "open": "Who is now bound by a promise to {T}?",
    "open to": "{A} is bound by a promise to {T}. To whom did {he} make it?",
    "kept": "Who has kept the promise to {T}?",
    "broken": "Who was the last to break a promise to {T}?",
}

OPENINGS = {
    "at": "Now {A} is at",
    "home": "{A} now lives at",
    "object": "Now {O} belongs to",
    "trust": "The one whom {A} trusts most now is",
    "grudge": "The worst enemy of {A} now is",
    "debt": "{A} now owes money to",
    "open": "The one who is bound by a promise to {T} is",
    "open to": "The promise of {A} to {T} was made to",
    "kept": "The promise to {T} was kept by",
    "broken": "The promise to {T} was last broken by",
}

TIMES = (
    "Two days later",
    "On the third day after that",
    "The week turned, and",
    "Before the next market day",
    "It was a Friday, and",
    "Nothing much happened for a while; then",
    "Four days went by, and",
    "The next day",
    "By the time the moon was new,",
    "After a restless Sunday",
    "Soon after that",
    "Another week passed, and",
    "A few days later",
    "Toward the end of that week",
)

BRIDGES = (
    "That was not all.",
    "The talk drifted to other matters, and then back again.",
    "For a while there was only the sound of spoons.",
    "Somebody put wood on the fire.",
    "A bottle went round, and tongues grew looser.",
    "One thing led to another.",
    "The lamp flickered and steadied again.",
    "Nobody had meant to stay so long.",
    "There were a few jokes, and nobody listened to them.",
    "It grew warmer in the room, and coats were taken off.",
    "Somebody told a story that went nowhere.",
    "Another round of tea was poured.",
    "It might have ended there.",
    "There was a pause in which everyone looked somewhere else.",
    "And since they were all together already, more was said.",
    "A door banged, and for a moment they all forgot what they had been saying.",
)

CLOSINGS = (
    "Nobody slept much that night.",
    "No one spoke of it at breakfast.",
    "Long afterwards they would remember the silence that followed.",
    "Somewhere a dog barked twice, and then it was still.",
    "The candle was put out early.",
    "“And now?” somebody asked. Nobody knew.",
    "That was how the day ended, with more said than was wise.",
    "There was soup, at least, and they ate it without a word.",
    "In the dark somebody laughed, and it was not a happy laugh.",
    "The rest was washing up, and counting who had looked at whom.",
    "If anybody had listened at the door, it would have been worth the cold feet.",
    "It was a small matter, one might have thought. It was not.",
    "Outside, the stars were very clear.",
    "The last to leave forgot to shut the door.",
    "Crumbs and questions were left on the table.",
    "On the way home nobody walked beside anybody.",
    "They all wished each other a good night, and some of them meant it.",
    "By morning everyone knew of it, and had known it all along.",
    "“Tomorrow,” somebody said, as if that settled anything.",
)

PRESENT = (
    (
        "{names} was there already, with both elbows on the table.",
        "{names} had come early, and had the best chair.",
        "{names} had got there first.",
        "{names} was there, and had been for some time.",
    ),
    (
        "{names} were there already.",
        "{names} sat round the table and talked about nothing in particular.",
        "{names} had come in for something to eat.",
        "{names} were sharing what was left of a pie.",
        "{names} looked up at every step outside.",
    ),
    (
        "{names} were in the same room and took care not to look at each other.",
        "{names} sat as far from each other as the walls allowed.",
        "{names} were both there, and both of them talked only to the stove.",
    ),
)

PHRASES = Phrases(
    language="en",
    events=EVENTS,
    recaps=RECAPS,
    titles=TITLES,
    questions=QUESTIONS,
    openings=OPENINGS,
    times=TIMES,
    bridges=BRIDGES,
    closings=CLOSINGS,
    present=PRESENT,
    person="{A}, {role}, lives at {P}.",
    owner="{A}, {role}, lives at {P} and has {O}.",
    pronouns=(
        {"he": "he", "him": "him", "his": "his", "He": "He", "His": "His", "Himself": "Himself"},
        {"he": "she", "him": "her", "his": "her", "He": "She", "His": "Her", "Himself": "Herself"},
    ),
    comma=", ",
    last=" and ",
    end="And that, more or less, was that. What was still owed, promised or not forgiven had to wait for another year.",
    opening="{time} {weather}. {where}",
    first="It began on a day like any other;",
    recap="At {here}: ",
    stop=(", and ", "."),
    space=" ",
    length=(120, 200),
)
