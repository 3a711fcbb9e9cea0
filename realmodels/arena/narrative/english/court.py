"""A small duchy whose duke has not been seen for weeks."""

from realmodels.arena.narrative.words import Genre, Person, Place

PEOPLE = (
    Person(
        "the chancellor's secretary",
        False,
        (
            "{A} had ink on three fingers and news on his face, and shared neither.",
            "“I never said that,” said {A}. “I merely wrote it down.”",
            "{A} folded a scrap of paper smaller and smaller until it would not fold any more.",
        ),
    ),
    Person(
        "a lady in waiting",
        True,
        (
            "{A} smiled at everyone for exactly as long as was proper.",
            "{A} had embroidered the same swan for two years. At night, it was said, she took the stitches out again.",
            "“At court one is never bored,” said {A}, “only very tired.”",
        ),
    ),
    Person(
        "the fencing master",
        False,
        (
            "{A} stood as he always stood, with his weight on the back foot.",
            "{A} caught a falling spoon without looking at it and laid it down again.",
            "“Never watch the blade,” said {A}. “Watch the knees.” He was watching somebody's knees.",
        ),
    ),
    Person(
        "the court physician",
        True,
        (
            "{A} felt her own pulse now and then, and seemed satisfied.",
            "{A} said that vinegar would help, as she said of every trouble.",
            "“I have seen the inside of them all,” said {A}. “There is not much in it.”",
        ),
    ),
    Person(
        "a gardener",
        False,
        (
            "{A} took a snail out of his hat and put it carefully on the window sill.",
            "{A} did not speak until he had thought, and so he was often left out.",
            "“Everything wants cutting back,” said {A}, and it was not clear that he meant the roses.",
        ),
    ),
    Person(
        "a court painter",
        True,
        (
            "{A} narrowed one eye at the company as though it hung crooked.",
            "{A} was drawing on the tablecloth, and it was too good to be scolded for.",
            "“I can make anyone handsome,” said {A}. “It costs extra.”",
        ),
    ),
    Person(
        "the duchy's treasurer",
        False,
        (
            "{A} counted the candles in the room, and then, with a sigh, he counted them again.",
            "{A} turned his cuffs back so as not to wear them out.",
            "“It can be done,” said {A}, “but who pays?” It was how he greeted people.",
        ),
    ),
    Person(
        "a singer from the south",
        True,
        (
            "{A} cleared her throat, and the whole room waited; but she only wanted water.",
            "{A} wore a shawl over two other shawls and complained of the north.",
            "“In my country this would be a comedy,” said {A}.",
        ),
    ),
    Person(
        "a royal messenger",
        True,
        (
            "{A} never sat down entirely; one foot was always ready for the stairs.",
            "{A} had learned every letter that she carried by heart and forgotten it again, as the oath demands.",
            "“Good news rides slowly,” said {A}. “That is why you pay me for the other kind.”",
        ),
    ),
)

