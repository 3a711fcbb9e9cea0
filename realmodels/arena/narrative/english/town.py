"""A hill town whose houses are being bought by somebody whom nobody has seen."""

from realmodels.arena.narrative.words import Genre, Person, Place

PEOPLE = (
    Person(
        "a seamstress",
        True,
        (
            "{A} had pins between her lips, which did not keep her from talking.",
            "{A} looked at people's hems first and at their faces afterwards.",
            "“Everything can be let out,” said {A}, “except a lie.”",
        ),
    ),
    Person(
        "the piano tuner",
        False,
        (
            "{A} winced when the spoons fell, since they fell in two different keys.",
            "{A} tapped his glass and said that it was a little flat.",
            "“Listen,” said {A}, and they listened, and nobody heard anything but him.",
        ),
    ),
    Person(
        "a retired judge",
        False,
        (
            "{A} let everyone finish, as he had once done for a living, and then he looked at the ceiling.",
            "“That is hearsay,” said {A}. “Go on.”",
            "{A} had brought his own cushion and sat on it like a sentence.",
        ),
    ),
    Person(
        "the midwife",
        True,
        (
            "{A} had known all of them when they were small, red and loud, and now and then she reminded them of it.",
            "{A} warmed her hands before she gave them to anyone.",
            "“Breathe,” said {A}, when somebody talked too fast.",
        ),
    ),
    Person(
        "a travelling photographer",
        False,
        (
            "{A} held up two fingers of each hand and looked at the company through them.",
            "{A} had lost his left eyebrow to the flash powder, and it gave him a doubtful look.",
            "“Do not move,” said {A}. It was only a habit, but everyone stopped moving.",
        ),
    ),
    Person(
        "the postmistress",
        True,
        (
            "{A} knew more than she said, and she said a good deal.",
            "“I never read other people's letters,” said {A}. “One feels it through the envelope.”",
            "{A} licked her thumb and counted off her news as if it were stamps.",
        ),
    ),
    Person(
        "a beekeeper",
        False,
        (
            "{A} spoke slowly and never waved his arms. Bees teach one that.",
            "{A} had brought honey, as he always did instead of an answer.",
            "“They are restless too,” said {A}. He meant the bees.",
        ),
    ),
    Person(
        "the town's only actress",
        True,
        (
            "{A} came to the end of her sentence and waited for the applause. There was a cough.",
            "{A} could cry with one eye, and showed it to the children if they asked.",
            "“I played this once,” said {A}. “In the third act they were all dead.”",
        ),
    ),
    Person(
        "the surveyor's daughter",
        True,
        (
            "{A} had paced out the room while the others talked. It was a foot too short.",
            "{A} drew a line in the crumbs with her finger and looked along it.",
            "“That depends on where you stand,” said {A}, and she meant it exactly.",
        ),
    ),
)