PLACES = (
    Place(
        ("the hunting lodge", "the boar house", "the stag lodge"),
        (
            "At {here} the antlers hung so low that hats were forever being lost to them.",
            "The dogs lay in front of the fire at {here} and did not make room for anyone below a count.",
            "{here} had been built for forty guests and a cook, and now there was not even the cook.",
            "They sat in the kitchen of {here}, since the hall could not be heated.",
        ),
    ),
    Place(
        ("the abbey guesthouse", "the convent guesthouse", "the almshouse"),
        (
            "At {here} one spoke softly, and so one heard everything.",
            "A nun had put soup on the table at {here} and gone out without a word.",
            "The beds at {here} were narrow, the blankets grey and the wine surprisingly good.",
            "Bells cut every conversation at {here} into quarters of an hour.",
        ),
    ),
    Place(
        ("the gatehouse", "the bridge tower", "the water gate"),
        (
            "From {here} one saw who entered the city, and, what mattered more, who left it.",
            "The guards at {here} played cards and let the world pass.",
            "The stair of {here} was so narrow that enemies had to be polite on it.",
            "Pigeons had moved into the upper floor of {here}, and they cooed like counsellors.",
        ),
    ),
    Place(
        ("the old mint", "the assay house", "the counting house"),
        (
            "Nothing had been struck at {here} for a year; but the hammers still hung in their row.",
            "At {here} every door had three locks, and somebody had left all of them open.",
            "Dust lay on the scales at {here}, and nobody could have said how much it weighed.",
            "The windows of {here} were barred, which kept the draught neither in nor out.",
        ),
    ),
    Place(
        ("the orangery", "the winter garden", "the palm house"),
        (
            "It was warm at {here}, and the lemon trees stood about like well-bred guests.",
            "Water dripped from the glass roof of {here}, always on the one who was speaking.",
            "At {here} somebody had set a table among the ferns.",
            "A parrot lived at {here}. It had belonged to a bishop and swore in Latin.",
        ),
    ),
    Place(
        ("the archive", "the map room", "the library wing"),
        (
            "The shelves of {here} went up into the dark, and the ladders did not go all the way.",
            "At {here} no fire was allowed, and so everybody wore gloves.",
            "{here} was so quiet that one could hear the bookworms, or believed one could.",
            "A globe stood at {here} on which the duchy had been enlarged in red ink.",
        ),
    ),
    Place(
        ("the falconer's house", "the riding school", "the kennel house"),
        (
            "{here} smelled of leather and straw, and silk did not last long there.",
            "At {here} they sat on saddles for want of chairs.",
            "The lamps at {here} had been turned low because of the animals.",
            "A groom looked in at {here}, saw who was there and decided to see nothing.",
        ),
    ),
)

COURT = Genre(
    titles=("The Empty Bed of {duke}", "Forty Days without {duke}", "The Absence of {duke}"),
    premise=(
        "A small duchy between two large kingdoms. {duke} has taken to his bed, and for forty days nobody but a council of "
        "three has seen him. Orders still come out of his chamber, signed and sealed. These are the people who live by his "
        "favour."
    ),
    extras={
        "duke": ("Duke Anselm", "Duke Rupert", "Duke Lothar", "Duke Benedict"),
        "village": ("Hollin", "Quern", "Saltmarsh", "Underhay"),
        "minister": ("Count Varga", "Count Ebersol", "Count Malory"),
    },
    men=(
        "Ambrose",
        "Corvin",
        "Dietmar",
        "Emeric",
        "Florian",
        "Gaspard",
        "Hadrian",
        "Ulric",
        "Jasper",
        "Leander",
        "Matthias",
        "Roland",
    ),
    women=(
        "Adela",
        "Beatrix",
        "Clemence",
        "Drusilla",
        "Eugenia",
        "Fiammetta",
        "Griselda",
        "Honora",
        "Isaura",
        "Leocadia",
        "Mirabel",
        "Sibyl",
    ),
    people=PEOPLE,
    places=PLACES,
    objects=(
        "the signet ring",
        "the ivory fan",
        "the pearl earring",
        "the gold snuffbox",
        "the velvet mask",
        "the silver thimble",
        "the jade chess queen",
        "the enamel locket",
        "the small dagger",
        "the prayer book",
    ),
    tasks=(
        ("restore the torn tapestry", "restored the torn tapestry"),
        ("find a tutor for the pages", "found a tutor for the pages"),
        ("translate the Spanish treaty", "translated the Spanish treaty"),
        ("tune the great harpsichord", "tuned the great harpsichord"),
        ("free the poacher's son", "freed the poacher's son"),
        ("drain the carp pond", "drained the carp pond"),
        ("burn the forged letters", "burned the forged letters"),
        ("write a masque for the wedding", "written a masque for the wedding"),
        ("reckon up the salt tax", "reckoned up the salt tax"),
        ("break in the grey mare", "broken in the grey mare"),
        ("reconcile the two bishops", "reconciled the two bishops"),
        ("catch the ghost in the east stair", "caught the ghost in the east stair"),
    ),
    weather=(
        "snow fell on the roofs of the palace",
        "it rained on the just and on the council alike",
        "the river rose to the third step",
        "a mild wind came over the mountains and gave everyone a headache",
        "the peacocks screamed in the park, which meant frost",
        "the fog hid the palace up to the second floor",
        "the sun came out, and the court did not trust it",
        "a storm shook the weathercock on the chapel",
        "the streets were so muddy that even counts went on foot",
        "ice flowers grew on the windows",
        "the thaw came, and every gutter talked",
        "it was so cold that the sentries were relieved every hour",
    ),
    small=(
        "Somebody had put salt into the sugar bowl, and everyone was too polite to mention it.",
        "Behind the panelling something ran, stopped, and ran on.",
        "A page came in with a tray, listened, and was sent out again.",
        "The candles smoked, and a moth was courting the largest of them.",
        "In the next room somebody practised the flute and stopped each time at the same bar.",
        "A glove lay on the floor. Nobody owned to it, and nobody picked it up.",
        "The chocolate had gone cold, but it was chocolate, and they drank it.",
        "A portrait of the old duke hung above them, and it looked as if it had expected better.",
        "Outside, a coach drove up, waited, and drove off again.",
        "A bored dwarf greyhound went from knee to knee and found them all wanting.",
    ),
    beats=(
        "They spoke of {duke}, in low voices. “Forty days in bed,” said {A}. “Nobody is as ill as that.” “Or nobody is as "
        "well,” said {B}.",
        "A new order had come out of the duke's chamber: all clocks in the palace were to be stopped during meals. {A} knew "
        "the hand. “It is signed by him,” said {B}, “but would he have put two commas?”",
        "The kitchen sent up six dishes to {duke} every day, and six empty dishes came down. But {A} had noticed that "
        "{minister}, of the council of three, was growing fat. {B} begged {A} not to say it so loudly.",
        "The king's envoy had asked to see {duke} and had been shown a curtain. Behind it somebody coughed. “He never coughed "
        "like that,” said {A}. “That was a cough of the lower nobility,” said {B}.",
        "A chambermaid had been dismissed with a year's wages. Before she left she told {A} what she had seen: a bed without a "
        "crease in it. {A} told {B}, and after that they both spoke of the weather for a while.",
        "From the village of {village} came a strange tale. A bearded man had hired himself out to the bell founder there, was "
        "clumsy, paid for everything he broke, and was called Your Grace by his own horse, as the children said. {A} laughed. "
        "{B} did not.",
        "{minister} raised the tax on windows in the duke's name. By evening half the city was bricked up. “Somebody ought to "
        "tell the duke,” said {A}. “Somebody ought to find him first,” said {B}.",
        "A parcel without a sender had been left for the whole court. In it was a small bronze bell, badly cast, with the arms "
        "of {duke} upside down. {A} struck it. “That,” said {B}, “is a man who is learning something.”",
        "The council of three had become a council of two. One of them had fled with his silver, and {minister} said that he "
        "had been sent abroad for his health. {A} and {B} agreed that it was the healthiest thing he had ever done.",
        "Three of them had ridden to {village} in old clothes. They had found the bearded man at the furnace, and he had asked "
        "them, without turning round, to work the bellows. “It is him,” said {A}. “And he is happy,” said {B}. “That makes it "
        "difficult.”",
        "{minister} announced that {duke} would give up the throne in his favour. He had it in writing, with two commas. “Then "
        "it is tomorrow or never,” said {A}, and {B} had already sent for horses.",
        "And then {duke} came home, on foot, with burnt hands. He walked into the council, laid a bell on the table, a good "
        "one this time, and rang for {minister} to be taken away. “Forgive me,” he said to {A} and {B}. “I had to make one "
        "thing myself.”",
    ),
)