PLACES = (
    Place(
        ("the Golden Plough", "the Lame Fox", "the Seven Sleepers"),
        (
            "At {here} the landlord had watered the wine and was generous with it.",
            "A fly walked round the rim of the lamp at {here}, and three people followed it with their eyes.",
            "It was noisy at {here} until somebody shut the door to the kitchen.",
            "The bench by the stove at {here} was taken, and so was the other one.",
        ),
    ),
    Place(
        ("the upper mill", "the oil mill", "the paper mill"),
        (
            "At {here} one had to speak between two turns of the wheel.",
            "White dust lay on everything at {here}, even on the cat, which had once been black.",
            "The wheel at {here} had been stopped, and the silence was almost a noise.",
            "The floor trembled at {here}, and the cups walked slowly to the edge of the table.",
        ),
    ),
    Place(
        ("the old school", "the music school", "the reading room"),
        (
            "At {here} they sat on benches made for children, with their knees against their chins.",
            "The blackboard at {here} still said: Be honest. Somebody had added a question mark.",
            "{here} smelled of chalk and wet coats.",
            "Maps of countries that no longer existed hung on the walls of {here}.",
        ),
    ),
    Place(
        ("the bathhouse", "the dye house", "the laundry"),
        (
            "Steam hung under the ceiling of {here}, and voices came out of it before faces did.",
            "The pipes at {here} knocked like somebody who wants to be let in.",
            "At {here} the tiles were warm, and people stayed longer than they had meant to.",
            "Sheets were drying all over {here}, and one talked round them.",
        ),
    ),
    Place(
        ("the tower house", "the clock house", "the watchman's house"),
        (
            "From the kitchen of {here} one could see every roof in town and most of its quarrels.",
            "The rooms of {here} lay one above the other, and everything that was dropped arrived at the bottom.",
            "Swifts nested under the eaves of {here} and shrieked past the window.",
            "At {here} the wind moved the pictures on the walls.",
        ),
    ),
    Place(
        ("Quince Court", "Lantern Court", "Saddlers' Court"),
        (
            "Somebody had hung washing across {here}, and it dripped on the conversation.",
            "They sat on the outside stairs at {here}, each on a step of their own.",
            "An old vine held {here} together, or so the tenants said.",
            "At {here} every window was open, and behind each of them somebody was suddenly very quiet.",
        ),
    ),
    Place(
        ("the station hotel", "the Hotel Bristol", "the Hotel Miramar"),
        (
            "There was no view to speak of at {here}, but there were eleven mirrors.",
            "The palms in the hall of {here} were dead and were dusted every day.",
            "At {here} the porter bowed to everyone, since it cost nothing.",
            "The only guest at {here} had left his shoes outside his door and not been seen since.",
        ),
    ),
)

TOWN = Genre(
    titles=("Who Is Buying {town}?", "The Stranger's Money", "The Year the Clock Stopped in {town}"),
    premise=(
        "{town}, a small town on a hill, in the days of oil lamps. The clock on the town hall has stopped, and there is no "
        "money to mend it. Since spring somebody has been buying one house after another through a lawyer, {lawyer}, and "
        "nobody knows who. These are the people who talk about it."
    ),
    extras={
        "town": ("Ostermark", "Vallombre", "Thornbury Hill", "Santa Brigida"),
        "lawyer": ("Doctor Quill", "Doctor Pommer", "Doctor Nightingale"),
        "buyer": ("Agatha Rook", "Wilhelmina Stroud", "Rosamund Teague"),
    },
    men=("Anton", "Bruno", "Cyril", "Edmund", "Fabian", "Gideon", "Hugo", "Ignaz", "Julius", "Konrad", "Linus", "Oskar"),
    women=(
        "Amalia",
        "Berta",
        "Cosima",
        "Emmeline",
        "Frieda",
        "Henrike",
        "Irena",
        "Judith",
        "Klara",
        "Ludmila",
        "Paulina",
        "Zenobia",
    ),
    people=PEOPLE,
    places=PLACES,
    objects=(
        "the iron key",
        "the silver watch",
        "the opera glass",
        "the paper rose",
        "the old coin",
        "the tuning fork",
        "the red notebook",
        "the garnet brooch",
        "the glass eye",
        "the lottery ticket",
    ),
    tasks=(
        ("whitewash the graveyard wall", "whitewashed the graveyard wall"),
        ("repair the organ bellows", "repaired the organ bellows"),
        ("write the mayor's speech", "written the mayor's speech"),
        ("plant lime trees along the market", "planted lime trees along the market"),
        ("find the lost parish register", "found the lost parish register"),
        ("sew the costumes for the pageant", "sewn the costumes for the pageant"),
        ("catch the fox that eats the hens", "caught the fox that eats the hens"),
        ("teach the baker's boy to read", "taught the baker's boy to read"),
        ("unblock the fountain", "unblocked the fountain"),
        ("sell the brass band's old tuba", "sold the brass band's old tuba"),
        ("mend the footbridge", "mended the footbridge"),
        ("fetch the doctor's trunk from the border", "fetched the doctor's trunk from the border"),
    ),
    weather=(
        "the air was so heavy that even the flies walked",
        "a thunderstorm washed the gravel down to the market",
        "chestnuts fell on the roofs and on the cats",
        "it drizzled, and everyone said that the gardens needed it",
        "the wind turned and brought the smell of the tannery",
        "the swallows gathered on the gutters",
        "a warm rain fell, and the snails came out in hundreds",
        "the air was so clear that one could count the sheep on the far hill",
        "mist filled the valley, and the town lay on it like a ship",
        "the dust was so thick that the shutters stayed closed",
        "apples were brought in by the cartload",
        "it was windy, and hats were seen rolling through the streets",
    ),
    small=(
        "Somebody told the story of the cow on the church roof, which grew by one cow every year.",
        "Out of habit they all looked up at the stopped clock, and then asked each other for the time.",
        "A plum cake was cut into so many pieces that it became a matter of principle.",
        "A dog was asleep in the doorway, and everyone stepped over it with respect.",
        "The brass band was practising somewhere, and the tuba was late.",
        "Next door a couple was arguing about a ladder.",
        "Somebody had brought walnuts, and for some minutes there was nothing but cracking.",
        "A boy delivered a parcel to the wrong person, and it was opened anyway. It was socks.",
        "The lamp went out, and while it was being lit again nobody said what they were thinking.",
        "A hen had got in and was walking about under the table like a tax inspector.",
    ),
    beats=(
        "They counted on their fingers what had been sold. “Nine houses since Easter,” said {A}, “and all of them through "
        "{lawyer}.” “And not one curtain hung,” said {B}.",
        "The chemist had sold, too. He had got twice what the house was worth, and now he could not sleep. “Nobody pays double "
        "for nothing,” said {A}. “Somebody just did,” said {B}.",
        "Men with striped poles had been seen on the slope below {town}. They measured all day, and in the inn they drank "
        "milk. {A} held them for engineers. “Or poets,” said {B}.",
        "Then a word began to go round: railway. If a line came through the hill, the houses would be worth ten times as much. "
        "{A} said it in a whisper, and {B} shut the window.",
        "The mayor climbed on a chair in the market and swore that he knew nothing of a railway. He had never been asked. {A} "
        "and {B} had watched his hands, and his hands had been shaking.",
        "{lawyer} was invited to dinner and given four kinds of brandy. All that he let out was that his client had been born "
        "in {town}, in the poorhouse, and had a long memory. {A} looked at {B}, and both of them began to go through the poor "
        "of their childhood.",
        "The parish books gave one name that fitted: {buyer}, left on the steps as a child, sent away at twelve for stealing a "
        "loaf. “We threw stones,” said {A}. {B} said: “I remember the loaf. I had eaten it myself.”",
        "Now everyone was afraid. If {buyer} owned the houses, she could tear them down. {A} was for writing a letter. {B} "
        "asked what in heaven's name one should put in it.",
        "They wrote it all the same. It took eleven drafts, and in the end there was only one sentence left: We are sorry "
        "about the loaf. {A} signed, {B} signed, and by the end of the week there were two hundred names under it.",
        "No answer came. But somebody had oiled the gears of the stopped clock, and a new rope hung from the bell. The "
        "watchman had been told to ask no questions. {A} thought that it was a good sign. {B} had stopped believing in signs.",
        "A plan of the railway hung in the town hall, and the line ran through the other valley, as it always had. So the "
        "houses were worth nothing. “Then why did she buy them?” asked {A}. “Perhaps she wanted to live here,” said {B}.",
        "On market day an old lady in grey got out of the mail coach: {buyer}. She looked up at the clock, and it struck. She "
        "would let all the houses to those who lived in them, she said, for a loaf of bread a year. {A} cried, and {B} ran to "
        "the baker.",
    ),
)
